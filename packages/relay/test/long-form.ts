const LONG = process.env.UDP_RELAY_LONG === "1";

/** How often, or how long: what fits into `npm test`, and the full figure of THREATS with UDP_RELAY_LONG=1. */
export function times<T = number>(short: T, full: T): T {
  return LONG ? full : short;
}

/** A test's limit, milliseconds. */
export const LONG_MS: number = times(30_000, 300_000);

import { AddressError } from "./address-validation-error.ts";
import { scanDecimal } from "./address-text.ts";
import { isPort } from "./endpoint.ts";

/** Ports by number or as inclusive ranges: `[53, "5000-5999"]`. A denied port is refused even if it is allowed. */
export interface PortRules {
  /** When given, all other ports are refused. */
  readonly allow?: readonly (number | string)[] | undefined;
  readonly deny?: readonly (number | string)[] | undefined;
}

/**
 * One bit a port, set where it is accepted: 8 KiB. Port 0 never is, because nothing can be sent to it.
 *
 * @throws AddressError ERR_ADDRESS_POLICY for anything but an integer of 0..65535 or a range of two
 */
export function acceptedPorts(rules: readonly PortRules[]): Int32Array<ArrayBuffer> {
  const accepted = new Int32Array(2048).fill(-1);
  const refused = portSet([0, ...rules.flatMap(({ deny }) => deny ?? [])]);
  for (const { allow } of rules) {
    const allowed = allow === undefined ? undefined : portSet(allow);
    for (let word = 0; word < accepted.length; word++) {
      accepted[word]! &= allowed === undefined ? -1 : allowed[word]!;
    }
  }
  for (let word = 0; word < accepted.length; word++) accepted[word]! &= ~refused[word]!;
  return accepted;
}

/** Whether the bit of a port is set; false for what is no port. */
export function hasPort(ports: Int32Array<ArrayBuffer>, port: number): boolean {
  return ((ports[port >>> 5]! >>> (port & 31)) & 1) !== 0;
}

function portSet(items: readonly (number | string)[]): Int32Array<ArrayBuffer> {
  const ports = new Int32Array(2048);
  for (const item of items) {
    const [first, last] = rangeOf(item);
    for (let port = first; port <= last; port++) ports[port >>> 5]! |= 1 << (port & 31);
  }
  return ports;
}

function rangeOf(item: number | string): [number, number] {
  if (typeof item === "number") {
    if (isPort(item)) return [item, item];
  } else {
    const dash = item.indexOf("-");
    const first = scanDecimal(item, 0, dash < 0 ? item.length : dash, 0xffff);
    const last = dash < 0 ? first : scanDecimal(item, dash + 1, item.length, 0xffff);
    if (first >= 0 && last >= first) return [first, last];
  }
  throw new AddressError(
    "ERR_ADDRESS_POLICY",
    `${JSON.stringify(item)} is neither a port nor a range like "5000-5999"`,
  );
}

import { ClockError } from "@udp-relay/clock";

/** The code of the ClockError that `call` throws; anything else it throws is thrown on. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof ClockError) return error.code;
    throw error;
  }
  return undefined;
}

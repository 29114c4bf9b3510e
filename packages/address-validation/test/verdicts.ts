import { AddressError, parseEndpoint, reasonName } from "../src/index.ts";
import type { AddressPolicy } from "../src/index.ts";

/** Name of the verdict on an endpoint in text. */
export const reasonOf = (policy: AddressPolicy, text: string): string =>
  reasonName(policy.judge(parseEndpoint(text)));

/** Code of what the action throws, "accepted" if it throws nothing. */
export const codeOf = (action: () => unknown): string => {
  try {
    action();
    return "accepted";
  } catch (error) {
    return error instanceof AddressError ? error.code : String(error);
  }
};

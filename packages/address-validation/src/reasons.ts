import { addressClasses } from "./address-blocks.generated.ts";
import type { AddressClass } from "./address-blocks.generated.ts";

/** Why an endpoint is refused, apart from the class of its address. */
export type RuleReason =
  "malformed" | "port-zero" | "port-denied" | "denied-prefix" | "unlisted" | "own-endpoint" | "peer-relay";

/** Name of a verdict. `embedded-…` says it of the IPv4 address inside an IPv6 address. */
export type ReasonName = "accepted" | RuleReason | AddressClass | `embedded-${RuleReason | AddressClass}`;

/** Number of verdict codes: `new Uint32Array(REASON_CODES)` has a counter for each. */
export const REASON_CODES = 128;

/** Added to a code when it is the embedded IPv4 address that is refused. */
export const EMBEDDED = 64;

const rules: readonly (RuleReason | "accepted")[] = [
  "accepted",
  "malformed",
  "port-zero",
  "port-denied",
  "denied-prefix",
  "unlisted",
  "own-endpoint",
  "peer-relay",
];

/** Codes below 16 are rules, 16 and above classes, in the order of `addressClasses`. */
const FIRST_CLASS = 16;

/**
 * Name of a verdict code, for metrics and logs: at most 128 names, none of which depends on an address.
 *
 * @returns `unknown` for a number that is no code
 */
export function reasonName(code: number): ReasonName | "unknown" {
  const base = code & ~EMBEDDED;
  if (code !== base && (base === 0 || code !== base + EMBEDDED)) return "unknown";
  const name = base < FIRST_CLASS ? rules[base] : addressClasses[base - FIRST_CLASS];
  if (name === undefined) return "unknown";
  return base === code ? name : `embedded-${name as RuleReason | AddressClass}`;
}

/** Code of a verdict's name; the inverse of `reasonName`. */
export function reasonCode(name: ReasonName): number {
  const embedded = name.startsWith("embedded-");
  const base = embedded ? name.slice("embedded-".length) : name;
  const rule = rules.indexOf(base as RuleReason);
  const code = rule >= 0 ? rule : FIRST_CLASS + addressClasses.indexOf(base as AddressClass);
  return embedded ? code + EMBEDDED : code;
}

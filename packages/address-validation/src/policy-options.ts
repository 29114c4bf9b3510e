import { AddressError } from "./address-validation-error.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PresetName } from "./policy-presets.ts";
import type { PortRules } from "./port-rules.ts";

/** What a policy accepts beyond, and refuses before, its preset. */
export interface AddressPolicyOptions {
  /** Default `public-only`. */
  readonly preset?: PresetName | undefined;
  /** Prefixes to accept. Of all allow and deny prefixes around an address the longest decides. */
  readonly allow?: readonly string[] | undefined;
  /** Prefixes to refuse. */
  readonly deny?: readonly string[] | undefined;
  /** What holds where no allow or deny prefix is: the preset (the default), or refusal. */
  readonly unlisted?: "preset" | "deny" | undefined;
  /** Ports to accept and to refuse, in addition to the preset's. */
  readonly ports?: PortRules | undefined;
  /** Addresses of this host, `1.2.3.4` for all ports or `1.2.3.4:50001` for one: a relay must not talk to itself. */
  readonly own?: readonly (string | Endpoint)[] | undefined;
  /** Other relays, in the same form: two relays that are each other's clients forward one packet for ever. */
  readonly peerRelays?: readonly (string | Endpoint)[] | undefined;
  /** Prefixes of NAT64 translators besides the well-known ones (RFC 6052), of 32, 40, 48, 56, 64 or 96 bits. */
  readonly nat64Prefixes?: readonly string[] | undefined;
}

const LISTS = ["allow", "deny", "own", "peerRelays", "nat64Prefixes"] as const;
const NAMES: readonly string[] = [...LISTS, "preset", "unlisted", "ports"];

/**
 * Refuses what the types would: a rule that is misspelt, or not in the form that is read, would silently let in what it
 * was meant to keep out.
 *
 * @throws AddressError ERR_ADDRESS_POLICY
 */
export function requirePolicyOptions(options: AddressPolicyOptions): void {
  requireNames("policy", options, NAMES);
  for (const name of LISTS) requireList(name, options[name]);
  const { unlisted, ports } = options;
  if (unlisted !== undefined && !["preset", "deny"].includes(unlisted))
    refuse(`unlisted is "preset" or "deny", not ${JSON.stringify(unlisted)}`);
  if (ports === undefined) return;
  requireNames("ports", ports, ["allow", "deny"]);
  requireList("ports.allow", ports.allow);
  requireList("ports.deny", ports.deny);
}

function requireNames(what: string, given: object, names: readonly string[]): void {
  if (typeof given !== "object" || (given as unknown) === null || Array.isArray(given))
    refuse(`${what} is an object of ${names.join(", ")}, not ${JSON.stringify(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !names.includes(name))
      refuse(`${what} has no rule ${JSON.stringify(name)}: ${names.join(", ")}`);
  }
}

function requireList(name: string, given: unknown): void {
  if (given !== undefined && !Array.isArray(given))
    refuse(`${name} is a list such as [${JSON.stringify(given)}], not ${JSON.stringify(given)}`);
}

function refuse(message: string): never {
  throw new AddressError("ERR_ADDRESS_POLICY", message);
}

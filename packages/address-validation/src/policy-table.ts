import { AddressError } from "./address-validation-error.ts";
import { blockPrefixes } from "./address-blocks.ts";
import type { AddressBlock } from "./address-blocks.ts";
import { embeddingPrefixes } from "./embedded-ipv4.ts";
import { isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatAddress } from "./format-endpoint.ts";
import { comparePrefixes, formatPrefix, parsePrefix, prefixContains } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";
import { PrefixTrie } from "./prefix-trie.ts";
import type { PrefixEntry } from "./prefix-trie.ts";
import { reasonCode } from "./reasons.ts";

/** What a policy says of addresses, before it is compiled. */
export interface PolicyRules {
  accepts(block: AddressBlock | undefined): boolean;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly unlisted: "preset" | "deny";
  readonly own: readonly Endpoint[];
  readonly peerRelays: readonly Endpoint[];
  readonly nat64Prefixes: readonly string[];
}

/**
 * All rules of a policy on addresses as one longest-prefix table. A cell, 0 for an address that is simply accepted:
 *
 *      bits 0..6    verdict of the address, 0 or a reason code
 *      bits 7..10   code of the embedded IPv4 address to judge as well, 0 for none
 *      bits 11..24  number of the endpoint rules of exactly this address, 0 for none
 */
export interface PolicyTable {
  readonly trie: PrefixTrie;
  /** Verdicts of single endpoints, by (number of the endpoint rules * 65536 + port). */
  readonly endpoints: ReadonlyMap<number, number>;
}

export const VERDICT_MASK = 127;
export const EMBEDDING_SHIFT = 7;
export const EMBEDDING_MASK = 15;
export const ENDPOINT_SHIFT = 11;

/** Keys of `endpoints` then stay below 2^30, small integers to every engine: a look-up allocates nothing. */
const MAXIMUM_HOSTS = 16_383;

/** What holds at one prefix: the closest rule of each kind around it. */
interface State {
  /** Verdict of the closest allow or deny prefix, undefined for none. */
  readonly listed: number | undefined;
  readonly listedBits: number;
  readonly preset: number;
  readonly presetBits: number;
  readonly embedding: number;
  /** Verdict of an own or peer address for all its ports. */
  readonly host: number;
  readonly endpoints: number;
}

interface Change extends Prefix {
  readonly change: Partial<State>;
}

/** @throws AddressError ERR_ADDRESS_PREFIX, ERR_ADDRESS_POLICY */
export function compilePolicy(rules: PolicyRules): PolicyTable {
  const endpoints = new Map<number, number>();
  const changes = [...presetChanges(rules), ...listChanges(rules), ...endpointChanges(rules, endpoints)];
  for (const { address, bits, code } of embeddingPrefixes(rules.nat64Prefixes)) {
    changes.push({ address, bits, change: { embedding: code } });
  }
  const outside = rules.accepts(undefined) ? 0 : reasonCode("global");
  const root = {
    listed: undefined,
    listedBits: 0,
    preset: outside,
    presetBits: 0,
    embedding: 0,
    host: 0,
    endpoints: 0,
  };
  // Apart, because a short IPv6 prefix encloses the mapped words and yet says nothing of IPv4.
  const families = [changes.filter(isOfIPv4), changes.filter((change) => !isOfIPv4(change))];
  const entries = families.flatMap((family) => flatten(family, root, rules));
  return { trie: new PrefixTrie(entries, cellOf(root, rules)), endpoints };
}

/** Visits the prefixes of one family outside in, each with the state of the closest one around it. */
function flatten(changes: readonly Change[], root: State, rules: PolicyRules): PrefixEntry[] {
  const sorted = [...changes].sort(comparePrefixes);
  const around: (Prefix & { readonly state: State })[] = [];
  const entries: PrefixEntry[] = [];
  for (const { address, bits, change } of sorted) {
    while (around.length > 0 && !encloses(around.at(-1)!, { address, bits })) around.pop();
    const state = { ...(around.at(-1)?.state ?? root), ...change };
    around.push({ address, bits, state });
    entries.push({ address, bits, value: cellOf(state, rules) });
  }
  return entries;
}

function isOfIPv4({ address }: Prefix): boolean {
  return isIPv4(address);
}

function encloses(outer: Prefix, inner: Prefix): boolean {
  return outer.bits <= inner.bits && prefixContains(outer, inner.address);
}

function cellOf(state: State, rules: PolicyRules): number {
  return verdictOf(state, rules) | (state.embedding << EMBEDDING_SHIFT) | (state.endpoints << ENDPOINT_SHIFT);
}

/**
 * The closest allow or deny prefix decides; an allow opens a block that the preset refuses only when it is at least
 * as close as the block, so that allowing 0.0.0.0/0 does not let 127.0.0.1 in.
 */
function verdictOf(state: State, rules: PolicyRules): number {
  if (state.host !== 0) return state.host;
  if (state.listed === undefined) {
    return state.preset === 0 && rules.unlisted === "deny" ? reasonCode("unlisted") : state.preset;
  }
  return state.listed === 0 && state.presetBits > state.listedBits ? state.preset : state.listed;
}

function presetChanges(rules: PolicyRules): Change[] {
  return blockPrefixes().map(({ address, bits, block }) => ({
    address,
    bits,
    change: { preset: rules.accepts(block) ? 0 : reasonCode(block.addressClass), presetBits: bits },
  }));
}

function listChanges(rules: PolicyRules): Change[] {
  const change = (text: string, listed: number): Change => {
    const { address, bits } = parsePrefix(text);
    return { address, bits, change: { listed, listedBits: bits } };
  };
  const allowed = rules.allow.map((text) => change(text, 0));
  const denied = rules.deny.map((text) => change(text, reasonCode("denied-prefix")));
  const allowedTexts = new Set(allowed.map(formatPrefix));
  for (const prefix of denied) {
    const text = formatPrefix(prefix);
    if (allowedTexts.has(text))
      throw new AddressError("ERR_ADDRESS_POLICY", `${text} is both allowed and denied`);
  }
  return [...allowed, ...denied];
}

/** Own and peer-relay addresses: all ports where none is given, else the ports given. */
function endpointChanges(rules: PolicyRules, verdicts: Map<number, number>): Change[] {
  const numbers = new Map<string, number>();
  const hosts = new Map<string, number>();
  const addresses = new Map<string, Endpoint>();
  const add = (endpoint: Endpoint, verdict: number): void => {
    const key = formatAddress({ ...endpoint, zone: 0 });
    addresses.set(key, endpoint);
    const number = numbers.get(key) ?? numbers.size + 1;
    if (number > MAXIMUM_HOSTS)
      throw new AddressError("ERR_ADDRESS_POLICY", `more than ${MAXIMUM_HOSTS} own and peer addresses`);
    numbers.set(key, number);
    if (endpoint.port === 0) hosts.set(key, hosts.get(key) ?? verdict);
    else if (!verdicts.has(number * 65_536 + endpoint.port))
      verdicts.set(number * 65_536 + endpoint.port, verdict);
  };
  for (const endpoint of rules.own) add(endpoint, reasonCode("own-endpoint"));
  for (const endpoint of rules.peerRelays) add(endpoint, reasonCode("peer-relay"));
  return [...addresses].map(([key, address]) => ({
    address,
    bits: 128,
    change: { host: hosts.get(key) ?? 0, endpoints: numbers.get(key) ?? 0 },
  }));
}

import { AddressError } from "./address-validation-error.ts";
import {
  embeddedWord,
  localUsePositions,
  localUseReadings,
  NAT64_LOCAL_USE,
  TEREDO,
  teredoServerWord,
} from "./embedded-ipv4.ts";
import { scanAddress, scanned } from "./address-text.ts";
import { endpointFromWords, isIPv4, isPort } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { explainEndpoint } from "./explain.ts";
import { parseAddress, parseEndpoint, tryParseAddress } from "./parse-endpoint.ts";
import { presetOf } from "./policy-presets.ts";
import type { PresetName } from "./policy-presets.ts";
import { type AddressPolicyOptions, requirePolicyOptions } from "./policy-options.ts";
import {
  compilePolicy,
  EMBEDDING_MASK,
  EMBEDDING_SHIFT,
  ENDPOINT_SHIFT,
  VERDICT_MASK,
} from "./policy-table.ts";
import type { PolicyRules, PolicyTable } from "./policy-table.ts";
import { hasPort, acceptedPorts } from "./port-rules.ts";
import type { PortRules } from "./port-rules.ts";
import { EMBEDDED, reasonCode } from "./reasons.ts";
import { findRinfo, peekRinfo } from "./rinfo-cache.ts";
import type { RinfoLike } from "./rinfo-cache.ts";

const PORT_ZERO = reasonCode("port-zero");
const PORT_DENIED = reasonCode("port-denied");
const MALFORMED = reasonCode("malformed");

/**
 * Judges endpoints: 0, or a code that says why not. Immutable; to change the rules at run time, make a policy with
 * `extend` and exchange the two.
 *
 * A verdict looks, in this order, at: the port (0 is always refused), own and peer endpoints, the closest allow or
 * deny prefix, the preset's opinion of the closest special-purpose block, and then the same for an IPv4 address
 * inside the IPv6 address. Zones do not matter.
 */
export class AddressPolicy {
  readonly #options: AddressPolicyOptions;
  readonly #rules: PolicyRules;
  readonly #table: PolicyTable;
  readonly #acceptedPorts: Int32Array<ArrayBuffer>;

  /** A policy of one preset and what `options` adds to it. */
  static preset(name: PresetName, options: Omit<AddressPolicyOptions, "preset"> = {}): AddressPolicy {
    return new AddressPolicy({ ...options, preset: name });
  }

  /**
   * Compiles the rules; 10,000 prefixes take some 100 ms.
   *
   * @throws AddressError ERR_ADDRESS_PREFIX, ERR_ADDRESS_POLICY (a rule that does not exist included), and the codes of
   *   `parseEndpoint`
   */
  constructor(options: AddressPolicyOptions = {}) {
    requirePolicyOptions(options);
    const preset = presetOf(options.preset ?? "public-only");
    this.#options = { ...options };
    this.#rules = {
      accepts: (block) => preset.accepts(block),
      allow: options.allow ?? [],
      deny: options.deny ?? [],
      unlisted: options.unlisted ?? "preset",
      own: endpointsOf(options.own),
      peerRelays: endpointsOf(options.peerRelays),
      nat64Prefixes: options.nat64Prefixes ?? [],
    };
    this.#table = compilePolicy(this.#rules);
    this.#acceptedPorts = acceptedPorts([preset.ports, options.ports ?? {}]);
  }

  /** Name of the preset. */
  get preset(): PresetName {
    return this.#options.preset ?? "public-only";
  }

  /** Bytes of the compiled prefix table. */
  get byteLength(): number {
    return this.#table.trie.byteLength;
  }

  /**
   * The verdict on an endpoint. Allocates nothing and never throws.
   *
   * @returns 0 when it is accepted, else a code for `reasonName`
   */
  judge(endpoint: Endpoint): number {
    return this.judgeWords(endpoint.a0, endpoint.a1, endpoint.a2, endpoint.a3, endpoint.port);
  }

  /** `judge` of an endpoint's words, for batches that make no object a datagram. */
  judgeWords(a0: number, a1: number, a2: number, a3: number, port: number): number {
    if (!hasPort(this.#acceptedPorts, port)) return port === 0 ? PORT_ZERO : PORT_DENIED;
    if (a2 === 0xffff && a1 === 0 && a0 === 0) return this.#judgeIPv4(a3, port);
    const cell = this.#table.trie.find6(a0, a1, a2, a3);
    const verdict = this.#verdictOf(cell, port);
    const code = (cell >>> EMBEDDING_SHIFT) & EMBEDDING_MASK;
    if (verdict !== 0 || code === 0) return verdict;
    const embedded = this.#judgeEmbedded(code, a0, a1, a2, a3, port);
    return embedded === 0 ? 0 : embedded | EMBEDDED;
  }

  /**
   * The verdict on a datagram's sender, through this thread's cache of parsed addresses. Never throws. Only accepted
   * senders get into the cache: a flood from addresses that are refused anyway evicts nobody, and allocates nothing
   * unless they carry a zone.
   *
   * @returns as `judge`; the code of `malformed` when `rinfo` does not hold an address and a port
   */
  judgeRinfo(rinfo: RinfoLike): number {
    const { address, port } = rinfo;
    const cached = peekRinfo(address, port);
    if (cached !== undefined) return this.judge(cached);
    if (typeof address !== "string" || !isPort(port)) return MALFORMED;
    let verdict: number;
    if (scanAddress(address, 0, address.length)) {
      verdict = this.judgeWords(scanned[0]!, scanned[1]!, scanned[2]!, scanned[3]!, port);
    } else {
      const zoned = tryParseAddress(address, port);
      if (zoned === undefined) return MALFORMED;
      verdict = this.judge(zoned);
    }
    // Into the cache only now that it is accepted.
    if (verdict === 0) findRinfo(address, port);
    return verdict;
  }

  /** The verdict in words: what the address is, which rule decided, and where that rule is from. Allocates. */
  explain(endpoint: Endpoint): string {
    return explainEndpoint(endpoint, {
      preset: this.preset,
      rules: this.#rules,
      acceptedPorts: this.#acceptedPorts,
    }).text;
  }

  /**
   * A policy with more rules: lists are joined, a preset and `unlisted` replace the old ones.
   *
   * @throws AddressError as the constructor
   */
  extend(options: AddressPolicyOptions): AddressPolicy {
    requirePolicyOptions(options);
    const old = this.#options;
    return new AddressPolicy({
      preset: options.preset ?? old.preset,
      unlisted: options.unlisted ?? old.unlisted,
      allow: [...(old.allow ?? []), ...(options.allow ?? [])],
      deny: [...(old.deny ?? []), ...(options.deny ?? [])],
      ports: joinPorts(old.ports ?? {}, options.ports ?? {}),
      own: [...(old.own ?? []), ...(options.own ?? [])],
      peerRelays: [...(old.peerRelays ?? []), ...(options.peerRelays ?? [])],
      nat64Prefixes: [...(old.nat64Prefixes ?? []), ...(options.nat64Prefixes ?? [])],
    });
  }

  /** Every reading of the address has to be accepted: two for Teredo, up to four for local-use NAT64. */
  #judgeEmbedded(code: number, a0: number, a1: number, a2: number, a3: number, port: number): number {
    let verdict = this.#judgeIPv4(embeddedWord(code, a0, a1, a2, a3), port);
    if (code === TEREDO && verdict === 0) return this.#judgeIPv4(teredoServerWord(a1), port);
    if (code !== NAT64_LOCAL_USE) return verdict;
    const readings = localUseReadings(a2, a3);
    for (let i = 1; i < readings && verdict === 0; i++) {
      verdict = this.#judgeIPv4(embeddedWord(localUsePositions[i]!, a0, a1, a2, a3), port);
    }
    return verdict;
  }

  #judgeIPv4(a3: number, port: number): number {
    const cell = this.#table.trie.find4(a3);
    return cell === 0 ? 0 : this.#verdictOf(cell, port);
  }

  #verdictOf(cell: number, port: number): number {
    const endpoints = cell >>> ENDPOINT_SHIFT;
    if (endpoints !== 0) {
      const verdict = this.#table.endpoints.get(endpoints * 65_536 + port);
      if (verdict !== undefined) return verdict;
    }
    return cell & VERDICT_MASK;
  }
}

function endpointsOf(items: readonly (string | Endpoint)[] = []): Endpoint[] {
  return items.map((item) => {
    const endpoint =
      typeof item === "string"
        ? endpointOf(item)
        : endpointFromWords(item.a0, item.a1, item.a2, item.a3, item.port, item.zone);
    const { a0, a1, a2, a3 } = endpoint;
    if (a0 === 0 && a1 === 0 && (isIPv4(endpoint) || a2 === 0) && a3 === 0) {
      throw new AddressError(
        "ERR_ADDRESS_POLICY",
        "a wildcard address cannot be matched: list the addresses of the interfaces",
      );
    }
    return endpoint;
  });
}

/** An address alone stands for all its ports. */
function endpointOf(text: string): Endpoint {
  const colons = text.split(":").length - 1;
  return text.startsWith("[") || colons === 1 ? parseEndpoint(text) : parseAddress(text);
}

function joinPorts(a: PortRules, b: PortRules): PortRules {
  const deny = [...(a.deny ?? []), ...(b.deny ?? [])];
  if (a.allow === undefined && b.allow === undefined) return { deny };
  return { allow: [...(a.allow ?? []), ...(b.allow ?? [])], deny };
}

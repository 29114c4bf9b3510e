import { blockPrefixes } from "./address-blocks.ts";
import type { AddressBlock } from "./address-blocks.ts";
import type { AddressClass } from "./address-blocks.generated.ts";
import { embeddedReadings, embeddingPrefixes } from "./embedded-ipv4.ts";
import type { Embedding } from "./embedded-ipv4.ts";
import { isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { multicastScope } from "./multicast-scope.ts";
import type { MulticastScope } from "./multicast-scope.ts";
import { prefixContains } from "./prefix.ts";
import { PrefixTrie } from "./prefix-trie.ts";

/** What the registries say of an address, and of the IPv4 address inside it. */
export interface Classification {
  /** Class of the most specific block, `global` when no block covers the address. */
  readonly addressClass: AddressClass;
  /** The most specific block around the address. */
  readonly block: AddressBlock | undefined;
  /** Scope of a multicast address. */
  readonly multicastScope: MulticastScope | undefined;
  /** The IPv4 address inside, classified itself. */
  readonly embedded: EmbeddedClassification | undefined;
}

/** An embedded IPv4 address with its own classification. */
export interface EmbeddedClassification {
  readonly embedding: Embedding;
  /**
   * The IPv4 host that the address stands for, with the outer port. For Teredo the client's NAT, unmasked; for
   * `nat64-local-use` the last 32 bits, where a policy also judges the other possible readings.
   */
  readonly address: Endpoint;
  readonly classification: Classification;
  /** Teredo only. */
  readonly server: Endpoint | undefined;
  readonly serverClassification: Classification | undefined;
}

/**
 * Classifies an address by both IANA special-purpose registries and the supplement in `data/`: the longest prefix
 * decides. IPv4 inside compatible, 6to4, Teredo and NAT64 addresses is taken out and classified too; a mapped
 * address is its IPv4 address to begin with.
 *
 * Allocates: for one verdict a datagram, use `AddressPolicy`.
 */
export function classify(endpoint: Endpoint): Classification {
  const block = blockOf(endpoint);
  return {
    addressClass: block?.addressClass ?? "global",
    block,
    multicastScope: multicastScope(endpoint),
    embedded: isIPv4(endpoint) ? undefined : classifyEmbedded(endpoint),
  };
}

/** The most specific block around an address, or undefined. */
export function blockOf(endpoint: Endpoint): AddressBlock | undefined {
  // Built at the first call: importing this module costs nothing.
  trie ??= new PrefixTrie(
    blockPrefixes().map(({ address, bits }, index) => ({ address, bits, value: index + 1 })),
  );
  const { a0, a1, a2, a3 } = endpoint;
  const found = isIPv4(endpoint) ? trie.find4(a3) : trie.find6(a0, a1, a2, a3);
  return blockPrefixes()[found - 1]?.block;
}

let trie: PrefixTrie | undefined;
let forms: ReturnType<typeof embeddingPrefixes> | undefined;

function classifyEmbedded(endpoint: Endpoint): EmbeddedClassification | undefined {
  forms ??= embeddingPrefixes([]).sort((a, b) => b.bits - a.bits);
  const code = forms.find((form) => prefixContains(form, endpoint))?.code ?? 0;
  const [reading, second] = embeddedReadings(endpoint, code);
  if (reading === undefined) return undefined;
  const { embedding, address } = reading;
  const server = embedding === "teredo" ? second?.address : undefined;
  return {
    embedding,
    address,
    classification: classify(address),
    server,
    serverClassification: server === undefined ? undefined : classify(server),
  };
}

import { isIPv4 } from "./endpoint.ts";
import { commonBits, comparePrefixes, maskOf, wordOf } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";

/** A prefix and what the trie answers for addresses that it covers more closely than any other. */
export interface PrefixEntry extends Prefix {
  /** 0..2147483647 */
  readonly value: number;
}

/**
 * Longest-prefix match over two multibit tries (four bits a step, IPv4 and IPv6 apart) in one flat Int32Array.
 * Values are pushed down to the leaves, so that a look-up never goes back, and a run of bits in which nothing
 * branches is one comparison:
 *
 *     branch  [ word << 5 | shift ]  [ child 0 ] … [ child 15 ]      17 words
 *     skip    [ ~word ]  [ mask ]  [ expected ]  [ else ]  [ then ]   5 words
 *     child   >= 0: index of a node        < 0: ~value, the answer
 *
 * A look-up visits at most one branch for four bits of the longest prefix on its way, whatever the number of
 * prefixes, and allocates nothing.
 */
export class PrefixTrie {
  readonly #nodes: Int32Array;
  readonly #root4: number;
  readonly #root6: number;

  /** @param otherwise answer where no entry covers the address. Of entries with one prefix the last one counts. */
  constructor(entries: readonly PrefixEntry[], otherwise = 0) {
    const sorted = [...entries].sort(comparePrefixes);
    const nodes: number[] = [];
    this.#root4 = buildFamily(
      nodes,
      sorted.filter((entry) => isIPv4(entry.address)),
      96,
      otherwise,
    );
    this.#root6 = buildFamily(
      nodes,
      sorted.filter((entry) => !isIPv4(entry.address)),
      0,
      otherwise,
    );
    this.#nodes = Int32Array.from(nodes);
  }

  /** Bytes of the node array. */
  get byteLength(): number {
    return this.#nodes.byteLength;
  }

  /** The answer for an IPv4 address. */
  find4(a3: number): number {
    const nodes = this.#nodes;
    let node = this.#root4;
    while (node >= 0) {
      const head = nodes[node]!;
      if (head >= 0) node = nodes[node + 1 + ((a3 >>> (head & 31)) & 15)]!;
      else node = (a3 & nodes[node + 1]!) === nodes[node + 2]! ? nodes[node + 4]! : nodes[node + 3]!;
    }
    return ~node;
  }

  /** The answer for an IPv6 address, which must not be a mapped one. */
  find6(a0: number, a1: number, a2: number, a3: number): number {
    const nodes = this.#nodes;
    let node = this.#root6;
    while (node >= 0) {
      const head = nodes[node]!;
      const index = head >= 0 ? head >>> 5 : ~head;
      const word = index < 2 ? (index === 0 ? a0 : a1) : index === 2 ? a2 : a3;
      if (head >= 0) node = nodes[node + 1 + ((word >>> (head & 31)) & 15)]!;
      else node = (word & nodes[node + 1]!) === nodes[node + 2]! ? nodes[node + 4]! : nodes[node + 3]!;
    }
    return ~node;
  }
}

/** Builds the trie of one family, whose addresses agree in the first `bit` bits, and returns its root. */
function buildFamily(
  nodes: number[],
  entries: readonly PrefixEntry[],
  bit: number,
  otherwise: number,
): number {
  const whole = entries.findLast((entry) => entry.bits === bit);
  return build(
    nodes,
    entries.filter((entry) => entry.bits > bit),
    bit,
    whole === undefined ? otherwise : whole.value,
  );
}

/**
 * @param entries sorted; all agree in the first `bit` bits and are longer
 * @param inherited value of the longest shorter prefix
 */
function build(nodes: number[], entries: readonly PrefixEntry[], bit: number, inherited: number): number {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return ~inherited;
  const shortest = entries.reduce((bits, entry) => Math.min(bits, entry.bits), 128);
  const branchBit = Math.min(commonBits(first.address, last.address), shortest - 1) & ~3;
  if (branchBit > bit) return buildSkip(nodes, entries, bit, branchBit, inherited);

  const node = nodes.push(((bit >>> 5) << 5) | (28 - (bit & 31))) - 1;
  const values = new Array<number>(16).fill(inherited);
  const longer: PrefixEntry[][] = Array.from({ length: 16 }, () => []);
  for (const entry of entries) {
    const nibble = (wordOf(entry.address, bit >>> 5) >>> (28 - (bit & 31))) & 15;
    if (entry.bits > bit + 4) {
      longer[nibble]!.push(entry);
    } else {
      // Sorted order puts the shorter of two nested prefixes first, so the longer one overwrites it.
      values.fill(entry.value, nibble, nibble + (1 << (bit + 4 - entry.bits)));
    }
  }
  for (let nibble = 0; nibble < 16; nibble++) nodes.push(0);
  for (let nibble = 0; nibble < 16; nibble++) {
    nodes[node + 1 + nibble] = build(nodes, longer[nibble]!, bit + 4, values[nibble]!);
  }
  return node;
}

/** Compares the bits up to `branchBit`, or to the end of the word, in which all entries agree. */
function buildSkip(
  nodes: number[],
  entries: readonly PrefixEntry[],
  bit: number,
  branchBit: number,
  inherited: number,
): number {
  const word = bit >>> 5;
  const end = Math.min(branchBit, (word + 1) << 5);
  // Bits of the word before `bit` agree already: comparing them again costs nothing.
  const mask = maskOf(end - (word << 5));
  const node = nodes.push(~word, mask, wordOf(entries[0]!.address, word) & mask, ~inherited, 0) - 5;
  nodes[node + 4] = build(nodes, entries, end, inherited);
  return node;
}

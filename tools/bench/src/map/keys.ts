/** The keys of the map benchmarks, the same as in rust/dashmap: scattered u32, IPv4 or IPv6 endpoints, in shuffled order. */
export type KeyKind = "u32" | "ipv4" | "ipv6";

/**
 * The words of many keys, one typed array a word, so that reading a key costs the lookup as little as possible; those that
 * the kind does not have are empty.
 */
export interface Keys {
  readonly u32: Int32Array;
  readonly a0: Int32Array;
  readonly a1: Int32Array;
  readonly a2: Int32Array;
  readonly a3: Int32Array;
  readonly port: Int32Array;
}

/** A bijection of u32 that leaves no order. */
export function scatter(index: number): number {
  let x = Math.imul(index, 0x9e3779b1) ^ 0x5bd1e995;
  x ^= x >>> 15;
  return Math.imul(x, 0x85ebca6b);
}

/** A shuffled 0..entries (Fisher-Yates by xorshift32). */
export function order(entries: number): Uint32Array {
  const shuffled = new Uint32Array(entries);
  for (let i = 0; i < entries; i++) shuffled[i] = i;
  let x = 2_463_534_242;
  for (let i = entries - 1; i > 0; i--) {
    x ^= x << 13;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    const j = x % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/** The keys of `order(entries)`, or as many that are not among them. */
export function keysOf(kind: KeyKind, entries: number, absent = false): Keys {
  const indexes = order(entries);
  const words = (of: (index: number) => number): Int32Array => {
    const all = new Int32Array(entries);
    for (let i = 0; i < entries; i++) all[i] = of(absent ? indexes[i]! + entries : indexes[i]!);
    return all;
  };
  const none = new Int32Array(0);
  if (kind === "u32") return { u32: words(scatter), a0: none, a1: none, a2: none, a3: none, port: none };
  const v6 = kind === "ipv6";
  return {
    u32: none,
    a0: words(() => (v6 ? 0x2001_0db8 : 0)),
    a1: words(() => 0),
    a2: words((index) => (v6 ? scatter(index) : 0xffff)),
    a3: words((index) => scatter(v6 ? index ^ 0x5555 : index)),
    port: words((index) => 1024 + (index % 60_000)),
  };
}

/** What a socket hands over with a datagram of that key. */
export function addressText(keys: Keys, index: number): string {
  const a3 = keys.a3[index]!;
  if (keys.a0[index] === 0) return `${a3 >>> 24}.${(a3 >>> 16) & 255}.${(a3 >>> 8) & 255}.${a3 & 255}`;
  const groups = [keys.a0[index]!, keys.a1[index]!, keys.a2[index]!, a3];
  return groups.map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(":");
}

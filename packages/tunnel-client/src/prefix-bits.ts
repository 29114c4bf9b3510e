import type { EndpointWords } from "@udp-relay/sharded-map";

/** The prefix of an endpoint: an IPv4 address whole, of an IPv6 address the first `bits6` bits, with its zone. */
export function prefixOf({ a0, a1, a2, a3, zone }: EndpointWords, bits6: number): EndpointWords {
  if (a0 === 0 && a1 === 0 && a2 === 0xffff) return { a0, a1, a2, a3, port: 0, zone: 0 };
  return {
    a0: keepBits(a0, bits6),
    a1: keepBits(a1, bits6 - 32),
    a2: keepBits(a2, bits6 - 64),
    a3: keepBits(a3, bits6 - 96),
    port: 0,
    zone,
  };
}

/** Whether both endpoints are of one prefix. */
export function samePrefix(a: EndpointWords, b: EndpointWords, bits6: number): boolean {
  const one = prefixOf(a, bits6);
  const other = prefixOf(b, bits6);
  return (
    one.a0 === other.a0 &&
    one.a1 === other.a1 &&
    one.a2 === other.a2 &&
    one.a3 === other.a3 &&
    one.zone === other.zone
  );
}

/** The first `bits` bits of a word (none below 1, all from 32 on), the others 0. */
function keepBits(word: number, bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? word | 0 : word & (-1 << (32 - bits));
}

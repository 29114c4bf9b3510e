/** The first `bits` bits of a word (none below 1, all from 32 on), the others 0. */
export function keepBits(word: number, bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? word | 0 : word & (-1 << (32 - bits));
}

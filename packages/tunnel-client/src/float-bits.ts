const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The number that a word holds, single precision. */
export function floatOfBits(word: number): number {
  bits[0] = word;
  return float[0]!;
}

/** The word for a number, rounded to single precision. */
export function bitsOfFloat(value: number): number {
  float[0] = value;
  return bits[0]!;
}

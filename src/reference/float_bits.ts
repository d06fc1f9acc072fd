const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The float32 whose bits a table holds. */
export function floatOf(word: number): number {
  bits[0] = word;
  return asFloat[0]!;
}

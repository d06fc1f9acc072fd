/** The value of a binary16 number. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const LARGEST = 65504;

/** The nearest number of half precision (of two, the even one), at most the largest. */
export function roundToHalf(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.min(Math.abs(x), LARGEST);
  // 11 significant bits; below 2^-14 steps stay as wide as there. Just below a power of two log2 may give that power: the number is rounded to it anyway
  const step = 2 ** (Math.max(Math.floor(Math.log2(size)), -14) - 10);
  // a double has 52 bits behind its first, so that this sum is rounded to whole steps, to the even one of two
  const shift = 2 ** 52 * step;
  return Math.sign(x) * (size + shift - shift);
}

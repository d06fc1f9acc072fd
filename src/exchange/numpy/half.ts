import { halfValue } from '../../reference/half.ts';

/** Values of binary16 numbers. */
export const halvesToFloats = (bits: Uint16Array): Float32Array => Float32Array.from(bits, halfValue);

/** The nearest binary16 numbers, of two the even one; what is too large becomes infinite, as NumPy has it. */
export const floatsToHalves = (values: ArrayLike<number>): Uint16Array => Uint16Array.from(values, halfBits);

function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  // halfway between the largest number and the next that there would be
  if (size >= 65520) return sign | 0x7c00;
  // steps of 2^-24 below 2^-14, then ten bits behind the first; at a power of two both steps say the same
  const exponent = Math.max(size === 0 ? -14 : Math.floor(Math.log2(size)), -14);
  const units = roundToEven(size * 2 ** (10 - exponent));
  // numbers in order have bits in order: a mantissa that runs over raises the exponent by itself
  return sign | ((exponent + 14) * 1024 + units);
}

/** Whole numbers below 2^51. */
const roundToEven = (x: number): number => x + 2 ** 52 - 2 ** 52;

import type { Hdf5Numbers } from './tree.ts';

/** What the library tells of a type, as far as numbers need it. */
interface NumberType {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
}

const FLOAT = 1;
const ENUM = 8;

/** Numbers in this machine's order of bytes, of which all that runs WebAssembly has the same. */
export function decodeNumbers(bytes: ArrayBuffer, { type, size, signed }: NumberType): Hdf5Numbers {
  if (type === FLOAT) {
    if (size === 2) return Float32Array.from(new Uint16Array(bytes), fromHalf);
    return size === 4 ? new Float32Array(bytes) : new Float64Array(bytes);
  }
  if (type === ENUM) return new Uint8Array(bytes);
  if (size === 8) return signed ? new BigInt64Array(bytes) : new BigUint64Array(bytes);
  if (size === 4) return signed ? new Int32Array(bytes) : new Uint32Array(bytes);
  if (size === 2) return signed ? new Int16Array(bytes) : new Uint16Array(bytes);
  return signed ? new Int8Array(bytes) : new Uint8Array(bytes);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws when it is no UTF-8, which ASCII is too */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error(`'${path}' holds a text that is not UTF-8`);
  }
}

/** The number that these 16 bits stand for in IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

type ViewConstructor =
  | Uint8ArrayConstructor
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor;

interface DtypeInfo {
  /** Bits an element takes. */
  bits: number;
  /** The typed array that shows the elements; of half floats and smaller formats it shows the bare bits. */
  View: ViewConstructor;
}

/** Element types of a safetensors file, in the order of the reference implementation: by alignment, smallest first. */
export const dtypes = {
  BOOL: { bits: 8, View: Uint8Array },
  F4: { bits: 4, View: Uint8Array },
  F6_E2M3: { bits: 6, View: Uint8Array },
  F6_E3M2: { bits: 6, View: Uint8Array },
  U8: { bits: 8, View: Uint8Array },
  I8: { bits: 8, View: Int8Array },
  F8_E5M2: { bits: 8, View: Uint8Array },
  F8_E4M3: { bits: 8, View: Uint8Array },
  F8_E8M0: { bits: 8, View: Uint8Array },
  I16: { bits: 16, View: Int16Array },
  U16: { bits: 16, View: Uint16Array },
  F16: { bits: 16, View: Uint16Array },
  BF16: { bits: 16, View: Uint16Array },
  I32: { bits: 32, View: Int32Array },
  U32: { bits: 32, View: Uint32Array },
  F32: { bits: 32, View: Float32Array },
  C64: { bits: 64, View: Float32Array },
  F64: { bits: 64, View: Float64Array },
  I64: { bits: 64, View: BigInt64Array },
  U64: { bits: 64, View: BigUint64Array },
} satisfies Record<string, DtypeInfo>;

export type Dtype = keyof typeof dtypes;

export type TensorView = InstanceType<(typeof dtypes)[Dtype]['View']>;

const order = Object.keys(dtypes) as Dtype[];

/** Position in the reference order; larger ones come first in a file. */
export function dtypeRank(dtype: Dtype): number {
  return order.indexOf(dtype);
}

/** Whether it is a whole number from 0, and written as one. */
export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);

/**
 * Bytes that a tensor takes.
 *
 * @param what how errors call the tensor
 * @throws Error when the type is not known, a size is no whole number from 0, the product is too large, or the elements fill no
 *   whole bytes
 */
export function tensorBytes(dtype: unknown, shape: unknown, what: string): number {
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype))
    throw new Error(`${what}: dtype is ${shorten(dtype)}, expected one of ${order.join(', ')}`);
  if (!Array.isArray(shape)) throw new Error(`${what}: shape is ${shorten(shape)}, expected a list of sizes`);
  let elements = 1;
  shape.forEach((size, axis) => {
    if (!isSize(size)) {
      throw new Error(`${what}: shape[${axis}] is ${JSON.stringify(size)}, expected a whole number from 0`);
    }
    elements *= size;
    // of up to 64 bits each, which are counted exactly
    if (!Number.isSafeInteger(elements * 64)) {
      throw new Error(`${what}: shape [${shape.join(', ')}] has too many elements, expected fewer than 2^47`);
    }
  });
  const bits = elements * dtypes[dtype as Dtype].bits;
  if (bits % 8 !== 0) {
    throw new Error(`${what}: ${elements} elements of ${dtype} take ${bits} bits, expected a multiple of 8`);
  }
  return bits / 8;
}

/** A value as JSON, for messages. */
export function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Turns little-endian elements into the host's order or back, in place; does nothing on a little-endian host. */
export function fixByteOrder(bytes: Uint8Array, elementBytes: number, littleEndian = hostIsLittleEndian): void {
  if (littleEndian || elementBytes === 1) return;
  for (let at = 0; at < bytes.length; at += elementBytes) bytes.subarray(at, at + elementBytes).reverse();
}

/** A typed array over bytes[begin .. end): no copy where alignment and byte order allow it. */
export function viewOf(bytes: Uint8Array, begin: number, end: number, dtype: Dtype): TensorView {
  const { View } = dtypes[dtype];
  const size = View.BYTES_PER_ELEMENT;
  const aligned = (bytes.byteOffset + begin) % size === 0;
  const source =
    hostIsLittleEndian && aligned ? bytes.subarray(begin, end) : new Uint8Array(bytes.subarray(begin, end));
  fixByteOrder(source, size);
  return new View(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength / size);
}

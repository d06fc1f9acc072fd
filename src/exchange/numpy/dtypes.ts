/** Element types of arrays that are read and written, by NumPy's names. */
export type NpyDtype =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64';

export type NpyData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** An array as NumPy has it, in C order. */
export interface NpyArray {
  readonly dtype: NpyDtype;
  /** [] is a scalar. */
  readonly shape: readonly number[];
  /** bool as 0 and 1 in a Uint8Array; float16 as its values in a Float32Array; each other type as its typed array. */
  readonly data: NpyData;
}

interface Kind {
  /** Letter and bytes, as a header's descr has them after the byte order. */
  readonly code: string;
  readonly bytes: number;
  readonly View: new (buffer: ArrayBuffer | number) => NpyData;
}

const kind = (code: string, View: unknown): Kind => ({
  code,
  bytes: Number(code.slice(1)),
  View: View as Kind['View'],
});

export const kinds: Readonly<Record<NpyDtype, Kind>> = {
  bool: kind('b1', Uint8Array),
  int8: kind('i1', Int8Array),
  int16: kind('i2', Int16Array),
  int32: kind('i4', Int32Array),
  int64: kind('i8', BigInt64Array),
  uint8: kind('u1', Uint8Array),
  uint16: kind('u2', Uint16Array),
  uint32: kind('u4', Uint32Array),
  uint64: kind('u8', BigUint64Array),
  float16: kind('f2', Float32Array),
  float32: kind('f4', Float32Array),
  float64: kind('f8', Float64Array),
};

const byTag: Readonly<Record<string, NpyDtype>> = {
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
  Float32Array: 'float32',
  Float64Array: 'float64',
};

/** By its tag: an instanceof check fails for arrays from another realm. */
export const tagOf = (data: unknown): string => Object.prototype.toString.call(data).slice(8, -1);

/**
 * A typed array as NumPy has it.
 *
 * @param shape its length by default
 * @throws when it is no typed array, or the shape has another number of elements
 */
export function npy(data: NpyData, shape: readonly number[] = [data.length]): NpyArray {
  const dtype = byTag[tagOf(data)];
  if (!dtype) throw new Error(`npy: expected a typed array, got ${tagOf(data)}`);
  const elements = shape.reduce((a, b) => a * b, 1);
  if (elements !== data.length)
    throw new Error(`npy: shape [${shape.join(', ')}] has ${elements} elements, the data ${data.length}`);
  return { dtype, shape, data };
}

/** The elements as doubles. @throws when one of 64 bits is beyond what a double holds exactly */
export function numbersOf({ data }: NpyArray): Float64Array {
  return Float64Array.from(data as ArrayLike<number | bigint>, (x, i) => {
    const y = Number(x);
    if (typeof x === 'bigint' && !Number.isSafeInteger(y))
      throw new Error(`npy: element ${i} is ${x}, which a double cannot hold`);
    return y;
  });
}

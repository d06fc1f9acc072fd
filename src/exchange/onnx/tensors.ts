import { SIZE, type Tensor, TYPE } from './model.ts';

/** Numbers as a tensor of one of the types that models of ours have. */
export function tensorOf(
  name: string,
  type: number,
  dims: readonly number[],
  values: ArrayLike<number>,
  doc = '',
): Tensor {
  const size = SIZE[type]!;
  const raw = new Uint8Array(size * values.length);
  const view = new DataView(raw.buffer);
  for (let i = 0; i < values.length; i++) {
    if (type === TYPE.float) view.setFloat32(4 * i, values[i]!, true);
    else if (type === TYPE.double) view.setFloat64(8 * i, values[i]!, true);
    else if (type === TYPE.int64) view.setBigInt64(8 * i, BigInt(values[i]!), true);
    else throw new Error(`ONNX: tensor '${name}' cannot be of type ${type}`);
  }
  return { name, dims, type, raw, doc };
}

/** A tensor's numbers. @throws on a type of which the numbers are not known here */
export function numbersOf({ name, type, raw }: Tensor): Float64Array {
  const size = SIZE[type];
  if (!size || type === TYPE.float16)
    throw new Error(`ONNX: tensor '${name}' has element type ${type}, which is not read`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const out = new Float64Array(raw.length / size);
  for (let i = 0; i < out.length; i++) {
    if (type === TYPE.float) out[i] = view.getFloat32(4 * i, true);
    else if (type === TYPE.double) out[i] = view.getFloat64(8 * i, true);
    else if (type === TYPE.int64) out[i] = Number(view.getBigInt64(8 * i, true));
    else if (type === TYPE.int32) out[i] = view.getInt32(4 * i, true);
    else out[i] = type === TYPE.int8 ? view.getInt8(i) : view.getUint8(i);
  }
  return out;
}

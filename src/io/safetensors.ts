import { crc32 } from './checksum.ts';
import { checkText, readHeader } from './safetensors-header.ts';
import { type Dtype, dtypeRank, dtypes, fixByteOrder, type TensorView, tensorBytes, viewOf } from './tensor-dtypes.ts';

export type { Dtype, TensorView } from './tensor-dtypes.ts';

export interface NamedTensor {
  name: string;
  dtype: Dtype;
  /** [] is a scalar; a size may be 0. */
  shape: readonly number[];
  /** The typed array of the dtype (Uint16Array with the bits for F16 and BF16, Uint8Array for BOOL and the 8-bit
   * floats, pairs in a Float32Array for C64), or a Uint8Array with the little-endian bytes of any. */
  data: ArrayBufferView;
}

export interface StoredTensor {
  dtype: Dtype;
  shape: number[];
  /** Shares memory with the file's bytes where alignment allows it. */
  data: TensorView;
}

/** Keys under which the file's own checksums stand in `__metadata__`; both or none. */
const headerKey = 'spiketape.crc32.header';
const dataKey = 'spiketape.crc32.data';

/**
 * A safetensors file that any safetensors reader takes: tensors ordered as the reference writer orders them, header
 * padded so that data starts at a multiple of 8. Two CRC-32 sums in its metadata, over header and data, let
 * `decodeSafetensors` notice damage. The same tensors and metadata give the same bytes, in whatever order they come.
 *
 * @throws Error naming the tensor or the metadata key that cannot be stored
 */
export function encodeSafetensors(tensors: readonly NamedTensor[], metadata: Record<string, string> = {}): Uint8Array {
  const placed = place(tensors);
  const data = new Uint8Array(placed.at(-1)?.end ?? 0);
  for (const tensor of placed) copyInto(data, tensor);

  const text = checkMetadata(metadata);
  text.set(dataKey, crc32(data));
  text.set(headerKey, headerSum(text, placed));

  // Written by hand: an object would move integer-like names to the front and lose the name `__proto__`.
  const own = [...text].sort(([a], [b]) => compareUtf8(a, b));
  const pairs = own.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const entries = [`"__metadata__":{${pairs.join(',')}}`];
  for (const { name, dtype, shape, begin, end } of placed) {
    const entry = { dtype, shape, data_offsets: [begin, end] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const header = new TextEncoder().encode(`{${entries.join(',')}}`);
  const padded = Math.ceil(header.length / 8) * 8;

  const file = new Uint8Array(8 + padded + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + padded);
  file.set(data, 8 + padded);
  return file;
}

/**
 * Reads a safetensors file with all checks of the reference reader. Checksums that `encodeSafetensors` left are
 * verified; a file without any is taken as it is.
 *
 * @returns tensors in the order of their data, and the metadata without our checksums
 * @throws Error naming the tensor, key or byte offset at fault
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
} {
  const { dataStart, entries, metadata } = readHeader(bytes);
  verify(bytes.subarray(dataStart), entries, metadata);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, { dtype, shape: [...shape], data: viewOf(bytes, dataStart + begin, dataStart + end, dtype) });
  }
  metadata.delete(headerKey);
  metadata.delete(dataKey);
  return { tensors, metadata: Object.fromEntries(metadata) };
}

interface Extent {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  begin: number;
  end: number;
}

function place(tensors: readonly NamedTensor[]): (NamedTensor & Extent)[] {
  const names = new Set<string>();
  for (const tensor of tensors) {
    const what = `safetensors: tensor ${JSON.stringify(tensor.name)}`;
    checkText(tensor.name, 'a tensor name');
    if (tensor.name === '__metadata__') throw new Error(`${what}: this name is reserved for the metadata`);
    if (names.has(tensor.name)) throw new Error(`${what}: comes twice`);
    names.add(tensor.name);
    checkData(tensor, what);
  }
  const sorted = [...tensors].sort((a, b) => dtypeRank(b.dtype) - dtypeRank(a.dtype) || compareUtf8(a.name, b.name));
  let end = 0;
  return sorted.map((tensor) => {
    const begin = end;
    end += tensor.data.byteLength;
    return { ...tensor, begin, end };
  });
}

function checkData({ dtype, shape, data }: NamedTensor, what: string): void {
  const expected = tensorBytes(dtype, shape, what);
  // By tag, since an instanceof check fails for arrays from another realm.
  const kind = ArrayBuffer.isView(data) ? Object.prototype.toString.call(data).slice(8, -1) : typeof data;
  const { name } = dtypes[dtype].View;
  if (kind !== name && kind !== 'Uint8Array') {
    throw new Error(`${what}: data is ${kind}, expected ${name} (or a Uint8Array with its bytes) for ${dtype}`);
  }
  if (data.byteLength !== expected) {
    throw new Error(
      `${what}: data has ${data.byteLength} bytes, expected ${expected} for ${dtype} of shape [${shape.join(', ')}]`,
    );
  }
}

function copyInto(target: Uint8Array, { data, begin, end }: NamedTensor & Extent): void {
  target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin);
  // A Uint8Array holds little-endian bytes already, and its element size is 1.
  const { BYTES_PER_ELEMENT } = data as TensorView;
  fixByteOrder(target.subarray(begin, end), BYTES_PER_ELEMENT);
}

function checkMetadata(metadata: Record<string, string>): Map<string, string> {
  const text = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata)) {
    checkText(key, 'a metadata key');
    checkText(value, `metadata ${JSON.stringify(key)}`);
    if (key === headerKey || key === dataKey) {
      throw new Error(`safetensors: metadata ${JSON.stringify(key)} is written by the encoder, expected another key`);
    }
    text.set(key, value);
  }
  return text;
}

/** Covers what the header means rather than its spelling: all metadata but the sum itself, and every tensor's entry. */
function headerSum(metadata: ReadonlyMap<string, string>, extents: readonly Extent[]): string {
  const pairs = [...metadata].filter(([key]) => key !== headerKey).sort(([a], [b]) => compareUtf8(a, b));
  const rows = [...extents]
    .sort((a, b) => compareUtf8(a.name, b.name))
    .map(({ name, dtype, shape, begin, end }) => [name, dtype, shape, begin, end]);
  return crc32(new TextEncoder().encode(JSON.stringify([pairs, rows])));
}

function verify(data: Uint8Array, extents: readonly Extent[], metadata: ReadonlyMap<string, string>): void {
  const forHeader = metadata.get(headerKey);
  const forData = metadata.get(dataKey);
  if (forHeader === undefined && forData === undefined) return;
  // one without the other can only be a damaged key
  checkSum('header', headerSum(metadata, extents), forHeader);
  checkSum('data', crc32(data), forData);
}

function checkSum(part: string, found: string, expected = 'none'): void {
  if (found === expected) return;
  throw new Error(
    `safetensors: the ${part} has CRC-32 ${found}, expected ${expected}: the file is damaged, or was changed by a tool that kept ${headerKey}`,
  );
}

/** Order of the UTF-8 bytes, as the reference writer sorts; a string's own comparison goes by UTF-16 units. */
function compareUtf8(a: string, b: string): number {
  const left = new TextEncoder().encode(a);
  const right = new TextEncoder().encode(b);
  const common = Math.min(left.length, right.length);
  for (let i = 0; i < common; i++) {
    if (left[i] !== right[i]) return (left[i] as number) - (right[i] as number);
  }
  return left.length - right.length;
}

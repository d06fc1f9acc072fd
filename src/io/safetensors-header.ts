import { checkKeys } from './duplicate-keys.ts';
import { type Dtype, isSize, shorten, tensorBytes } from './tensor-dtypes.ts';

export interface HeaderEntry {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** First byte and the byte after the last, counted from the start of the data. */
  begin: number;
  end: number;
}

export interface Header {
  /** Where the data starts in the file. */
  dataStart: number;
  /** In the order of their data. */
  entries: HeaderEntry[];
  metadata: Map<string, string>;
}

const longestHeader = 100_000_000;

/** Reads and checks the header of a safetensors file against the file's size; looks at no tensor data. */
export function readHeader(bytes: Uint8Array): Header {
  const length = headerLength(bytes);
  const dataStart = 8 + length;
  const header = parse(bytes.subarray(8, dataStart));
  const metadata = new Map<string, string>();
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') readMetadata(value, metadata);
    else entries.push(readEntry(name, value));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkExtents(entries, bytes.length - dataStart);
  return { dataStart, entries, metadata };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) {
    throw new Error(`safetensors: the file has ${bytes.length} bytes, expected at least the 8 of the header's length`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const most = Math.min(longestHeader, bytes.length - 8);
  if (length > BigInt(most)) {
    throw new Error(`safetensors: the header's length at offset 0 is ${length}, expected at most ${most} in this file`);
  }
  return Number(length);
}

function parse(bytes: Uint8Array): object {
  if (bytes[0] !== 0x7b) throw new Error("safetensors: the header at offset 8 does not start with '{'");
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('safetensors: the header at offset 8 is no valid UTF-8', { cause });
  }
  let header: object;
  try {
    header = JSON.parse(text) as object;
  } catch (cause) {
    throw new Error(`safetensors: the header at offset 8 is no valid JSON: ${(cause as Error).message}`, { cause });
  }
  checkKeys(text, 'safetensors: the header');
  return header;
}

function readMetadata(value: unknown, metadata: Map<string, string>): void {
  if (!isObject(value)) {
    throw new Error(`safetensors: __metadata__ is ${shorten(value)}, expected an object of strings`);
  }
  for (const [key, text] of Object.entries(value)) {
    checkText(key, 'a metadata key');
    checkText(text, `metadata ${JSON.stringify(key)}`);
    metadata.set(key, text);
  }
}

function readEntry(name: string, value: unknown): HeaderEntry {
  const what = `safetensors: tensor ${JSON.stringify(name)}`;
  checkText(name, 'a tensor name');
  if (!isObject(value)) {
    throw new Error(`${what}: its entry is ${shorten(value)}, expected an object with dtype, shape and data_offsets`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  const size = tensorBytes(dtype, shape, what);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new Error(`${what}: data_offsets is ${shorten(offsets)}, expected two whole numbers from 0`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== size) {
    throw new Error(
      `${what}: data_offsets [${begin}, ${end}] span ${end - begin} bytes, ` +
        `expected ${size} for ${dtype} of shape [${(shape as number[]).join(', ')}]`,
    );
  }
  return { name, dtype: dtype as Dtype, shape: shape as number[], begin, end };
}

/** Tensors have to follow each other without hole or overlap, from the start of the data to the end of the file. */
function checkExtents(entries: readonly HeaderEntry[], dataBytes: number): void {
  let reached = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== reached) {
      const fault = begin > reached ? 'a hole' : 'an overlap';
      throw new Error(
        `safetensors: tensor ${JSON.stringify(name)} starts at data offset ${begin}, expected ${reached}: ${fault}`,
      );
    }
    reached = end;
  }
  if (reached !== dataBytes) {
    const fault = reached > dataBytes ? 'the file is cut short' : 'bytes are left over';
    throw new Error(`safetensors: ${dataBytes} bytes of data follow the header, expected ${reached}: ${fault}`);
  }
}

export function checkText(text: unknown, what: string): asserts text is string {
  if (typeof text !== 'string' || /\p{Surrogate}/u.test(text))
    throw new Error(`safetensors: ${what} is ${shorten(text)}, expected a string without lone surrogates`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

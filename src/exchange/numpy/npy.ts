import { kinds, type NpyArray, type NpyData, type NpyDtype, tagOf } from './dtypes.ts';
import { floatsToHalves, halvesToFloats } from './half.ts';
import { headerText, parseHeader } from './header.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Longer headers are those of structured arrays. */
const LONGEST_HEADER = 1 << 16;

/**
 * A .npy file, version 1.0, little endian, C order: the bytes that NumPy's own `np.save` writes.
 *
 * @throws when the data do not go with dtype and shape
 */
export function encodeNpy(array: NpyArray): Uint8Array {
  const { dtype, shape, data } = array;
  checkArray(array);
  const { code, bytes } = kinds[dtype];
  const descr = (bytes === 1 ? '|' : '<') + code;
  const text = headerText({ descr, shape });
  // data begin at a multiple of 64
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const file = new Uint8Array(10 + length + data.length * bytes);
  file.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  file.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  const stored = dtype === 'float16' ? floatsToHalves(data as Float32Array) : data;
  const content = file.subarray(10 + length);
  content.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
  if (!hostIsLittleEndian) swap(content, bytes);
  return file;
}

/**
 * Reads a .npy file of version 1 to 3, of either byte order, in C or Fortran order. Takes no more memory than a few times the file's own size.
 *
 * @param where the file, for messages
 * @throws for arrays of objects, of texts and of structures, and for what is damaged
 */
export function decodeNpy(bytes: Uint8Array, where = 'npy'): NpyArray {
  const fail = (what: string): never => {
    throw new Error(`${where}: ${what}`);
  };
  if (bytes.length < 10 || MAGIC.some((x, i) => bytes[i] !== x))
    fail(`expected a .npy file, which begins with \\x93NUMPY at byte 0, got ${bytes.length} bytes of something else`);
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if (major < 1 || major > 3 || minor !== 0) fail(`has version ${major}.${minor} at byte 6, expected 1.0, 2.0 or 3.0`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail(`ends at byte ${bytes.length}, within the length of its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) fail(`has a header of ${length} bytes, expected at most ${LONGEST_HEADER}`);
  if (length > bytes.length - start)
    fail(`has a header of ${length} bytes at byte ${start}, but only ${bytes.length - start} follow`);
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, start + length));
  const { descr, fortran, shape } = parseHeader(text, where);
  const { dtype, littleEndian } = elementsOf(descr, fail);
  const content = bytes.subarray(start + length);
  const elements = countOf(shape, fail);
  const expected = elements * kinds[dtype].bytes;
  if (content.length !== expected)
    fail(
      `has ${content.length} bytes of data, expected ${expected} for ${dtype} of shape (${shape.join(', ')}) from byte ${start + length}`,
    );
  const data = read(content, dtype, littleEndian);
  if (dtype === 'bool' && (data as Uint8Array).some((x) => x > 1)) fail('has a bool that is neither 0 nor 1');
  return { dtype, shape, data: fortran && shape.length > 1 ? toC(data, shape, kinds[dtype].View) : data };
}

type Fail = (what: string) => never;

function elementsOf(descr: string, fail: Fail): { dtype: NpyDtype; littleEndian: boolean } {
  const [, order, code] = /^([<>|=]?)([a-zA-Z][0-9]*)$/.exec(descr) ?? [];
  const found = (Object.keys(kinds) as NpyDtype[]).find((name) => kinds[name].code === code);
  const known = Object.keys(kinds).join(', ');
  if (!found) {
    const what: Record<string, string> = {
      O: 'objects',
      S: 'texts',
      U: 'texts',
      V: 'structures',
      c: 'complex numbers',
    };
    const holds = what[code?.[0] ?? ''];
    return fail(`has elements '${descr}'${holds ? `, ${holds}` : ''}; expected one of ${known}`);
  }
  if (kinds[found].bytes > 1 && (order === '|' || order === ''))
    fail(`has elements '${descr}' without a byte order, expected < or >`);
  return { dtype: found, littleEndian: order === '=' ? hostIsLittleEndian : order !== '>' };
}

function countOf(shape: readonly number[], fail: Fail): number {
  // a size of 0 does not make the others harmless: they may still be beyond reason
  const most = shape.reduce((n, size) => n * Math.max(1, size), 1);
  if (!(most < 2 ** 50)) fail(`has shape (${shape.join(', ')}), expected fewer than 2^50 elements`);
  return shape.includes(0) ? 0 : most;
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function read(content: Uint8Array, dtype: NpyDtype, littleEndian: boolean): NpyData {
  // a copy, since data need not lie at a multiple of the element's size
  // not slice(), which of a Buffer of Node's is no copy
  const own = new Uint8Array(content);
  if (littleEndian !== hostIsLittleEndian) swap(own, kinds[dtype].bytes);
  return dtype === 'float16' ? halvesToFloats(new Uint16Array(own.buffer)) : new kinds[dtype].View(own.buffer);
}

function swap(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** From Fortran order, the first axis fastest, to C order. */
function toC<A extends NpyData>(data: A, shape: readonly number[], View: new (length: number) => NpyData): NpyData {
  const out = new View(data.length) as unknown as (number | bigint)[];
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < data.length; i++) {
    out[i] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out as unknown as NpyData;
}

function checkArray({ dtype, shape, data }: NpyArray): void {
  if (!Object.hasOwn(kinds, dtype))
    throw new Error(`npy: dtype is '${dtype}', expected one of ${Object.keys(kinds).join(', ')}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new Error(`npy: shape is [${shape.join(', ')}], expected whole numbers from 0`);
  const { name } = kinds[dtype].View;
  if (tagOf(data) !== name) throw new Error(`npy: data of ${dtype} must be a ${name}, got ${tagOf(data)}`);
  const elements = shape.reduce((a, b) => a * b, 1);
  if (elements !== data.length)
    throw new Error(`npy: shape [${shape.join(', ')}] has ${elements} elements, the data ${data.length}`);
}

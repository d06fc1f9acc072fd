import type { Contents } from '../device/device.ts';
import { type Form, unpackSpikes, unpadRows } from '../device/storage.ts';

const floats = (n: number): Float32Array => new Float32Array(n);

/** Memory contents as plain float32 numbers of the tensor's shape. */
export function decode(contents: Contents, form: Form, shape: readonly number[]): Float32Array {
  if (form === 'words') return Float32Array.from(contents.words);
  if (form === 'bits' && contents.packed) {
    return Float32Array.from(
      unpackSpikes(
        new Uint32Array(contents.words.buffer, contents.words.byteOffset, contents.words.length),
        shape as [number, number, number],
      ),
    );
  }
  if (form !== 'f32' && contents.packed) throw new Error(`decode: ${form} is an input's form and is not read back`);
  return unpadRows(contents.words, shape, floats);
}

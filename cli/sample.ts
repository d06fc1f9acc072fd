import { readFileSync } from 'node:fs';
import { UsageError } from './args.ts';
import type { Library } from './library.ts';

/** Inputs [T, B, N] of a `.npy`, or of `input` in a `.npz`. @throws UsageError when there are none */
export async function readSample(library: Library, file: string): ReturnType<Library['makeSample']> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(`--sample: ${file} cannot be read: ${(error as Error).message}`);
  }
  const array = file.endsWith('.npz') ? (await library.decodeNpz(bytes)).get('input') : library.decodeNpy(bytes);
  if (!array) throw new UsageError(`--sample: ${file} has no array 'input'`);
  const [T, B, N, ...more] = array.shape;
  if (T === undefined || B === undefined || N === undefined || more.length > 0)
    throw new UsageError(`--sample: expected inputs [T, B, N], got [${array.shape.join(', ')}]`);
  return { T, B, N, inputs: Float32Array.from(array.data as ArrayLike<number>, Number) };
}

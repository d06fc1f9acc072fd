import type { NpyArray } from './dtypes.ts';
import { decodeNpy, encodeNpy } from './npy.ts';

/** What the members of an .npz may have together, unpacked. */
const MOST = 2 ** 30;

/**
 * A .npz file as `np.savez` writes it, members stored; the same arrays give the same bytes.
 *
 * @throws naming the array that cannot be written
 */
export async function encodeNpz(
  arrays: ReadonlyMap<string, NpyArray> | Readonly<Record<string, NpyArray>>,
): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of arrays instanceof Map ? arrays : Object.entries(arrays)) {
    if (name === '') throw new Error('npz: an array has no name');
    try {
      files.set(`${name}.npy`, encodeNpy(array));
    } catch (cause) {
      throw new Error(`npz: array '${name}': ${(cause as Error).message}`, { cause });
    }
  }
  const { zip } = await import('./zip.ts');
  return zip(files);
}

/**
 * Reads a .npz file, of `np.savez` or `np.savez_compressed`. Its arrays have at most 1 GiB together.
 *
 * @returns arrays by name, in the order of the file
 * @throws naming the member and the place in the file
 */
export async function decodeNpz(bytes: Uint8Array, where = 'npz'): Promise<Map<string, NpyArray>> {
  const { unzip } = await import('./zip.ts');
  const arrays = new Map<string, NpyArray>();
  for (const [name, content] of await unzip(bytes, MOST, where)) {
    if (!name.endsWith('.npy')) throw new Error(`${where}: member '${name}' is no .npy file`);
    arrays.set(name.slice(0, -4), decodeNpy(content, `${where}: '${name}'`));
  }
  return arrays;
}

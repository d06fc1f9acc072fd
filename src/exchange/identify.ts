import type { Hdf5Group } from './hdf5/tree.ts';

/** What a file is, by its first bytes; `hdf5` may be NIR or NetX. */
export type Kind = 'hdf5' | 'zip' | 'npy' | 'json' | 'safetensors' | 'onnx' | 'unknown';

const starts = (bytes: Uint8Array, ...first: number[]): boolean => first.every((b, i) => bytes[i] === b);

const HDF5 = [0x89, 0x48, 0x44, 0x46];

export function identify(bytes: Uint8Array): Kind {
  if (starts(bytes, ...HDF5)) return 'hdf5';
  if (starts(bytes, 0x50, 0x4b)) return 'zip';
  if (starts(bytes, 0x93, 0x4e, 0x55, 0x4d)) return 'npy';
  // the length of a header comes first, and the header is an object
  if (bytes.length >= 9 && bytes[8] === 0x7b && bytes[7] === 0) return 'safetensors';
  if (/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))) return 'json';
  // ir_version, the first field of a model
  if (starts(bytes, 0x08) && bytes[1]! < 0x80) return 'onnx';
  // a block of its user's may stand before it, of 512 bytes or a power of two times that; last, as weights may hold any bytes
  for (let at = 512; at < bytes.length; at *= 2) if (starts(bytes.subarray(at), ...HDF5)) return 'hdf5';
  return 'unknown';
}

/** What is in an HDF5 file. */
export const hdf5Kind = (root: Hdf5Group): 'nir' | 'netx' | 'unknown' =>
  root.children.has('node') ? 'nir' : root.children.has('layer') ? 'netx' : 'unknown';

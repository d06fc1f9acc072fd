import { onlyKnown } from '../../neurons/nearest.ts';
import { ask } from './client.ts';
import type { Hdf5Group } from './tree.ts';

/** What reading a file may cost. */
export interface Hdf5Limits {
  /** Seconds until it is given up; 20 unless told. */
  readonly seconds?: number;
  /** Bytes of decoded data, of all datasets together; a GiB unless told. */
  readonly bytes?: number;
  /** Whether the attributes of groups are read too; not unless told. */
  readonly attributes?: boolean;
}

const SECONDS = 20;
const BYTES = 2 ** 30;
/** Deflate makes at most 1,032 bytes of one; what was never written takes none and reads as zeros. */
const EXPANSION = 2000;
const SMALL = 2 ** 20;

/**
 * Reads an HDF5 file whole, in a worker that holds the HDF5 library. Groups, and datasets of integers and fractions of 1 to 8 bytes
 * (of 2 bytes as IEEE binary16), of booleans as h5py stores them, and of texts; numbers of either order of bytes, compressed or
 * not.
 *
 * The file may be anybody's. At most `min(bytes, 2000 * file + 1 MiB)` bytes are decoded, sizes being checked before memory is
 * taken; the library's own memory stays below 64 MiB and four times that bound, besides a copy of the file; 100,000 objects and 32
 * levels of groups; a worker that takes too long, or in which the library fails, is ended.
 *
 * @throws with the path of what cannot be read: damage, links by path or into other files, types that are not read, too much data
 */
export async function readHdf5(bytes: Uint8Array, limits: Hdf5Limits = {}): Promise<Hdf5Group> {
  onlyKnown('readHdf5', limits, ['seconds', 'bytes', 'attributes']);
  if (!(bytes instanceof Uint8Array))
    throw new Error(`readHdf5: expected the file as a Uint8Array, got ${typeof bytes}`);
  const { seconds = SECONDS, bytes: allowed = BYTES, attributes = false } = limits;
  for (const [name, value] of Object.entries({ seconds, bytes: allowed }))
    if (!(value > 0)) throw new Error(`readHdf5: ${name} must be above 0, got ${value}`);
  if (!isSigned(bytes))
    throw new Error(`not an HDF5 file: byte 0: expected its signature 89 48 44 46, got ${startOf(bytes)}`);
  const most = Math.min(allowed, EXPANSION * bytes.length + SMALL);
  const said = await ask({ kind: 'read', bytes, most, attributes }, seconds);
  if (said.kind !== 'root') throw new Error(`HDF5: expected a tree from the worker, got ${said.kind}`);
  return said.root;
}

/** HDF5 allows a block of the user's own before the file; its size is a power of two from 512 on. */
function isSigned(bytes: Uint8Array): boolean {
  const mark = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  for (let at = 0; at + mark.length <= bytes.length; at = at === 0 ? 512 : at * 2)
    if (mark.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

const startOf = (bytes: Uint8Array): string =>
  bytes.length === 0
    ? 'an empty file'
    : Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

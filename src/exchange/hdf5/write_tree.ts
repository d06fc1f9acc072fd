import type { File, Group } from 'h5wasm';
import type { Hdf5Dataset, Hdf5Group } from './tree.ts';

/** Numbers of fewer bytes are not compressed. */
const WORTH_GZIP = 512;
/** Bytes of a compressed piece, about. */
const PIECE = 1 << 20;

/** Writes a tree, which `checkTree` has seen, into an open and empty file; the order of names is kept. */
export function writeTree(file: File, root: Hdf5Group, gzip: boolean): void {
  const into = (at: Group, { children, attributes }: Hdf5Group): void => {
    for (const [name, value] of attributes ?? []) {
      const { data, dtype } = { dtype: undefined, ...stored(value) };
      at.create_attribute(name, data, [...value.shape], dtype);
    }
    for (const [name, node] of children) {
      if (node.kind === 'group') into(at.create_group(name, true), node);
      else at.create_dataset({ name, ...stored(node), shape: [...node.shape], ...pieces(node, gzip) });
    }
  };
  into(file, root);
}

/** Texts of any length are told to be texts, which of none of them could not be seen. */
const stored = ({ data }: Hdf5Dataset) => (ArrayBuffer.isView(data) ? { data } : { data: [...data], dtype: 'S' });

/** Whole rows of about a MiB together, as is quick to read. */
function pieces({ shape, data }: Hdf5Dataset, gzip: boolean): { chunks?: number[]; compression?: 'gzip' } {
  if (!gzip || !ArrayBuffer.isView(data) || shape.length === 0 || data.byteLength < WORTH_GZIP) return {};
  const chunks = [...shape];
  const rowBytes = data.byteLength / shape[0]!;
  chunks[0] = Math.min(shape[0]!, Math.max(1, Math.floor(PIECE / rowBytes)));
  return { chunks, compression: 'gzip' };
}

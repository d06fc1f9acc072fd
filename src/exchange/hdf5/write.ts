import { onlyKnown } from '../../neurons/nearest.ts';
import { ask } from './client.ts';
import { HALF, type Hdf5Dataset, type Hdf5Group, wrongName } from './tree.ts';

export interface Hdf5Options {
  /** Whether arrays of 512 bytes and more are compressed; not unless told. */
  readonly gzip?: boolean;
}

/**
 * Writes an HDF5 file. Every group keeps the order of its children; texts have any length and are UTF-8. The same tree makes the
 * same bytes.
 *
 * @throws with the path of what cannot be written
 */
export async function writeHdf5(root: Hdf5Group, options: Hdf5Options = {}): Promise<Uint8Array> {
  onlyKnown('writeHdf5', options, ['gzip']);
  checkTree(root, '', 0);
  const said = await ask({ kind: 'write', root, gzip: options.gzip ?? false }, Number.POSITIVE_INFINITY);
  if (said.kind !== 'file') throw new Error(`HDF5: expected a file from the worker, got ${said.kind}`);
  return said.bytes;
}

/** @throws what the library would take for something else */
function checkTree({ children, attributes }: Hdf5Group, path: string, depth: number): void {
  if (depth > 32) throw new Error(`writeHdf5: '${path}' lies more than 32 groups deep`);
  for (const [name, value] of attributes ?? []) checkData(value, `${path}@${name}`);
  for (const [name, node] of children) {
    const wrong = wrongName(name);
    if (wrong) throw new Error(`writeHdf5: '${path}/${name}': ${wrong}`);
    if (node.kind === 'group') checkTree(node, `${path}/${name}`, depth + 1);
    else checkData(node, `${path}/${name}`);
  }
}

function checkData({ shape, data }: Hdf5Dataset, path: string): void {
  const count = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || count !== data.length)
    throw new Error(`writeHdf5: '${path}' has the shape [${shape}] and ${data.length} elements`);
  if (ArrayBuffer.isView(data)) return;
  for (const text of data) {
    if (text.includes('\0')) throw new Error(`writeHdf5: '${path}': a text must not contain the character 0`);
    if (HALF.test(text))
      throw new Error(`writeHdf5: '${path}': a text must not contain half a character, of which UTF-8 has none`);
  }
}

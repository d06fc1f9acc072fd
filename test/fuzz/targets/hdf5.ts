import { readHdf5 } from '../../../src/exchange/hdf5/read.ts';
import { dataset, group, type Hdf5Group, type Hdf5Node } from '../../../src/exchange/hdf5/tree.ts';
import { writeHdf5 } from '../../../src/exchange/hdf5/write.ts';
import { fixture } from '../fixtures.ts';
import { anyBytes, nearMarks } from '../mutators/bytes.ts';
import { editTree } from '../mutators/tree.ts';
import type { Random } from '../random.ts';
import { type Make, megabytes, type Target, way } from '../target.ts';

/** Structures of HDF5 by the marks that they begin with; the superblock has one too. */
export const MARKS = [
  '\x89HDF',
  'TREE',
  'SNOD',
  'HEAP',
  'GCOL',
  'OHDR',
  'OCHK',
  'FRHP',
  'FHDB',
  'FHIB',
  'BTHD',
  'BTLF',
  'BTIN',
  'FADB',
  'FAHD',
  'EAHD',
];

const trees = new WeakMap<Uint8Array, Hdf5Group>();

/** A seed file with its tree changed and written again: what only the rules of a format can notice. */
export const throughTree: Make = async (bytes, _, random) => {
  const tree = trees.get(bytes) ?? (await readHdf5(bytes));
  trees.set(bytes, tree);
  return written(editTree(tree, random));
};

/** @returns null where our writer refuses the tree */
export async function written(tree: Hdf5Group): Promise<Uint8Array | null> {
  try {
    return await writeHdf5(tree, { gzip: true });
  } catch {
    return null;
  }
}

/** Bytes of the superblock and of the first object headers. */
const front = (bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array =>
  nearMarks(['\x89HDF'], random.pick([64, 512, 2048]))(bytes, other, random);

function wrongNode(path: string, node: Hdf5Node): string | null {
  if (node.kind === 'group') {
    for (const [name, child] of node.children) {
      const wrong = wrongNode(`${path}/${name}`, child);
      if (wrong) return wrong;
    }
    return null;
  }
  const elements = node.shape.reduce((a, b) => a * b, 1);
  return node.data.length === elements ? null : `'${path}' of [${node.shape}] has ${node.data.length} elements`;
}

/** The library loops on some damage until it is ended. */
export const patience = { seconds: 2 };

export const worker = {
  milliseconds: 2000,
  // the library's code and tables in each of two workers, one being ended while the next one starts; then see readHdf5
  bound: (size: number): number => megabytes(400) + 4 * Math.min(2 ** 30, 2000 * size + 2 ** 20),
};

/** `readHdf5`. Bound: as it says, and what a worker with the library takes. */
export const hdf5: Target = {
  name: 'hdf5',
  ...worker,
  says: /^(HDF5|not an HDF5 file|readHdf5): /,
  async seeds() {
    const made = group([
      ['scalar', dataset(Float64Array.of(1.5), [])],
      ['texts', dataset(['a', 'long '.repeat(20), ''], [3])],
      ['packed', dataset(Float32Array.from({ length: 600 }, Math.sin), [20, 30])],
      ['inner', group([['deep', group([['counts', dataset(BigInt64Array.of(1n, -2n))]])]])],
    ]);
    const ours = await writeHdf5(made, { gzip: true });
    return [ours, fixture('types.h5.gz'), fixture('old_style.nir.gz'), fixture('recurrent.nir.gz')];
  },
  makes: [
    way('bytes', 4, anyBytes),
    way('structures', 4, nearMarks(MARKS, 64)),
    way('front', 2, front),
    way('tree', 1, throughTree),
  ],
  read: (bytes) => readHdf5(bytes, patience),
  wrong: (value) => wrongNode('', value as Hdf5Group),
};

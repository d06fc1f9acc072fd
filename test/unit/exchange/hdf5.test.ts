import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHdf5 } from '../../../src/exchange/hdf5/read.ts';
import { dataset, group, type Hdf5Dataset, type Hdf5Group, type Hdf5Node } from '../../../src/exchange/hdf5/tree.ts';
import { writeHdf5 } from '../../../src/exchange/hdf5/write.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(new URL(`../../fixtures/exchange/${name}.gz`, import.meta.url))));

const at = (root: Hdf5Group, path: string): Hdf5Node => {
  let node: Hdf5Node = root;
  for (const name of path.split('/')) {
    if (node.kind !== 'group' || !node.children.has(name)) throw new Error(`no ${path}`);
    node = node.children.get(name)!;
  }
  return node;
};

const names = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter((n) => !/^\.$|\/|\0/.test(n));
const texts = fc.string({ maxLength: 12, unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
const ARRAYS = [
  Float64Array,
  Float32Array,
  BigInt64Array,
  BigUint64Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
];
const data: fc.Arbitrary<Hdf5Dataset> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    fc.nat(ARRAYS.length),
    fc.array(fc.double(), { minLength: 64, maxLength: 64 }),
    texts,
  )
  .map(([shape, kind, numbers, text]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const some = numbers.slice(0, count);
    const Kind = ARRAYS[kind];
    if (!Kind)
      return dataset(
        some.map((_, i) => `${text}${i}`),
        shape,
      );
    const whole = (x: number): bigint => BigInt(Math.floor(Number.isFinite(x) ? x % 1e6 : 7));
    if (Kind === BigInt64Array || Kind === BigUint64Array) return dataset(Kind.from(some.map(whole)), shape);
    return dataset((Kind as Float64ArrayConstructor).from(some), shape);
  });
const { tree } = fc.letrec<{ node: Hdf5Node; tree: Hdf5Group }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, data, tie('tree')),
  tree: fc.uniqueArray(fc.tuple(names, tie('node')), { selector: ([n]) => n, maxLength: 5 }).map((c) => group(c)),
}));

const order = (root: Hdf5Group): unknown[] =>
  [...root.children].map(([name, node]) => (node.kind === 'group' ? [name, order(node)] : name));

test('what is written is read, in the same order and type, compressed or not', async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.boolean(), async (root, gzip) => {
      const back = await readHdf5(await writeHdf5(root, { gzip }));
      expect(back).toEqual(root);
      expect(order(back)).toEqual(order(root));
    }),
    { seed: 5, numRuns: 40 },
  );
});

test('large arrays are compressed in pieces, attributes are kept, and the same tree makes the same bytes', async () => {
  const many = Float32Array.from({ length: 300_000 }, (_, i) => i % 10);
  const attributes: [string, Hdf5Dataset][] = [
    ['dt', dataset(Float64Array.of(1e-4), [])],
    ['kind', dataset(['grid'], [])],
  ];
  const packed = await writeHdf5(group([['many', dataset(many, [3000, 100])]], attributes), { gzip: true });
  expect(packed.length).toBeLessThan(many.byteLength / 20);
  // HDF5 notes the second in which a dataset is made
  await new Promise((wait) => setTimeout(wait, 1100));
  const again = await writeHdf5(group([['many', dataset(many, [3000, 100])]], attributes), { gzip: true });
  expect(Buffer.compare(packed, again)).toBe(0);
  const back = await readHdf5(packed, { attributes: true });
  expect([...back.attributes!]).toEqual(attributes);
  const { shape, data } = at(back, 'many') as Hdf5Dataset;
  expect(shape).toEqual([3000, 100]);
  // element by element takes the test's library seconds
  expect(Buffer.compare(Buffer.from((data as Float32Array).buffer), Buffer.from(many.buffer))).toBe(0);
  expect((await readHdf5(packed)).attributes).toBeUndefined();
});

test('types of h5py: big-endian, half precision, booleans, fixed texts, integers of all sizes', async () => {
  const root = await readHdf5(fixture('types.h5'));
  const plain = (name: string): unknown[] => [...(at(root, name) as Hdf5Dataset).data];
  expect(plain('big_f8')).toEqual([1.5, -2]);
  expect(plain('big_i8')).toEqual([-2n, 2n ** 40n]);
  expect(plain('big_u2')).toEqual([1, 65535]);
  expect(plain('half')).toEqual([1.5, 65504, Number.POSITIVE_INFINITY, 2 ** -24]);
  expect(plain('booleans')).toEqual([1, 0, 1]);
  expect(plain('fixed')).toEqual(['ab', 'cde']);
  expect(plain('spaces')).toEqual(['ab', 'cd']);
  expect(plain('any')).toEqual(['', 'ü']);
  expect(plain('packed').slice(0, 3)).toEqual([0, 1, 2]);
  expect(at(root, 'scalar')).toEqual(dataset(Int8Array.of(-3), []));
});

test('a block of the user before the file is passed over', async () => {
  const [block, file] = [new Uint8Array(512), await writeHdf5(group([['x', dataset(Int8Array.of(1))]]))];
  // addresses inside count from the file's beginning, which its superblock says
  const moved = new Uint8Array([...block, ...file]);
  await expect(readHdf5(moved)).resolves.toEqual(group([['x', dataset(Int8Array.of(1))]]));
});

test.each([
  ['soft', "'/inside/soft' is a link by path, to '/x'; only hard links are read"],
  ['external', "'/external' is a link into another file, 'other.h5'; only hard links are read"],
  ['cycle', "'/a/b/again' is the group '/a' by another name, which is not read"],
  ['deep', 'lies more than 32 groups deep'],
  ['compound', "'/in/c' holds a compound, which is not read"],
  ['opaque', "'/c' holds opaque bytes, which is not read"],
  ['enumeration', "'/c' holds an enumeration, which is not read"],
  ['lists', "'/c' holds lists of unequal length, which is not read"],
  ['reference', "'/c' holds a reference, which is not read"],
  ['null', "'/c' is empty: it has no shape"],
  ['long_double', "'/c' holds numbers of 16 bytes; expected 1, 2, 4 or 8"],
  ['virtual', "'/v' is made of parts of other files, which are not read"],
  ['lzf', "'/x' is compressed with filter 32000 'lzf', which is not read"],
  ['latin', "'/x' holds a text that is not UTF-8"],
  [
    'unwritten',
    /'\/x' of shape \[1099511627776\] needs at least 8796093022208 bytes, \d+ are left of the \d+ for this file/,
  ],
  ['piece', /'\/x' is stored in pieces of 800000000 bytes, more than the \d+ for this file/],
])('%s is refused with its path', async (name, message) => {
  const root = at(await readHdf5(fixture('refused.h5')), name) as Hdf5Dataset;
  await expect(readHdf5(Uint8Array.from(root.data as Uint8Array))).rejects.toThrow(message);
});

test('what is no HDF5 file, or a part of one, is refused', async () => {
  const whole = fixture('recurrent.nir');
  await expect(readHdf5(new Uint8Array(0))).rejects.toThrow(
    'not an HDF5 file: byte 0: expected its signature 89 48 44 46, got an empty file',
  );
  await expect(readHdf5(new TextEncoder().encode('PK..'))).rejects.toThrow('got 50 4b 2e 2e');
  await expect(readHdf5(whole.slice(0, 20_000))).rejects.toThrow(
    /the file cannot be opened: .*truncated file: eof = 20000/,
  );
  await expect(readHdf5('x' as unknown as Uint8Array)).rejects.toThrow('expected the file as a Uint8Array, got string');
  await expect(readHdf5(whole, { seconds: -1 })).rejects.toThrow('seconds must be above 0, got -1');
  await expect(readHdf5(whole, { second: 1 } as object)).rejects.toThrow("did you mean 'seconds'");
});

test('damage is named by path, and what comes next is read all the same', async () => {
  const whole = fixture('recurrent.nir');
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const damaged = whole.slice();
    // 4,099 is prime, so that places are spread
    damaged[(i * 4099) % whole.length]! ^= 1 << (i % 8);
    try {
      await readHdf5(damaged, { seconds: 2 });
    } catch (error) {
      refused++;
      expect((error as Error).message).toMatch(
        /^(HDF5: ('\/|the file cannot be opened|given up)|not an HDF5 file: byte 0)/,
      );
    }
  }
  expect(refused).toBeGreaterThan(5);
  expect((await readHdf5(whole)).children.size).toBe(2);
});

test('time, data and the memory of texts are bounded', async () => {
  const big = await writeHdf5(group([['x', dataset(new Float64Array(2e6).map(Math.random))]]));
  await expect(readHdf5(big, { seconds: 0.001 })).rejects.toThrow('HDF5: given up after 0.001 s');
  await expect(readHdf5(big, { bytes: 1e6 })).rejects.toThrow(
    "'/x' of shape [2000000] needs at least 16000000 bytes, 1000000 are left of the 1000000",
  );
  const several = await writeHdf5(group(['a', 'b', 'c'].map((name) => [name, dataset(new Float64Array(50))])));
  await expect(readHdf5(several, { bytes: 1000 })).rejects.toThrow(
    "'/c' of shape [50] needs at least 400 bytes, 200 are left of the 1000",
  );

  // one long text to which all elements lead: 2 GB from a file of 400 KB
  const texts = await writeHdf5(
    group([['x', dataset(['y'.repeat(1e5), ...new Array<string>(20_000).fill('z')], [20_001])]]),
  );
  const view = new DataView(texts.buffer);
  let first = 0;
  while (
    !(
      view.getUint32(first, true) === 1e5 &&
      view.getUint32(first + 12, true) === 1 &&
      view.getUint32(first + 16, true) === 1
    )
  )
    first++;
  for (let i = 1; i <= 20_000; i++) texts.copyWithin(first + 16 * i, first, first + 16);
  await expect(readHdf5(texts, { bytes: 1e6 })).rejects.toThrow(/^HDF5: '\/x' cannot be read: .*memory/);
  expect((await readHdf5(several)).children.size).toBe(3);
});

test('what cannot be written is refused with its path', async () => {
  const x = dataset(Float32Array.of(1, 2));
  for (const [root, message] of [
    [group([['a/b', x]]), "'/a/b': a name must not contain '/'"],
    [group([['in', group([['.', x]])]]), "'/in/.': '.' is a group's name for itself"],
    [group([['', x]]), 'a name must not be empty'],
    [group([['n'.repeat(1001), x]]), 'a name must not have more than 1000 characters, got 1001'],
    [group([['x', dataset(Float32Array.of(1, 2), [3])]]), "'/x' has the shape [3] and 2 elements"],
    [group([['x', dataset(['a\0b'])]]), "'/x': a text must not contain the character 0"],
    [group([['x', dataset(['a\ud800'])]]), "'/x': a text must not contain half a character"],
    [group([['\ud800', x]]), 'a name must not contain half a character'],
  ] as const)
    await expect(writeHdf5(root)).rejects.toThrow(message);
});

import { decodeNpy, decodeNpz, encodeNpz, type NpyArray, npy } from '../../../src/exchange/numpy/index.ts';
import { unzip, zip } from '../../../src/exchange/numpy/zip.ts';
import { fixture } from '../fixtures.ts';
import { anyBytes, join, type Mutator, nearMarks } from '../mutators/bytes.ts';
import type { Random } from '../random.ts';
import { megabytes, type Target, way } from '../target.ts';

const LITERALS = [
  "'",
  '"',
  '(',
  ')',
  ',',
  ':',
  '{',
  '}',
  '[',
  ' ',
  'L',
  '-1',
  'True',
  'None',
  'shape',
  '1e5',
  '0x10',
  '99999999999999999999',
  '4294967296',
  '((((',
  "'O'",
  "'<f8'",
  "'|V8'",
  "'>i2'",
];

/** The Python literal before the data, changed as text, with its length as it then is. */
const header: Mutator = (bytes, _, random) => {
  const length = bytes.length < 10 ? 0 : bytes[8]! + 256 * bytes[9]!;
  let text = new TextDecoder('latin1').decode(bytes.subarray(10, 10 + length));
  for (let n = random.length(4); n > 0; n--) {
    const at = random.int(text.length + 1);
    const over = random.chance(0.5) ? random.length(20) : 0;
    text =
      text.slice(0, at) +
      random.pick(LITERALS).repeat(random.chance(0.05) ? random.length(3000) : 1) +
      text.slice(at + over);
  }
  const literal = Uint8Array.from(text.slice(0, 65535), (c) => c.charCodeAt(0));
  return join(
    bytes.slice(0, 8),
    Uint8Array.of(literal.length & 255, literal.length >> 8),
    literal,
    bytes.slice(10 + length),
  );
};

function wrongArray(name: string, { shape, data }: NpyArray): string | null {
  const elements = shape.reduce((a, b) => a * b, 1);
  return data.length === elements ? null : `'${name}' of [${shape}] has ${data.length} elements`;
}

const arrays = (): Record<string, NpyArray> => ({
  '0.weight': npy(Float32Array.from({ length: 12 }, Math.sqrt), [3, 4]),
  'spikes.0': npy(Uint8Array.of(1, 0, 0, 1), [2, 1, 2]),
  steps: npy(BigInt64Array.of(-5n), []),
});

/** `decodeNpy`. Bound: a few times the file. */
export const npyTarget: Target = {
  name: 'npy',
  milliseconds: 200,
  bound: (size) => megabytes(8) + 16 * size,
  says: /^npy: /,
  async seeds() {
    const files = [...(await unzip(fixture('numpy.npz'), 2 ** 20, 'npz')).values()];
    return [...files.filter((file) => file.length < 4096), fixture('numpy_v2.npy'), fixture('numpy_v3.npy')].filter(
      isRead,
    );
  },
  makes: [way('bytes', 2, anyBytes), way('header', 3, header)],
  read: (bytes) => decodeNpy(bytes),
  wrong: (value) => wrongArray('the array', value as NpyArray),
};

function isRead(bytes: Uint8Array): boolean {
  try {
    decodeNpy(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The members of an archive, one of them changed, in an archive that is whole. */
async function members(bytes: Uint8Array, other: Uint8Array, random: Random): Promise<Uint8Array> {
  const files = await unzip(bytes, 2 ** 20, 'npz');
  const theirs = [...(await unzip(other, 2 ** 20, 'npz')).values()];
  const name = random.pick([...files.keys()]);
  const member = files.get(name)!;
  files.set(name, random.chance(0.5) ? header(member, member, random) : anyBytes(member, random.pick(theirs), random));
  if (random.chance(0.2)) files.set(random.pick(['__proto__.npy', 'x.txt', '../x.npy', '.npy', 'a/b.npy']), member);
  return zip(files);
}

/** `decodeNpz`. Bound: what zip.js keeps in hand, and up to 1,032 times a member, the most that deflate packs. */
export const npz: Target = {
  name: 'npz',
  milliseconds: 400,
  bound: (size) => megabytes(32) + 1100 * size,
  says: /^npz: /,
  async seeds() {
    return [fixture('numpy_compressed.npz'), await encodeNpz(arrays()), await encodeNpz({ x: arrays().steps! })];
  },
  makes: [
    way('bytes', 2, anyBytes),
    way('records', 4, nearMarks(['PK\u0001\u0002', 'PK\u0003\u0004', 'PK\u0005\u0006', 'PK\u0006'], 46)),
    way('members', 3, members),
  ],
  read: decodeNpz,
  wrong(value) {
    for (const [name, array] of value as ReadonlyMap<string, NpyArray>) {
      const wrong = wrongArray(name, array);
      if (wrong) return wrong;
    }
    return null;
  },
};

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  activityNpz,
  decodeNpy,
  decodeNpz,
  encodeNpy,
  encodeNpz,
  loadWeightsNpz,
  type NpyArray,
  npy,
  weightsNpz,
} from '../../../src/exchange/numpy/index.ts';
import { zip } from '../../../src/exchange/numpy/zip.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Sequential } from '../../../src/layers/sequential.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/exchange/${name}`, import.meta.url)));

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A .npy file with a header of one's own. */
function withHeader(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = bytesOf(header);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...bytesOf('NUMPY'), version, 0, ...length, ...text, ...data]);
}

const plain = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;

describe('files that NumPy wrote', () => {
  test('arrays of every kind', async () => {
    const arrays = await decodeNpz(fixture('numpy_compressed.npz'));
    const of = (name: string): unknown => {
      const { dtype, shape, data } = arrays.get(name)!;
      return [dtype, shape, Array.from(data as Float32Array)];
    };
    expect(of('bool')).toEqual(['bool', [2, 3], [1, 0, 1, 0, 1, 0]]);
    expect(of('int8')).toEqual(['int8', [2, 3], [-3, -2, -1, 0, 1, 2]]);
    expect(of('int16be')).toEqual(['int16', [2, 3], [-3000, -2000, -1000, 0, 1000, 2000]]);
    expect(of('int32')).toEqual(['int32', [2, 3], [-3, -2, -1, 0, 1, 2]]);
    expect(of('int64')).toEqual(['int64', [2, 3], [-3n, -2n, -1n, 0n, 1n, 2n].map((x) => x * 2n ** 53n)]);
    expect(of('uint8')).toEqual(['uint8', [2, 3], [0, 1, 2, 3, 4, 5]]);
    expect(of('uint16')).toEqual(['uint16', [2, 3], [0, 10000, 20000, 30000, 40000, 50000]]);
    expect(of('uint32be')).toEqual(['uint32', [2, 3], [0, 1, 2, 3, 4, 5].map((x) => x * 800000000)]);
    expect(of('uint64')).toEqual(['uint64', [2, 3], [0n, 1n, 2n, 3n, 4n, 5n]]);
    expect(of('float32')).toEqual(['float32', [2, 3], [0, 1, 2, 3, 4, 5].map((x) => Math.fround(x / 3))]);
    expect(of('float64be')).toEqual(['float64', [2, 3], [0, 1, 2, 3, 4, 5].map((x) => x / 3)]);
    expect(of('fortran')).toEqual(['float32', [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)]);
    expect(of('scalar')).toEqual(['float64', [], [1.5]]);
    expect(of('empty')).toEqual(['float32', [0, 3], []]);
    const half = arrays.get('half')!;
    expect(half.dtype).toBe('float16');
    expect(half.data[5]).toBeCloseTo(0.3, 3);
    const special = arrays.get('half.special')!.data as Float32Array;
    expect(Array.from(special)).toEqual([0, -0, Infinity, -Infinity, 2 ** -24, 65504, 168 * 2 ** -24]);
  });

  test('stored members, and versions 2 and 3', async () => {
    const arrays = await decodeNpz(fixture('numpy.npz'));
    const { data, shape } = arrays.get('float32')!;
    expect([...arrays.keys()]).toEqual(['float32', 'scalar']);
    for (const version of [2, 3])
      expect(decodeNpy(fixture(`numpy_v${version}.npy`))).toEqual({ dtype: 'float32', shape, data });
  });
});

describe('what is written', () => {
  test('is what NumPy writes, byte for byte', async () => {
    const { unzip } = await import('../../../src/exchange/numpy/zip.ts');
    for (const name of ['numpy.npz', 'numpy_compressed.npz']) {
      for (const [member, bytes] of await unzip(fixture(name), 1e6, name)) {
        // those are in an order that we do not write
        if (/be|fortran/.test(member)) continue;
        expect(encodeNpy(decodeNpy(bytes)), member).toEqual(bytes);
      }
    }
  });

  test('comes back bit by bit, from any array', async () => {
    const kinds: readonly ((n: number, seed: number[]) => NpyArray)[] = [
      (n, s) =>
        npy(
          Float32Array.from({ length: n }, (_, i) => s[i % s.length]!),
          [n],
        ),
      (n, s) =>
        npy(
          Float64Array.from({ length: n }, (_, i) => s[i % s.length]!),
          [1, n],
        ),
      (n, s) =>
        npy(
          BigInt64Array.from({ length: n }, (_, i) => BigInt(Math.round(s[i % s.length]! * 100))),
          [n, 1],
        ),
      (n, s) =>
        npy(
          Int16Array.from({ length: n }, (_, i) => s[i % s.length]!),
          [n],
        ),
      (n) => ({ dtype: 'bool', shape: [n], data: Uint8Array.from({ length: n }, (_, i) => i & 1) }),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.string({ minLength: 1, unit: fc.constantFrom('a', 'é', '.', '_', ' ') }), fc.nat(4), fc.nat(9)),
          { maxLength: 4 },
        ),
        fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 5 }),
        async (names, seed) => {
          const arrays = new Map(names.map(([name, kind, n]) => [name, kinds[kind]!(n, seed)]));
          const bytes = await encodeNpz(arrays);
          const back = await decodeNpz(bytes);
          expect(back).toEqual(arrays);
          expect(await encodeNpz(back)).toEqual(bytes);
        },
      ),
      { numRuns: 30, seed: 6 },
    );
  });

  test('half precision: every value, and ties to the even one', () => {
    const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const file = encodeNpy({ dtype: 'float16', shape: [1], data: Float32Array.of(0) });
    const at = file.length - 2;
    const whole = new Uint8Array(at + 2 * every.length);
    whole.set(file.subarray(0, at));
    whole.set(new Uint8Array(every.buffer), at);
    const header = new TextDecoder().decode(whole.subarray(10, at));
    whole.set(bytesOf(header.replace('(1,), }    ', '(65536,), }')), 10);
    const { data } = decodeNpy(whole);
    const back = new Uint16Array(encodeNpy({ dtype: 'float16', shape: [65536], data }).slice(-2 * every.length).buffer);
    every.forEach((bits, i) => {
      // all that are no numbers become one
      const nan = (bits & 0x7c00) === 0x7c00 && (bits & 1023) !== 0;
      if (nan) expect(Number.isNaN(data[i]!) && back[i]).toBe(0x7e00);
      else if (back[i] !== bits) throw new Error(`${bits} came back as ${back[i]}`);
    });
    const rounded = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519, 65520, 2 - 2 ** -12];
    const values = decodeNpy(encodeNpy({ dtype: 'float16', shape: [7], data: Float32Array.from(rounded) })).data;
    expect(Array.from(values as Float32Array)).toEqual([1, 1 + 2 ** -9, 0, 2 ** -23, 65504, Infinity, 2]);
  });

  test('is checked', async () => {
    const bad = { dtype: 'float32', shape: [3], data: new Float64Array(3) } as NpyArray;
    expect(() => encodeNpy(bad)).toThrow('npy: data of float32 must be a Float32Array, got Float64Array');
    expect(() => encodeNpy({ ...bad, data: new Float32Array(2) })).toThrow('shape [3] has 3 elements, the data 2');
    await expect(encodeNpz({ w: bad })).rejects.toThrow("npz: array 'w': npy: data of float32");
  });
});

describe('weights and activity', () => {
  const net = (): Sequential => new Sequential(new AHP(4, 3, { recurrent: true }), new Readout(3, 2));

  test('weights come back under their names', async () => {
    const [one, other] = [net().initialize(1), net().initialize(2)];
    const bytes = await weightsNpz(one);
    expect([...(await decodeNpz(bytes)).keys()]).toEqual([...one.namedParameters().keys()]);
    await loadWeightsNpz(other, bytes);
    for (const [name, p] of other.namedParameters()) expect(p.data).toEqual(one.namedParameters().get(name)!.data);
  });

  test('what does not fit is refused, and leaves the net as it was', async () => {
    const target = net();
    const arrays = await decodeNpz(await weightsNpz(net().initialize(3)));
    const before = target.parameters().map((p) => p.data.slice());
    const changed = async (name: string, array: NpyArray | null): Promise<Uint8Array> => {
      const copy = new Map(arrays);
      if (array) copy.set(name, array);
      else copy.delete(name);
      return encodeNpz(copy);
    };
    const load = (bytes: Uint8Array): Promise<void> => loadWeightsNpz(target, bytes);
    await expect(load(await changed('1.weight', null))).rejects.toThrow(
      "parameter '1.weight' is missing from the file",
    );
    await expect(load(await changed('1.weight', npy(new Float32Array(6), [3, 2])))).rejects.toThrow(
      "parameter '1.weight' must be floats [2, 3], the file has float32 [3, 2]",
    );
    await expect(load(await changed('1.weight', npy(new Int32Array(6), [2, 3])))).rejects.toThrow('has int32 [2, 3]');
    await expect(load(await changed('1.weight', npy(Float64Array.of(0, 0, 0, 0, 1e300, 0), [2, 3])))).rejects.toThrow(
      "parameter '1.weight' must be finite, the file has 1e+300 at 4",
    );
    await expect(load(await changed('more', npy(new Float32Array(1))))).rejects.toThrow(
      'no parameters of the net: more',
    );
    expect(target.parameters().map((p) => p.data)).toEqual(before);
  });

  test('activity, by place', async () => {
    const sample = { T: 2, B: 1, N: 3, inputs: Float32Array.of(0, 1, 0, 1, 1, 0) };
    const layers = [
      { label: '0 AHP', N: 2, spikes: Float64Array.of(0, 1, 1, 0), voltage: Float64Array.of(0.5, 2, 3, 0.25) },
      { label: '1.body.0 Readout', N: 1, spikes: null, voltage: Float64Array.of(7, 8) },
    ];
    const arrays = await decodeNpz(await activityNpz(sample, { T: 2, B: 1, outputs: Float64Array.of(7, 8), layers }));
    expect([...arrays.keys()]).toEqual(['input', 'output', 'spikes.0', 'voltage.0', 'voltage.1.body.0']);
    expect(arrays.get('spikes.0')).toEqual(npy(Uint8Array.of(0, 1, 1, 0), [2, 1, 2]));
    expect(arrays.get('input')).toEqual(npy(sample.inputs, [2, 1, 3]));
  });
});

describe('hostile files', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'expected a .npy file'],
    ['another version', Uint8Array.from([0x93, ...bytesOf('NUMPY'), 4, 0, 0, 0]), 'has version 4.0 at byte 6'],
    ['a header beyond the end', withHeader(plain('<f4', '(1,)')).subarray(0, 40), 'but only 30 follow'],
    [
      'a header beyond reason',
      Uint8Array.from([0x93, ...bytesOf('NUMPY'), 2, 0, 255, 255, 255, 127]),
      'expected at most 65536',
    ],
    ['objects', withHeader(plain('|O', '(1,)')), "has elements '|O', objects"],
    ['texts', withHeader(plain('<U5', '(1,)')), "has elements '<U5', texts"],
    [
      'structures',
      withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
      'structured array',
    ],
    ['complex numbers', withHeader(plain('<c8', '(1,)')), 'complex numbers'],
    ['no byte order', withHeader(plain('f4', '(1,)'), new Uint8Array(4)), 'without a byte order'],
    [
      'too little data',
      withHeader(plain('<f4', '(3,)'), new Uint8Array(8)),
      'has 8 bytes of data, expected 12 for float32',
    ],
    [
      'too many elements',
      withHeader(plain('<f4', '(99999999, 99999999, 99999999)')),
      'expected fewer than 2^50 elements',
    ],
    ['too many, and none', withHeader(plain('<f4', '(99999999, 99999999, 99999999, 0)')), 'expected fewer than 2^50'],
    ['a size beyond numbers', withHeader(plain('<f4', '(9999999999999999,)')), 'expected a size below 2^53'],
    ['too many axes', withHeader(plain('<f4', `(${'1,'.repeat(65)})`)), 'expected at most 64 axes'],
    ['a negative size', withHeader(plain('<f4', '(-1,)')), 'expected a whole number, got "-1,)'],
    ['an expression', withHeader(plain('<f4', '(__import__("os"),)')), 'expected a whole number'],
    ['no tuple', withHeader(plain('<f4', '(3)'), new Uint8Array(12)), 'expected a tuple'],
    ['a key twice', withHeader("{'descr': '<f4', 'descr': '<f4'}"), "each key once, not 'descr' again"],
    ['a key of its own', withHeader("{'__proto__': '<f4'}"), "not the key '__proto__'"],
    ['a missing key', withHeader("{'descr': '<f4', 'shape': (1,)}"), 'the header has no fortran_order'],
    ['a rest', withHeader(`${plain('<f4', '()')}x`, new Uint8Array(4)), 'expected nothing behind the dict'],
    ['a string without end', withHeader("{'descr"), 'expected a string that ends'],
    ['a bool of 2', withHeader(plain('|b1', '(1,)'), Uint8Array.of(2)), 'neither 0 nor 1'],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(message);
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(/^x\.npy: /);
  });

  test('archives', async () => {
    const array = encodeNpy(npy(new Float32Array(1000)));
    const good = await zip(new Map([['a.npy', array]]));
    await expect(decodeNpz(good.subarray(0, good.length - 5), 'x.npz')).rejects.toThrow(/^x\.npz: expected a zip file/);
    await expect(decodeNpz(new Uint8Array(5000), 'x.npz')).rejects.toThrow(/^x\.npz: expected a zip file/);
    const flipped = good.slice();
    flipped[good.length >> 1]! ^= 1;
    await expect(decodeNpz(flipped, 'x.npz')).rejects.toThrow("x.npz: 'a.npy' at byte 0 is damaged");
    await expect(decodeNpz(await zip(new Map([['a.txt', array]])), 'x.npz')).rejects.toThrow("'a.txt' is no .npy file");
    // a member that says it unpacks to 4 GB: the sizes in the directory, 24 bytes behind its signature
    const bomb = good.slice();
    const directory = findLast(bomb, [0x50, 0x4b, 1, 2]);
    new DataView(bomb.buffer).setUint32(directory + 24, 0xfffffff0, true);
    await expect(decodeNpz(bomb, 'x.npz')).rejects.toThrow(/expected at most 1073741824/);
    new DataView(bomb.buffer).setUint32(directory + 24, 1e9, true);
    await expect(decodeNpz(bomb, 'x.npz')).rejects.toThrow(/1000000000 bytes cannot have been packed into 4128/);
  });

  test('any damage: read or refused', async () => {
    const good = fixture('numpy_compressed.npz');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          await decodeNpz(bytes, 'x.npz').catch((error: Error) => expect(error.message).toMatch(/^x\.npz: /));
        },
      ),
      { numRuns: 150, seed: 6 },
    );
  });
});

function findLast(bytes: Uint8Array, pattern: readonly number[]): number {
  for (let at = bytes.length - pattern.length; at >= 0; at--)
    if (pattern.every((x, i) => bytes[at + i] === x)) return at;
  throw new Error('not found');
}

test("a Buffer of Node's is read like any bytes, at any place in its memory", () => {
  const file = encodeNpy(npy(Float32Array.of(1.5, -2, 1e-9), [3]));
  for (let offset = 0; offset < 8; offset++) {
    const shifted = new Uint8Array(file.length + 8);
    shifted.set(file, offset);
    const read = decodeNpy(Buffer.from(shifted.buffer, offset, file.length));
    expect([...read.data]).toEqual([1.5, -2, Math.fround(1e-9)]);
  }
});

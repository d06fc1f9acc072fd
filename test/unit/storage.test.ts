import { expect, it } from 'vitest';
import {
  byteLength,
  type Form,
  numberCount,
  packSpikes,
  padRows,
  unpackSpikes,
  unpadRows,
} from '../../src/device/storage.ts';
import { bitsAlongTime, fold, quads, spikeWords, words } from '../../src/kernels/sizes.ts';

// Layouts of device memory: padding, the two packings of spikes, sizes.

const floats = (n: number): Float32Array => new Float32Array(n);
const some = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i * 7) % 3 === 0 ? 1 : 0));

it('pads and unpads rows', () => {
  for (const shape of [[1], [3, 2, 5], [2, 4], [7, 1, 33]]) {
    const n = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: n }, (_, i) => i + 1);
    const padded = padRows(values, shape, floats);
    const width = shape.at(-1)!;
    expect(padded.length).toBe((n / width) * 4 * Math.ceil(width / 4));
    expect(padded.filter((x) => x !== 0)).toEqual(values);
    expect(unpadRows(padded, shape, floats)).toEqual(values);
  }
});

it('packs spikes along neurons and along time, and unpacks them', () => {
  for (const [T, B, N] of [
    [1, 1, 1],
    [7, 3, 31],
    [33, 2, 33],
    [64, 1, 130],
  ] as const) {
    const z = some(T * B * N);
    const packed = packSpikes(z, [T, B, N]);
    expect(packed.length).toBe(spikeWords(T, B, N));
    expect(unpackSpikes(packed, [T, B, N])).toEqual(Uint8Array.from(z));
    const start = bitsAlongTime(T, B, N);
    let count = 0;
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < B; b++) {
        for (let n = 0; n < N; n++) {
          const word = packed[start + ((t >>> 5) * B + b) * 4 * quads(N) + n]!;
          expect((word >>> (t & 31)) & 1).toBe(z[(t * B + b) * N + n]);
          count += z[(t * B + b) * N + n]!;
        }
      }
    }
    // nothing but these bits is set, in either packing
    const bits = (from: number, to: number): number =>
      packed.subarray(from, to).reduce((s, w) => s + w.toString(2).replaceAll('0', '').length, 0);
    expect([bits(0, start), bits(start, packed.length)]).toEqual([count, count]);
  }
});

it.each<[Form, number[], number, number]>([
  ['f32', [3, 2, 5], 3 * 2 * 32, 3 * 2 * 8],
  ['f32', [7], 32, 8],
  ['bytes', [3, 2, 5], 3 * 2 * 8, 3 * 2 * 8],
  ['half', [3, 2, 5], 3 * 2 * 16, 3 * 2 * 8],
  ['words', [3, 2, 5], 120, 30],
  ['bits', [33, 2, 40], 4 * (33 * 2 * 2 + 2 * 2 * 40), 33 * 2 * 40],
])('%s %j takes %i bytes, %i numbers', (form, shape, bytes, numbers) => {
  expect(byteLength({ form, shape })).toBe(bytes);
  expect(numberCount({ form, shape })).toBe(numbers);
});

it('counts quads and words', () => {
  expect([1, 4, 5, 32, 33].map(quads)).toEqual([1, 1, 2, 8, 9]);
  expect([0, 1, 32, 33].map(words)).toEqual([0, 1, 1, 2]);
});

it('folds a long dispatch into two dimensions that cover it', () => {
  expect(fold(100, 64)).toEqual({ groups: [2, 1, 1], row: 128 });
  expect(fold(65535 * 64, 64)).toEqual({ groups: [65535, 1, 1], row: 65535 * 64 });
  const { groups, row } = fold(65535 * 64 + 1, 64);
  expect(groups).toEqual([65535, 2, 1]);
  expect(row).toBe(65535 * 64);
});

import { expect, it } from 'vitest';
import { chooseTimePath } from '../../src/kernels/time_path.ts';

// The rule that lays out a layer's time loop, at sizes around its limits.

const choose = (
  N: number,
  recurrent: boolean,
  o: { B?: number; T?: number; inputs?: number; maxWorkgroup?: number; chunk?: number } = {},
) =>
  chooseTimePath(
    { N, B: o.B ?? 1, T: o.T ?? 100, inputs: o.inputs ?? 10, recurrent },
    { maxWorkgroup: o.maxWorkgroup ?? 256 },
    o.chunk,
  );

it.each([
  // N, threads, tiles with up to 256 threads of four neurons
  [1, 8, 1],
  [31, 8, 1],
  [32, 8, 1],
  [33, 16, 1],
  [64, 16, 1],
  [65, 32, 1],
  [130, 64, 1],
  [240, 64, 1],
  [257, 128, 1],
  [512, 128, 1],
  [513, 256, 1],
  [1024, 256, 1],
  [1025, 256, 2],
  [2048, 256, 2],
  [4096, 256, 4],
  [8192, 256, 8],
])('%i neurons: %i threads, %i tiles', (N, workgroup, tiles) => {
  const [alone, recurrent] = [choose(N, false), choose(N, true)];
  expect(alone).toMatchObject({ workgroup, tiles, wide: false, chunk: 100 });
  expect(recurrent).toMatchObject({ workgroup, tiles, wide: tiles > 1 });
  expect(recurrent.chunk).toBe(tiles > 1 ? 1 : 100);
});

it('covers every neuron once, with whole words of spikes in a tile and no more threads than there are', () => {
  for (const maxWorkgroup of [8, 64, 128, 256, 1024]) {
    for (let N = 1; N <= 8192; N = Math.ceil(N * 1.3)) {
      for (const recurrent of [false, true]) {
        const { workgroup, tiles, wide } = choose(N, recurrent, { maxWorkgroup });
        const quads = Math.ceil(N / 4);
        expect(workgroup).toBeLessThanOrEqual(maxWorkgroup);
        expect(workgroup % 8).toBe(0);
        expect(tiles * workgroup).toBeGreaterThanOrEqual(quads);
        expect((tiles - 1) * workgroup).toBeLessThan(quads);
        expect(wide).toBe(recurrent && tiles > 1);
      }
    }
  }
});

it('uses a larger workgroup where the adapter has it', () => {
  expect(choose(4096, true, { maxWorkgroup: 1024 })).toMatchObject({ workgroup: 1024, tiles: 1, wide: false });
  expect(choose(4097, true, { maxWorkgroup: 1024 })).toMatchObject({ workgroup: 1024, tiles: 2, wide: true, chunk: 1 });
});

it('cuts time into chunks of whole words when a dispatch would run for long, and never below 32 steps', () => {
  const short = choose(240, true, { T: 1000, B: 32 });
  expect(short.chunk).toBe(480);
  expect(short.chunk * short.work).toBeLessThanOrEqual(1e9);
  expect((short.chunk + 32) * short.work).toBeGreaterThan(1e9);
  expect(choose(1024, true, { T: 1000, B: 512 }).chunk).toBe(32);
  expect(choose(240, false, { T: 1000 }).chunk).toBe(1000);
});

it('takes the chunk that it is told, up to the whole sequence', () => {
  expect(choose(33, true, { chunk: 5 }).chunk).toBe(5);
  expect(choose(33, true, { chunk: 500 }).chunk).toBe(100);
  expect(choose(1500, true, { chunk: 5 })).toMatchObject({ wide: true, chunk: 1 });
  for (const chunk of [0, -1, 2.5, Number.NaN]) {
    expect(() => choose(33, true, { chunk })).toThrow(`chunk: must be a whole number of steps above 0, got ${chunk}`);
  }
});

it('estimates more work for more samples, neurons, inputs and recurrence', () => {
  const { work } = choose(64, false);
  expect(choose(64, false, { B: 2 }).work).toBe(2 * work);
  expect(choose(64, false, { inputs: 500 }).work).toBeGreaterThan(work);
  expect(choose(64, true).work).toBeGreaterThan(work);
});

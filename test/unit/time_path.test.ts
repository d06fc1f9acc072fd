import { expect, it } from 'vitest';
import { chooseTimePath, type LayerShape, possiblePaths } from '../../src/kernels/time_path.ts';

// The rule that lays out a layer's time loop, at sizes around its limits.

const choose = (
  N: number,
  recurrent: boolean,
  o: Partial<LayerShape> & Parameters<typeof chooseTimePath>[2] & { maxWorkgroup?: number; software?: boolean } = {},
) => {
  const { B = 1, T = 100, inputs = 10, maxWorkgroup = 256, software = false, chunk, path } = o;
  return chooseTimePath({ N, B, T, inputs, recurrent }, { maxWorkgroup, software }, { chunk, path });
};

it.each([
  // N, threads and tiles of a recurrent layer with up to 256 threads of four neurons, of one that is not recurrent
  [1, 8, 1, 8, 1],
  [31, 8, 1, 8, 1],
  [32, 8, 1, 8, 1],
  [33, 16, 1, 16, 1],
  [64, 16, 1, 16, 1],
  [65, 32, 1, 32, 1],
  [130, 64, 1, 64, 1],
  [240, 64, 1, 64, 1],
  [257, 128, 1, 64, 2],
  [512, 128, 1, 64, 2],
  [513, 256, 1, 64, 3],
  [1024, 256, 1, 64, 4],
  [1025, 64, 5, 64, 5],
  [2048, 64, 8, 64, 8],
  [4096, 64, 16, 64, 16],
  [8192, 64, 32, 64, 32],
])('%i neurons: recurrent %i threads, %i tiles; else %i threads, %i tiles', (N, threads, tiles, free, freeTiles) => {
  const wide = N > 1024;
  expect(choose(N, true)).toMatchObject({ workgroup: threads, tiles, wide, chunk: wide ? 1 : 100 });
  expect(choose(N, false)).toMatchObject({ workgroup: free, tiles: freeTiles, wide: false, chunk: 100 });
});

it('covers every neuron once, with whole words of spikes in a tile and no more threads than there are', () => {
  for (const maxWorkgroup of [8, 64, 128, 256, 1024]) {
    for (let N = 1; N <= 8192; N = Math.ceil(N * 1.3)) {
      for (const recurrent of [false, true]) {
        for (const path of ['loop', 'steps'] as const) {
          const { workgroup, tiles, wide } = choose(N, recurrent, { maxWorkgroup, path });
          const quads = Math.ceil(N / 4);
          expect(workgroup).toBeLessThanOrEqual(maxWorkgroup);
          expect(workgroup % 8).toBe(0);
          expect(tiles * workgroup).toBeGreaterThanOrEqual(quads);
          expect((tiles - 1) * workgroup).toBeLessThan(quads);
          // tiles of a recurrent layer cannot share a time loop
          expect(wide).toBe(recurrent && tiles > 1);
        }
      }
    }
  }
});

it('uses a larger workgroup where the adapter has it', () => {
  expect(choose(4096, true, { maxWorkgroup: 1024 })).toMatchObject({ workgroup: 1024, tiles: 1, wide: false });
  expect(choose(4097, true, { maxWorkgroup: 1024 })).toMatchObject({ workgroup: 64, tiles: 17, wide: true, chunk: 1 });
});

it.each([
  [{ N: 8192, recurrent: false }, 256, ['loop']],
  [{ N: 256, recurrent: true }, 256, ['loop']],
  [{ N: 257, recurrent: true }, 256, ['loop', 'steps']],
  [{ N: 1024, recurrent: true }, 256, ['loop', 'steps']],
  [{ N: 1025, recurrent: true }, 256, ['steps']],
  [{ N: 2048, recurrent: true }, 1024, ['loop', 'steps']],
  [{ N: 256, recurrent: true }, 8, ['steps']],
])('of %j with %i threads: %j', (layer, maxWorkgroup, paths) => {
  const shape = { B: 1, T: 100, inputs: 10, ...layer };
  expect(possiblePaths(shape, { maxWorkgroup })).toEqual(paths);
  for (const path of ['loop', 'steps'] as const) {
    const { wide } = chooseTimePath(shape, { maxWorkgroup }, { path });
    expect(wide).toBe((paths.includes(path) ? path : paths[0]) === 'steps');
  }
});

it('cuts time into chunks of whole words when a dispatch would run for long', () => {
  // a CPU that plays the GPU: by operations alone
  const slow = choose(240, true, { T: 1000, B: 32, software: true });
  expect(slow.chunk).toBe(480);
  expect(slow.chunk * slow.work).toBeLessThanOrEqual(1e9);
  expect((slow.chunk + 32) * slow.work).toBeGreaterThan(1e9);
  expect(choose(1024, true, { T: 1000, B: 512, software: true }).chunk).toBe(1);
  expect(choose(240, false, { T: 1000, software: true }).chunk).toBe(1000);
  // sMNIST on a GPU
  expect(choose(240, true, { T: 840, B: 256, inputs: 80 }).chunk).toBe(576);
  // few samples: by what a thread waits for
  expect(choose(240, true, { T: 3200, inputs: 80 }).chunk).toBe(928);
  expect(choose(128, true, { T: 3200, B: 32, inputs: 128 }).chunk).toBe(1536);
  expect(choose(128, true, { T: 3200, B: 1, inputs: 128, software: true }).chunk).toBe(3200);
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

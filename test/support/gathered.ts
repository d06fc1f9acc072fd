import type { Step, StepInput } from '../../src/device/device.ts';
import { packSpikes, padRows, type Storage } from '../../src/device/storage.ts';
import { bitsAlongTime } from '../../src/kernels/sizes.ts';
import { gatherWeights, NONE, weightGradientSpikes } from '../../src/kernels/weight_gradient.ts';
import { Random } from './random.ts';

// Gradients of weights gathered from spikes, as jobs of dispatches: drawn data, the step, and the sum by its definition.

/** dW (+)= sum over t0 <= t < t1 of dI_t z_{t - shift}^T; dI has rows of the steps from row0 on. */
export interface Job {
  readonly T: number;
  readonly B: number;
  readonly K: number;
  readonly N: number;
  readonly shift: 0 | 1;
  readonly t0: number;
  readonly t1: number;
  readonly row0: number;
  /** Slot of the initial states with the spikes before the first step. */
  readonly z?: number;
  readonly noDiagonal?: boolean;
  /** Place among the results; a job after another of the same place adds to it. */
  readonly place: number;
}

export interface Gathered {
  readonly step: Step;
  readonly data: ReadonlyMap<number, StepInput>;
  readonly grads: Storage;
  /** What should be there, one matrix after the other. */
  readonly expected: Float64Array;
}

/** One dispatch for each list of jobs. */
export function gathered(dispatches: readonly (readonly Job[])[], limits: { software: boolean }): Gathered {
  const inputs = new Map<number, Storage>();
  const data = new Map<number, StepInput>();
  const input = (name: string, form: 'bits' | 'f32', shape: number[], values: Float32Array | Uint32Array): Storage => {
    const storage: Storage = { name, form, shape, role: 'input' };
    data.set(inputs.size, values);
    inputs.set(inputs.size, storage);
    return storage;
  };
  const all = dispatches.flat();
  const places = new Map<number, { dest: number; size: number }>();
  let size = 0;
  for (const { place, K, N } of all) {
    if (places.has(place)) continue;
    places.set(place, { dest: size, size: N * K });
    size += N * K;
  }
  const expected = new Float64Array(size);
  const grads: Storage = { name: 'grads', form: 'words', shape: [size], role: 'transient' };
  const written = new Set<number>();
  const calls = dispatches.map((jobs, i) => {
    const buffers: Record<string, Storage | null> = { start: null, grads };
    for (const j of [0, 1, 2]) buffers[`spikes_${j}`] = buffers[`d_current_${j}`] = null;
    const numbers = jobs.map((job, j) => {
      const { T, B, K, N, shift, t0, t1, row0, z, place } = job;
      // one sequence for all jobs of one place
      const random = new Random(`spikes ${place}`);
      const spikes = random.spikes(T * B * K, 0.2);
      const before = random.spikes(((z ?? 0) + 1) * B * K, 0.5);
      const dI = new Random(`currents ${place}`).normals(T * B * N);
      buffers[`spikes_${j}`] = input(`spikes ${i} ${j}`, 'bits', [T, B, K], packSpikes(spikes, [T, B, K]));
      // rows after the last step that counts must not count either
      const end = Math.min(T, t1 + 3);
      const rows = dI.slice(row0 * B * N, end * B * N);
      const part = [end - row0, B, N];
      buffers[`d_current_${j}`] = input(
        `dI ${i} ${j}`,
        'f32',
        part,
        padRows(rows, part, (n) => new Float32Array(n)),
      );
      if (z !== undefined) {
        const shape = [z + 1, B, K];
        buffers.start = input(
          `start ${i}`,
          'f32',
          shape,
          padRows(before, shape, (n) => new Float32Array(n)),
        );
      }
      const spike = (t: number, b: number, pre: number): number => {
        if (t >= 0) return spikes[(t * B + b) * K + pre]!;
        return z === undefined ? 0 : before[(z * B + b) * K + pre]!;
      };
      const { dest } = places.get(place)!;
      for (let t = t0; t < t1; t++)
        for (let b = 0; b < B; b++)
          for (let post = 0; post < N; post++)
            for (let pre = 0; pre < K; pre++)
              if (!(job.noDiagonal && post === pre))
                expected[dest + post * K + pre]! += dI[(t * B + b) * N + post]! * spike(t - shift, b, pre);
      const accumulate = written.has(place) ? 1 : 0;
      written.add(place);
      return {
        ...{ K, N, B, t0, t1, row0, shift, dest, accumulate },
        start_z: z ?? NONE,
        bits_along_time: bitsAlongTime(T, B, K),
        no_diagonal: job.noDiagonal ? 1 : 0,
      };
    });
    return { kernel: weightGradientSpikes, label: `gathered ${i}`, buffers, ...gatherWeights(numbers, limits) };
  });
  return { step: { calls, inputs, kept: new Set([grads]), reports: [], clear: [] }, data, grads, expected };
}

const recurrent = { T: 70, B: 3, K: 21, N: 21, shift: 1, noDiagonal: true, row0: 0 } as const;
const wide = { T: 45, B: 11, K: 37, N: 131, shift: 0, row0: 0 } as const;

/** Ranges of steps that begin and end within words, on and beside their borders; parts of a sequence that add up to the whole. */
export const dispatches: readonly (readonly Job[])[] = [
  [
    { ...wide, t0: 0, t1: 45, place: 0 },
    { ...recurrent, t0: 0, t1: 70, z: 2, place: 1 },
    { T: 1, B: 1, K: 1, N: 1, shift: 0, t0: 0, t1: 1, row0: 0, place: 2 },
  ],
  [
    { ...recurrent, t0: 0, t1: 1, place: 3 },
    { ...wide, t0: 33, t1: 44, row0: 29, place: 4 },
  ],
  [{ ...recurrent, t0: 0, t1: 33, z: 1, place: 5 }],
  [{ ...recurrent, t0: 33, t1: 64, row0: 33, place: 5 }],
  [{ ...recurrent, t0: 64, t1: 65, row0: 60, place: 5 }],
  [{ ...recurrent, t0: 65, t1: 70, row0: 64, place: 5 }],
  // a batch that no number of threads divides, and one sample
  [
    { T: 33, B: 17, K: 6, N: 10, shift: 1, t0: 1, t1: 33, row0: 1, place: 6 },
    { T: 320, B: 1, K: 5, N: 3, shift: 0, t0: 31, t1: 320, row0: 7, place: 7 },
  ],
];

import { describe, expect, it } from 'vitest';
import { gatherWeights, type JobNumbers, NONE } from '../../src/kernels/weight_gradient.ts';

// Which form of the kernel gathers the gradients of some matrices from spikes.

const job: JobNumbers = {
  ...{ K: 20, N: 30, B: 4, t0: 0, t1: 10, row0: 0, shift: 0, start_z: NONE, bits_along_time: 80 },
  ...{ no_diagonal: 0, dest: 0, accumulate: 0 },
};

describe('gatherWeights', () => {
  const onlyBits = (...jobs: JobNumbers[]) => gatherWeights(jobs, {}).variant.constants!.ONLY_BITS;

  it('leaves the loops over floats and starts out where no job has any', () => {
    expect(onlyBits(job)).toBe(true);
    expect(onlyBits(job, job, job)).toBe(true);
    expect(onlyBits(job, { ...job, bits_along_time: NONE })).toBe(false);
    expect(onlyBits({ ...job, shift: 1, start_z: 0 }, job)).toBe(false);
  });
});

import type { Sample } from '../../src/exchange/activity.ts';

/** For nets of three inputs: five steps of two samples, with spikes alone. */
export const sample = (): Sample => ({
  T: 5,
  B: 2,
  N: 3,
  inputs: Float32Array.from({ length: 30 }, (_, i) => (i % 3 === 0 || i % 7 === 0 ? 1 : 0)),
});

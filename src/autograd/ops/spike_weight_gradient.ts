import type { Storage } from '../../device/storage.ts';
import { budgetOf, partsOf, SPIKING } from '../../kernels/budget.ts';
import { bitsAlongTime } from '../../kernels/sizes.ts';
import { gatherWeights, NONE, weightGradientSpikes } from '../../kernels/weight_gradient.ts';
import type { Lowering } from '../lowering.ts';
import type { SpikeGradient } from '../pending.ts';

/**
 * dW (+)= sum over t of dI_t z_{t - shift}^T, in one dispatch with the matrices around it (see `PendingGradients`).
 *
 * @param a `dCurrent` has rows of the steps from `row0` (0) on, of which those of t0 (0) <= t < t1 (T) count; `start` holds the
 *   spikes before the first step in its slot `z`
 */
export function spikeWeightGradient(
  low: Lowering,
  label: string,
  a: Omit<SpikeGradient, 'label' | 'work' | 't0' | 't1' | 'row0'> & Partial<Pick<SpikeGradient, 't0' | 't1' | 'row0'>>,
): void {
  if (!a.weight.trainable) return;
  const T = a.shape[0]!;
  const { t0 = 0, t1 = T, row0 = 0 } = a;
  if (!(row0 >= 0 && row0 <= t0 && t0 < t1 && t1 <= T))
    throw new Error(`${label}: needs 0 <= row0 <= t0 < t1 <= ${T}, got row0 ${row0}, t0 ${t0}, t1 ${t1}`);
  const [B, K] = a.shape.slice(1) as [number, number];
  const work = (a.spikes.form === 'bits' ? SPIKING : 1) * B * K * a.weight.shape[0]!;
  for (const part of partsOf(t1 - t0, work, budgetOf(low.limits).dispatch, { multiple: 32 })) {
    const [from, to] = [t0 + part.first, t0 + part.last];
    const start = a.shift === 1 && from === 0 ? a.start : null;
    low.pending.add({ ...a, label, t0: from, t1: to, row0, start, work: part.work });
  }
}

/** The dispatch for one to three matrices. */
export function gatherWeightGradients(low: Lowering, jobs: readonly SpikeGradient[]): void {
  const numbers = jobs.map(({ weight, spikes, shape, t0, t1, row0, shift, start, z }) => {
    const [N, K] = weight.shape as [number, number];
    const [T, B] = shape as [number, number, number];
    return {
      ...{ K, N, B, t0, t1, row0, shift },
      start_z: start ? z : NONE,
      bits_along_time: spikes.form === 'bits' ? bitsAlongTime(T, B, K) : NONE,
      no_diagonal: weight.options.noDiagonal ? 1 : 0,
      ...low.gradientOf(weight),
    };
  });
  const buffers: Record<string, Storage | null> = {
    start: jobs.find((job) => job.start)?.start ?? null,
    grads: low.arena.grads,
  };
  for (const j of [0, 1, 2]) {
    buffers[`spikes_${j}`] = jobs[j]?.spikes ?? null;
    buffers[`d_current_${j}`] = jobs[j]?.dCurrent ?? null;
  }
  const label = `${jobs.map((job) => job.label).join(', ')} weight gradient`;
  const work = jobs.reduce((sum, job) => sum + job.work, 0);
  low.call(weightGradientSpikes, label, { ...gatherWeights(numbers, low.limits), buffers, work });
}

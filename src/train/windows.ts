import { onlyKnown } from '../neurons/nearest.ts';
import type { Batch } from './dataset.ts';

/** How sequences are cut for truncated backpropagation through time; see `FitOptions.truncate`. */
export interface Truncation {
  /** Time steps of a window. */
  readonly steps: number;
  /**
   * Which windows have the loss. 'end' (default): a sample's loss is taken in the window in which it ends, over the steps of
   * that window; the windows before have the regularisers alone. 'each': every window has it, over its own steps.
   */
  readonly loss?: 'end' | 'each';
}

/** A batch, or a piece of it along time. */
export interface Window {
  readonly batch: Batch;
  /** First step of the window in the batch. */
  readonly from: number;
  /** Whether another window comes before, or after; then the state is carried. */
  readonly before: boolean;
  readonly after: boolean;
  /** Steps on which the loss of each sample is taken; null: all that the sample has. */
  readonly judged: Uint32Array | null;
  /** Part of the batch's samples that have a loss here: each weighs the same in whichever window it is judged. */
  readonly weight: number;
  /** Whether each sample ends here: what training shows is of these windows, so that a sample counts once. */
  readonly ends: readonly boolean[];
}

/** @throws when the option is not what it should be */
export function truncation(option: number | Truncation | undefined): Required<Truncation> | null {
  if (option === undefined) return null;
  const { steps, loss = 'end' } = typeof option === 'number' ? { steps: option } : option;
  if (typeof option === 'object') onlyKnown('fit: truncate', option, ['steps', 'loss']);
  if (!(Number.isInteger(steps) && steps > 0))
    throw new Error(`fit: truncate must be a whole number of steps above 0, got ${steps}`);
  if (loss !== 'end' && loss !== 'each') throw new Error(`fit: truncate.loss must be 'end' or 'each', got '${loss}'`);
  return { steps, loss };
}

/**
 * The windows of a batch in order, without those in which no sample has a step.
 *
 * @param perStep whether the batch's targets are one a step
 */
export function windowsOf(batch: Batch, cut: Required<Truncation> | null, perStep: boolean): Window[] {
  const [T, B, N] = batch.shape;
  if (!cut || cut.steps >= T) {
    const ends = new Array<boolean>(B).fill(true);
    return [{ batch, from: 0, before: false, after: false, judged: null, weight: 1, ends }];
  }
  const lengths = batch.lengths ?? new Uint32Array(B).fill(T);
  const last = lengths.reduce((a, b) => Math.max(a, b), 0);
  const windows: Window[] = [];
  for (let from = 0; from < last; from += cut.steps) {
    const to = Math.min(T, from + cut.steps);
    const here = lengths.map((n) => Math.min(to, Math.max(from, n)) - from);
    const ends = Array.from(lengths, (n) => n > from && n <= to);
    const judged = cut.loss === 'end' ? here.map((n, b) => (ends[b] ? n : 0)) : here;
    windows.push({
      batch: {
        ...batch,
        shape: [to - from, B, N],
        values: ofSteps(batch.values, T, from, to),
        labels: batch.labels.length === T * B ? ofSteps(batch.labels, T, from, to) : batch.labels,
        targets: perStep ? ofSteps(batch.targets!, T, from, to) : batch.targets,
        lengths: batch.lengths && here,
        mask: batch.mask && ofSteps(batch.mask, T, from, to),
      },
      from,
      before: from > 0,
      after: to < last,
      judged: cut.loss === 'end' ? judged : null,
      weight: judged.reduce((n, steps) => n + (steps > 0 ? 1 : 0), 0) / B,
      ends,
    });
  }
  return windows;
}

const ofSteps = <A extends Batch['values']>(values: A, T: number, from: number, to: number): A =>
  values.subarray((from * values.length) / T, (to * values.length) / T) as A;

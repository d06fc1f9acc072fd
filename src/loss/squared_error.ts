import type { Loss } from '../autograd/loss.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { suggest } from '../neurons/nearest.ts';
import { finite } from './options.ts';
import type { Part } from './result.ts';
import { checkSequence, type SequenceOptions, sequenceLoss } from './sequence.ts';

export interface SquaredErrorOptions extends SequenceOptions {
  /**
   * 'labels' (default): each output should have the value `correct` if it is the sample's class and `wrong` if not.
   * 'values': targets are given, [B, N] or, where steps are judged one by one, [T, B, N].
   */
  targets?: 'labels' | 'values';
  /** What the output of the right class should be (1); with `at: 'sum'` times the counted steps, that is, a rate. */
  correct?: number;
  /** What the others should be (0), likewise. */
  wrong?: number;
}

/** @throws when an option is not what it should be */
export function checkSquaredError(options: SquaredErrorOptions): void {
  const owner = 'squaredError';
  checkSequence(owner, options, ['targets', 'correct', 'wrong']);
  const { targets = 'labels', correct, wrong, classWeights } = options;
  const kinds = ['labels', 'values'];
  if (!kinds.includes(targets)) throw new Error(`${owner}: targets is '${targets}'${suggest(String(targets), kinds)}`);
  for (const [name, value] of Object.entries({ correct, wrong })) {
    if (value !== undefined) finite(owner, name, value);
  }
  for (const [name, value] of Object.entries({ correct, wrong, classWeights })) {
    if (value !== undefined && targets === 'values')
      throw new Error(`${owner}: ${name} is for labels; leave it out with targets: 'values'`);
  }
}

/**
 * Mean squared error over outputs and batch.
 *
 * A sum over time is divided by the number of counted steps once more, as snnTorch's mse_count_loss is. Class weights
 * weigh samples by their label.
 *
 * @param outputs [T, B, N] dense or spikes
 * @param targets [B] labels, or with `targets: 'values'` numbers [B, N] or [T, B, N] time-major
 * @param options what of the outputs is judged (`at`, default 'each step'), targets, class weights, mask over time
 * @param part what of whole sequences the outputs are, if they are a part
 * @returns the loss, and per sample [B, 4]: its share of the loss; with labels whether it was right, the prediction, the
 *   label; without 0, -1, 0
 */
export function squaredError(
  outputs: Tensor,
  targets: ArrayLike<number>,
  options: SquaredErrorOptions = {},
  part?: Part,
): { loss: Loss; result: Tensor } {
  checkSquaredError(options);
  const { at = 'each step', correct = 1, wrong = 0 } = options;
  const given = options.targets === 'values' ? { values: targets } : { labels: targets };
  const what = { ...options, at, squares: true, smoothed: false, numbers: [correct, wrong] };
  return sequenceLoss('squaredError', 'squared error', outputs, given, what, part);
}

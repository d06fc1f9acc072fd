import type { Loss } from '../autograd/loss.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Part } from './result.ts';
import { checkSequence, type SequenceOptions, sequenceLoss } from './sequence.ts';

export interface CrossEntropyOptions extends SequenceOptions {
  /** Share of the target spread evenly over all classes, in [0, 1) (default 0; Szegedy et al. 2016). */
  smoothing?: number;
}

/** @throws when an option is not what it should be */
export function checkCrossEntropy(options: CrossEntropyOptions): void {
  checkSequence('crossEntropy', options, ['smoothing']);
  const { smoothing = 0 } = options;
  if (!(smoothing >= 0 && smoothing < 1))
    throw new Error(`crossEntropy: smoothing must be in [0, 1), got ${smoothing}`);
}

/**
 * Softmax cross entropy, the mean over the batch.
 *
 * With smoothing e and class weights w, a sample's loss is -sum over c of w_c ((1 - e) [c = label] + e/N) log p_c, and the
 * mean is divided by the sum of w_label, as PyTorch's is. Samples without counted steps are left out of the mean.
 *
 * @param outputs [T, B, classes] of a readout, or spikes
 * @param labels [B] integers in 0 .. classes - 1; judged at each step or the cue also [T, B], a label a step: right is then the
 *   share of steps that were, prediction and label are those of the last counted step
 * @param options what of the outputs is judged (`at`, default 'last'), smoothing, class weights, mask over time
 * @param part what of whole sequences the outputs are, if they are a part
 * @returns the loss, and per sample [B, 4]: its share of the loss, whether it was right, the prediction, the label
 */
export function crossEntropy(
  outputs: Tensor,
  labels: ArrayLike<number>,
  options: CrossEntropyOptions = {},
  part?: Part,
): { loss: Loss; result: Tensor } {
  checkCrossEntropy(options);
  const { at = 'last', smoothing = 0 } = options;
  return sequenceLoss(
    'crossEntropy',
    'cross entropy',
    outputs,
    { labels },
    {
      ...options,
      at,
      squares: false,
      smoothed: smoothing > 0,
      numbers: [smoothing],
    },
    part,
  );
}

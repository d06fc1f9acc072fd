import type { Loss } from '../autograd/loss.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { crossEntropy as apply, type CrossEntropyOptions } from './cross_entropy.ts';

/** A loss of outputs and labels; `result` [B, 4] says per sample its share, whether right, prediction and label. */
export type LossFunction = (outputs: Tensor, labels: ArrayLike<number>) => { loss: Loss; result: Tensor };

/** Softmax cross entropy, at the last step by default; see `CrossEntropyOptions`. */
export const crossEntropy =
  (options: CrossEntropyOptions = {}): LossFunction =>
  (outputs, labels) =>
    apply(outputs, labels, options);

import { Loss } from '../autograd/loss.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';

/**
 * Columns of a loss's result, one row a sample. A sample without counted steps has label -1; a loss that predicts no class
 * has prediction -1, and label 0.
 */
export const RESULT = { loss: 0, correct: 1, prediction: 2, label: 3 } as const;

/** What a loss is told of the outputs besides: they may be a part of longer sequences, and samples may have masks. */
export interface Part {
  /** First step of the outputs in the whole sequence (0), and its steps (those of the outputs): a mask is cut to them. */
  readonly from?: number;
  readonly steps?: number;
  /** [T, B] weights of the steps of the outputs, beside the loss's own mask. */
  readonly mask?: ArrayLike<number> | undefined;
}

/** A loss of outputs and what they should be; `result` [B, 4] says per sample what `RESULT` lists. */
export interface LossFunction {
  /**
   * @param outputs [T, B, N] dense or spikes
   * @param targets [B] labels, integers in 0 .. N - 1; with `targets: 'values'` numbers [B, N] or [T, B, N], time-major
   * @param part for sequences in windows, and masks that come with the data
   */
  (outputs: Tensor, targets: ArrayLike<number>, part?: Part): { loss: Loss; result: Tensor };
  /** What the second argument is; labels when absent. */
  readonly targets?: 'values';
}

/** What of some samples a loss compares the outputs with. @throws when they do not have it */
export function answersOf(
  { labels, targets }: { labels?: ArrayLike<number> | undefined; targets?: ArrayLike<number> | undefined },
  loss: LossFunction,
): ArrayLike<number> {
  const [name, answers] = loss.targets === 'values' ? ['targets', targets] : ['labels', labels];
  if (!answers?.length) throw new Error(`the loss needs ${name}, and the data has none`);
  return answers;
}

/** The loss whose shares stand in the first column of a result. */
export function lossOf(tape: Tape, name: string, result: Tensor, setWeight: (factor: number) => void): Loss {
  const B = result.shape[0]!;
  const sum = (values: Float32Array): number => {
    let total = 0;
    for (let b = 0; b < B; b++) total += values[4 * b + RESULT.loss]!;
    return total;
  };
  return Loss.of(tape, { name, tensor: result, sum, setWeight });
}

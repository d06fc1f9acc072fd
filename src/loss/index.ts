import { suggest } from '../neurons/nearest.ts';
import { type CrossEntropyOptions, checkCrossEntropy, crossEntropy as ofCrossEntropy } from './cross_entropy.ts';
import type { LossFunction } from './result.ts';
import type { At } from './sequence.ts';
import { checkSquaredError, squaredError as ofSquaredError, type SquaredErrorOptions } from './squared_error.ts';
import { checkVanRossum, vanRossum as ofVanRossum, type VanRossumOptions } from './van_rossum.ts';

export { type LossFunction, type Part, RESULT } from './result.ts';
export type { At, SequenceOptions } from './sequence.ts';

/** Softmax cross entropy, at the last step by default; see `CrossEntropyOptions`. */
export function crossEntropy(options: CrossEntropyOptions = {}): LossFunction {
  checkCrossEntropy(options);
  return (outputs, labels, part) => ofCrossEntropy(outputs, labels, options, part);
}

/** Mean squared error, at each step by default; see `SquaredErrorOptions`. */
export function squaredError(options: SquaredErrorOptions = {}): LossFunction {
  checkSquaredError(options);
  const of: LossFunction = (outputs, targets, part) => ofSquaredError(outputs, targets, options, part);
  return options.targets === 'values' ? Object.assign(of, { targets: 'values' as const }) : of;
}

/** Squared van Rossum distance to target spike trains [T, B, N]; see `VanRossumOptions`. */
export function vanRossum(options: VanRossumOptions = {}): LossFunction {
  checkVanRossum(options);
  const of: LossFunction = (outputs, targets, part) => ofVanRossum(outputs, targets, options, part);
  return Object.assign(of, { targets: 'values' as const });
}

type Rest<O> = Omit<O, 'at'>;

/** A loss that is judged at one time, and has no such option. */
const judged =
  <O extends object>(of: (options: O) => LossFunction, at: At) =>
  (options: Rest<O> = {} as O): LossFunction => {
    if ('at' in options) throw new Error(`loss: this one is judged at ${JSON.stringify(at)}; leave out at`);
    return of({ ...options, at } as unknown as O);
  };

/** Cross entropy of each step's spikes, the mean over steps (snnTorch's ce_rate_loss). */
export const ceRate = judged<CrossEntropyOptions>(crossEntropy, 'each step');
/** Cross entropy of the spike counts (snnTorch's ce_count_loss). */
export const ceCount = judged<CrossEntropyOptions>(crossEntropy, 'sum');
/** Cross entropy of the mean output: of spikes their rate, in spikes per step; of a readout its mean membrane. */
export const ceMean = judged<CrossEntropyOptions>(crossEntropy, 'mean');
/** Cross entropy of each membrane's maximum (snnTorch's ce_max_membrane_loss). */
export const ceMaxMembrane = judged<CrossEntropyOptions>(crossEntropy, 'max');
/** Cross entropy of the last step. */
export const ceLast = judged<CrossEntropyOptions>(crossEntropy, 'last');
/** Mean squared error of spike counts, over the steps (snnTorch's mse_count_loss); `correct` and `wrong` are rates. */
export const mseCount = judged<SquaredErrorOptions>(squaredError, 'sum');
/** Mean squared error of the membrane at each step (snnTorch's mse_membrane_loss). */
export const mseMembrane = judged<SquaredErrorOptions>(squaredError, 'each step');

/** Every loss by the name that the field has for it, which may end in `_loss`. */
export const known = {
  ce_rate: ceRate,
  ce_count: ceCount,
  ce_mean: ceMean,
  ce_max_membrane: ceMaxMembrane,
  ce_last: ceLast,
  mse_count: mseCount,
  mse_membrane: mseMembrane,
  van_rossum: vanRossum,
} as const;

type Known = typeof known;

/** A loss by its name in `known`. @throws when there is none of this name, with the nearest */
export function named<K extends keyof Known>(name: K | `${K}_loss`, options?: Parameters<Known[K]>[0]): LossFunction {
  const short = String(name).replace(/_loss$/, '');
  if (!Object.hasOwn(known, short)) throw new Error(`loss: there is no '${name}'${suggest(short, Object.keys(known))}`);
  return (known[short as K] as (o?: object) => LossFunction)(options);
}

import { suggest } from '../neurons/nearest.ts';
import { type CrossEntropyOptions, checkCrossEntropy, crossEntropy as ofCrossEntropy } from './cross_entropy.ts';
import type { LossFunction } from './result.ts';
import { checkSquaredError, squaredError as ofSquaredError, type SquaredErrorOptions } from './squared_error.ts';
import { checkVanRossum, vanRossum as ofVanRossum, type VanRossumOptions } from './van_rossum.ts';

export { type LossFunction, RESULT } from './result.ts';
export type { At, SequenceOptions } from './sequence.ts';

/** Softmax cross entropy, at the last step by default; see `CrossEntropyOptions`. */
export function crossEntropy(options: CrossEntropyOptions = {}): LossFunction {
  checkCrossEntropy(options);
  return (outputs, labels) => ofCrossEntropy(outputs, labels, options);
}

/** Mean squared error, at each step by default; see `SquaredErrorOptions`. */
export function squaredError(options: SquaredErrorOptions = {}): LossFunction {
  checkSquaredError(options);
  const of: LossFunction = (outputs, targets) => ofSquaredError(outputs, targets, options);
  return options.targets === 'values' ? Object.assign(of, { targets: 'values' as const }) : of;
}

/** Squared van Rossum distance to target spike trains [T, B, N]; see `VanRossumOptions`. */
export function vanRossum(options: VanRossumOptions = {}): LossFunction {
  checkVanRossum(options);
  const of: LossFunction = (outputs, targets) => ofVanRossum(outputs, targets, options);
  return Object.assign(of, { targets: 'values' as const });
}

type Rest<O> = Omit<O, 'at'>;

/** Cross entropy of each step's spikes, the mean over steps (snnTorch's ce_rate_loss). */
export const ceRate = (options: Rest<CrossEntropyOptions> = {}) => crossEntropy({ ...options, at: 'each step' });
/** Cross entropy of the spike counts (snnTorch's ce_count_loss). */
export const ceCount = (options: Rest<CrossEntropyOptions> = {}) => crossEntropy({ ...options, at: 'sum' });
/** Cross entropy of the mean output: of spikes their rate, in spikes per step; of a readout its mean membrane. */
export const ceMean = (options: Rest<CrossEntropyOptions> = {}) => crossEntropy({ ...options, at: 'mean' });
/** Cross entropy of each membrane's maximum (snnTorch's ce_max_membrane_loss). */
export const ceMaxMembrane = (options: Rest<CrossEntropyOptions> = {}) => crossEntropy({ ...options, at: 'max' });
/** Cross entropy of the last step. */
export const ceLast = (options: Rest<CrossEntropyOptions> = {}) => crossEntropy({ ...options, at: 'last' });
/** Mean squared error of spike counts, over the steps (snnTorch's mse_count_loss); `correct` and `wrong` are rates. */
export const mseCount = (options: Rest<SquaredErrorOptions> = {}) => squaredError({ ...options, at: 'sum' });
/** Mean squared error of the membrane at each step (snnTorch's mse_membrane_loss). */
export const mseMembrane = (options: Rest<SquaredErrorOptions> = {}) => squaredError({ ...options, at: 'each step' });

/** Every loss by the name that the field has for it. */
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

/** A loss by its name in `known`. @throws when there is none of this name, with the nearest */
export function named<K extends keyof typeof known>(name: K, options?: Parameters<(typeof known)[K]>[0]): LossFunction {
  const make: ((o?: object) => LossFunction) | undefined = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!make) throw new Error(`loss: there is no '${name}'${suggest(String(name), Object.keys(known))}`);
  return make(options);
}

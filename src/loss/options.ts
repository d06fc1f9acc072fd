import type { Tensor } from '../autograd/tensor.ts';
import type { Part } from './result.ts';

/** Which steps count, and how much. Samples with a mask each have it in the data set that `fit` and `evaluate` get. */
export interface MaskOptions {
  /**
   * Weights of steps, [T] or [T, B] time-major, finite and not below 0; 0 for a step that does not count (default: 1 each).
   * Steps past a sample's length never count.
   */
  mask?: ArrayLike<number>;
}

/** @throws unless it is finite and not below 0 */
export function positive(owner: string, name: string, value: number): number {
  if (!(value >= 0 && Number.isFinite(value)))
    throw new Error(`${owner}: ${name} must be finite and not below 0, got ${value}`);
  return value;
}

/** @throws unless it is finite */
export function finite(owner: string, name: string, value: number): number {
  if (!Number.isFinite(value)) throw new Error(`${owner}: ${name} must be finite, got ${value}`);
  return value;
}

/** @throws unless all are finite and not below 0, and at least one is above */
export function weights(owner: string, name: string, values: ArrayLike<number> | undefined): void {
  if (!values) return;
  let some = false;
  for (let i = 0; i < values.length; i++) some = positive(owner, `${name}[${i}]`, values[i]!) > 0 || some;
  if (!some) throw new Error(`${owner}: ${name} must have a weight above 0`);
}

/** The sizes of outputs. @throws unless they are dense or spikes, [T, B, N] */
export function sizes(owner: string, outputs: Tensor): [T: number, B: number, N: number] {
  if ((outputs.form !== 'f32' && outputs.form !== 'bits') || outputs.shape.length !== 3)
    throw new Error(`${owner}: outputs must be [T, B, N], dense or spikes, got ${outputs}`);
  return outputs.shape as [number, number, number];
}

/**
 * The weight of each step of each sample, [T, B]: the last `window` steps before the sample's end that count, by the mask of
 * the loss (of which a part of a sequence has its own part) and that of the data. Null where there is neither.
 *
 * @throws when the mask fits neither [T] nor [T, B], with the steps T of the whole sequence
 */
export function timeWeights(
  owner: string,
  outputs: Tensor,
  mask: ArrayLike<number> | undefined,
  part: Part = {},
  window = Number.POSITIVE_INFINITY,
): Float32Array | null {
  const [T, B] = sizes(owner, outputs);
  const { from = 0, steps = T, mask: given } = part;
  if (!mask && !given) return null;
  if (mask && mask.length !== steps && mask.length !== steps * B)
    throw new Error(
      `${owner}: mask must have ${steps} entries (one a step) or ${steps} x ${B} (steps x samples), got ${mask.length}`,
    );
  if (from + T > steps) throw new Error(`${owner}: the steps ${from} to ${from + T} are no part of ${steps}`);
  const perSample = mask?.length === steps * B;
  const out = new Float32Array(T * B);
  for (let b = 0; b < B; b++) {
    let left = window;
    for (let t = (outputs.lengths?.values[b] ?? T) - 1; t >= 0 && left > 0; t--) {
      const own = mask ? mask[perSample ? (from + t) * B + b : from + t]! : 1;
      const w = own * (given ? given[t * B + b]! : 1);
      out[t * B + b] = w;
      if (w > 0) left--;
    }
  }
  return out;
}

/** The samples that have counted steps, given the weights of `timeWeights` or null for all valid steps. */
export function countedSamples(outputs: Tensor, weights: Float32Array | null): boolean[] {
  const [T, B] = outputs.shape as [number, number, number];
  return Array.from({ length: B }, (_, b) => {
    if (!weights) return (outputs.lengths?.values[b] ?? T) > 0;
    for (let t = 0; t < T; t++) if (weights[t * B + b]! > 0) return true;
    return false;
  });
}

import { dual } from './dual.ts';
import { naive, primitive, step, type Tensors } from './naive.ts';
import { Random } from './random.ts';
import type { ReferenceGradients } from './reference_gradients.ts';
import type { Trial } from './trial.ts';

/** How well the gradient of one tensor agrees with the exact derivative of the naive net along a random direction. */
export interface Agreement {
  readonly name: string;
  /** Size of the derivative: the root of the sum of squares of gradient * direction. */
  readonly size: number;
  /** Difference of the derivatives, over that size. */
  readonly error: number;
}

export interface Judgement {
  /** Difference of the two losses, over their size. */
  readonly value: number;
  readonly agreements: readonly Agreement[];
}

/** Above this, a gradient is wrong. */
export const EXACT = 1e-6;

/**
 * Compares every gradient of a trial with dual numbers, each tensor along a random direction of its own.
 *
 * @param smooth the gradients, in the smooth mode
 */
export function judge(trial: Trial, smooth: Pick<ReferenceGradients, 'loss' | 'gradients'>): Judgement {
  const spike = trial.layer.surrogate ? primitive(trial.layer.surrogate) : step;
  const random = new Random(`${trial.facts.seed}/directions`);
  let value = 0;
  const agreements: Agreement[] = [];
  for (const [moved, gradient] of smooth.gradients) {
    const u: number[] = [];
    const tensors: Tensors = (name, values) =>
      Array.from(values, (x) => {
        if (name !== moved) return dual(x);
        const direction = random.normal() * Math.max(1, Math.abs(x));
        u.push(direction);
        return dual(x, direction);
      });
    const { loss } = naive(trial, tensors, spike);
    value = Math.abs(loss.value - smooth.loss) / Math.max(1e-300, Math.abs(loss.value));
    const products = u.map((d, i) => d * gradient[i]!);
    const size = Math.hypot(...products);
    const difference = Math.abs(loss.tangent - products.reduce((a, b) => a + b, 0));
    agreements.push({ name: moved, size, error: difference === 0 ? 0 : difference / size });
  }
  return { value, agreements };
}

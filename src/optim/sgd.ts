import { sgd } from '../kernels/optimizers.ts';
import { inRange, Optimizer } from './optimizer.ts';

/**
 * Stochastic gradient descent with momentum. `lr` may be set between steps.
 *
 * @param options layerwise updates each layer in place as soon as its gradient is there: the same numbers, more dispatches
 */
export class SGD extends Optimizer {
  lr: number;
  readonly momentum: number;

  constructor(options: { lr?: number; momentum?: number; layerwise?: boolean } = {}) {
    super(sgd, 1, options.layerwise ?? false);
    this.lr = inRange('SGD', 'lr', options.lr ?? 1e-2, 0);
    this.momentum = inRange('SGD', 'momentum', options.momentum ?? 0, 0, 1);
  }

  protected numbers(): number[] {
    return [this.lr, this.momentum];
  }
}

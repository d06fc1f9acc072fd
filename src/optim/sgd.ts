import { sgd } from '../kernels/optimizers.ts';
import { type CommonOptions, inRange, Optimizer } from './optimizer.ts';

/** The numbers of SGD; those of a group of parameters too. */
export interface SGDNumbers {
  /** Learning rate (1e-2). */
  readonly lr: number;
  /** 0 */
  readonly momentum: number;
  /** What a new gradient lacks in the momentum (0). */
  readonly dampening: number;
  /** Added to the gradient (0). */
  readonly weightDecay: number;
  /** Looks a step ahead along the momentum (false); needs momentum, and no dampening. */
  readonly nesterov: boolean;
}

export interface SGDOptions extends Partial<SGDNumbers>, CommonOptions<SGDNumbers> {}

/**
 * Stochastic gradient descent with momentum, PyTorch's rule. With g the (clipped) gradient + weightDecay p:
 *
 *     m = momentum m + (1 - dampening) g, and m = g in the first step or without momentum
 *     p = p - lr m, or with nesterov p - lr (g + momentum m)
 *
 * @throws when an option is not known or a number is out of its range
 */
export class SGD extends Optimizer<SGDNumbers> {
  constructor(options: SGDOptions = {}) {
    const defaults = { lr: 1e-2, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false };
    super('SGD', { kernel: sgd, slabs: 1 }, options, defaults, ({ lr, momentum, dampening, weightDecay, nesterov }) => {
      inRange('SGD', 'lr', lr, 0);
      inRange('SGD', 'momentum', momentum, 0, 1);
      inRange('SGD', 'dampening', dampening, 0);
      inRange('SGD', 'weightDecay', weightDecay, 0);
      if (nesterov && (momentum === 0 || dampening !== 0))
        throw new Error(`SGD: nesterov needs momentum above 0 and dampening 0, got ${momentum} and ${dampening}`);
    });
  }

  protected numbers({ lr, momentum, dampening, weightDecay, nesterov }: SGDNumbers, k: number): number[] {
    return [lr, momentum, k === 1 || momentum === 0 ? 1 : 1 - dampening, nesterov ? 1 : 0, weightDecay];
  }
}

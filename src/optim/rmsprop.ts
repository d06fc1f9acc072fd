import { rmsprop } from '../kernels/optimizers.ts';
import { type CommonOptions, inRange, Optimizer } from './optimizer.ts';

/** The numbers of RMSprop; those of a group of parameters too. */
export interface RMSpropNumbers {
  /** Learning rate (1e-2). */
  readonly lr: number;
  /** How much of the mean square stays from step to step (0.99). */
  readonly alpha: number;
  /** 1e-8 */
  readonly eps: number;
  /** 0 */
  readonly momentum: number;
  /** Added to the gradient (0). */
  readonly weightDecay: number;
}

export interface RMSpropOptions extends Partial<RMSpropNumbers>, CommonOptions<RMSpropNumbers> {
  /** Divides by the gradient's standard deviation instead of its root mean square (false); of all groups. */
  readonly centered?: boolean;
}

/**
 * RMSprop (Hinton, lecture 6 of Neural Networks for Machine Learning, 2012; centred: Graves 2013), PyTorch's rule. With g
 * the (clipped) gradient + weightDecay p:
 *
 *     s = alpha s + (1 - alpha) g^2 ;  if centred a = alpha a + (1 - alpha) g, otherwise a = 0
 *     m = momentum m + g / (sqrt(s - a^2) + eps)
 *     p = p - lr m
 *
 * @throws when an option is not known or a number is out of its range
 */
export class RMSprop extends Optimizer<RMSpropNumbers> {
  constructor(options: RMSpropOptions = {}) {
    const { centered = false } = options;
    const defaults = { lr: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0, weightDecay: 0 };
    const rule = { kernel: rmsprop, slabs: centered ? 3 : 2, constants: { CENTERED: centered } };
    super('RMSprop', rule, options, defaults, ({ lr, alpha, eps, momentum, weightDecay }) => {
      inRange('RMSprop', 'lr', lr, 0);
      inRange('RMSprop', 'alpha', alpha, 0, 1);
      inRange('RMSprop', 'eps', eps, 0);
      inRange('RMSprop', 'momentum', momentum, 0, 1);
      inRange('RMSprop', 'weightDecay', weightDecay, 0);
    });
  }

  protected numbers({ lr, alpha, eps, momentum, weightDecay }: RMSpropNumbers): number[] {
    return [lr, 1 - alpha, eps, momentum, weightDecay];
  }
}

import { adam } from '../kernels/optimizers.ts';
import { inRange, Optimizer } from './optimizer.ts';

export interface AdamOptions {
  /** Learning rate (1e-3). */
  lr?: number;
  /** [0.9, 0.999] */
  betas?: readonly [number, number];
  /** 1e-8 */
  eps?: number;
  /** Decoupled, as in AdamW (0). */
  weightDecay?: number;
  /** Updates each layer in place as soon as its gradient is there (false): the same numbers, in more dispatches. */
  layerwise?: boolean;
}

/** Adam (Kingma & Ba, ICLR 2015). `lr` may be set between steps. */
export class Adam extends Optimizer {
  lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;

  constructor(options: AdamOptions = {}) {
    super(adam, 2, options.layerwise ?? false);
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    this.lr = inRange('Adam', 'lr', lr, 0);
    this.betas = [inRange('Adam', 'betas[0]', betas[0], 0, 1), inRange('Adam', 'betas[1]', betas[1], 0, 1)];
    this.eps = inRange('Adam', 'eps', eps, 0);
    this.weightDecay = inRange('Adam', 'weightDecay', weightDecay, 0);
  }

  protected numbers(k: number): number[] {
    const [b1, b2] = this.betas;
    return [this.lr, b1, b2, this.eps, 1 - b1 ** k, 1 - b2 ** k, this.weightDecay];
  }
}

import { adam } from '../kernels/optimizers.ts';
import { type CommonOptions, inRange, Optimizer } from './optimizer.ts';

/** The numbers of Adam and AdamW; those of a group of parameters too. */
export interface AdamNumbers {
  /** Learning rate (1e-3). */
  readonly lr: number;
  /** [0.9, 0.999] */
  readonly betas: readonly [number, number];
  /** 1e-8 */
  readonly eps: number;
  /** Adam: added to the gradient (0). AdamW: taken off the parameter directly (1e-2). */
  readonly weightDecay: number;
}

export interface AdamOptions extends Partial<AdamNumbers>, CommonOptions<AdamNumbers> {}

/**
 * Adam (Kingma & Ba, ICLR 2015), PyTorch's rule. In step k, with g the (clipped) gradient + weightDecay p:
 *
 *     m = b1 m + (1 - b1) g ;  s = b2 s + (1 - b2) g^2
 *     p = p - lr (m / (1 - b1^k)) / (sqrt(s / (1 - b2^k)) + eps)
 *
 * @throws when an option is not known or a number is out of its range
 */
export class Adam extends Optimizer<AdamNumbers> {
  constructor(options: AdamOptions = {}) {
    super('Adam', { kernel: adam, slabs: 2 }, options, { ...defaults, weightDecay: 0 }, check('Adam'));
  }

  protected numbers(group: AdamNumbers, k: number): number[] {
    return [...shared(group, k), group.weightDecay, 0];
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019), PyTorch's rule: Adam without the decay in the gradient,
 * and
 *
 *     p = p - lr weightDecay p - lr (m / (1 - b1^k)) / (sqrt(s / (1 - b2^k)) + eps)
 */
export class AdamW extends Optimizer<AdamNumbers> {
  constructor(options: AdamOptions = {}) {
    super('AdamW', { kernel: adam, slabs: 2 }, options, { ...defaults, weightDecay: 1e-2 }, check('AdamW'));
  }

  protected numbers(group: AdamNumbers, k: number): number[] {
    return [...shared(group, k), 0, group.weightDecay];
  }
}

const defaults = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8 } as const;

const shared = ({ lr, betas: [b1, b2], eps }: AdamNumbers, k: number): number[] => [
  lr,
  // exact in float32 where b itself is next to 1
  1 - b1,
  1 - b2,
  eps,
  1 - b1 ** k,
  1 - b2 ** k,
];

const check =
  (owner: string) =>
  ({ lr, betas, eps, weightDecay }: AdamNumbers): void => {
    inRange(owner, 'lr', lr, 0);
    inRange(owner, 'betas[0]', betas[0], 0, 1);
    inRange(owner, 'betas[1]', betas[1], 0, 1);
    inRange(owner, 'eps', eps, 0);
    inRange(owner, 'weightDecay', weightDecay, 0);
  };

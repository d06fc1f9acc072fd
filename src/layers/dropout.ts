import { dropout } from '../autograd/ops/dropout.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { Layer, type LayerConfig, positiveInteger } from './layer.ts';

/**
 * Dropout with one mask for the whole sequence: in training each neuron of each sample is dropped with probability p, at all
 * steps or at none, and the others are scaled by 1/(1 - p) (variational dropout: Gal & Ghahramani, NeurIPS 2016). A mask that
 * changes from step to step would only add noise, which a membrane averages away. In inference it is the identity and
 * dispatches nothing.
 *
 * `new Dropout(240, 0.3)`: [T, B, 240] spikes or dense to the same, dense in training. The mask depends on the seed and number
 * of the step and on the place in the net; a sequence that is trained on in windows has one for each window.
 */
export class Dropout extends Layer {
  readonly params = {};
  readonly config: LayerConfig;
  readonly outputs: number;

  /**
   * @param inputs neurons
   * @param p probability of being dropped, in [0, 1) (0.5)
   */
  constructor(
    readonly inputs: number,
    readonly p = 0.5,
  ) {
    super();
    positiveInteger('Dropout', 'inputs', inputs);
    if (!(p >= 0 && p < 1)) throw new Error(`Dropout: p must be in [0, 1), got ${p}`);
    this.label = 'Dropout';
    this.outputs = inputs;
    this.config = { kind: 'Dropout', inputs, p };
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.label);
  }
}

import { lengthOf } from '../autograd/parameter.ts';
import { registerKind } from '../layers/kinds.ts';
import { Gated, type GatedOptions } from './layer.ts';
import { lstmCell } from './lstm_cell.ts';

export interface LSTMOptions extends GatedOptions {
  /**
   * Initial bias of the forget gate (default 1, so that a new layer remembers: Jozefowicz, Zaremba & Sutskever, ICML 2015;
   * PyTorch draws its two around 0). All other biases begin at 0.
   */
  forgetBias?: number;
}

/**
 * Long short-term memory, the equations of PyTorch's nn.LSTM with one layer and one direction (`lstm_cell.ts`): [T, B, inputs]
 * spikes or dense to [T, B, H] dense.
 *
 * Parameters, rows by gate in the order i, f, g, o: `weight` [4 H, inputs], `recurrent.weight` [4 H, H], `bias` [4 H], the sum
 * of PyTorch's two. States: h, c. H is at most 1,024.
 */
export class LSTM extends Gated {
  constructor(inputs: number, H: number, options: LSTMOptions = {}) {
    const { forgetBias = 1 } = options;
    if (!Number.isFinite(forgetBias)) throw new Error(`LSTM: forgetBias must be a finite number, got ${forgetBias}`);
    if (options.forgetBias !== undefined && options.bias === false)
      throw new Error('LSTM: forgetBias is given, but there are no biases');
    const bias = Float32Array.from({ length: lengthOf([4, H]) }, (_, i) => (Math.floor(i / H) === 1 ? forgetBias : 0));
    super(lstmCell, inputs, H, options, { bias }, ['forgetBias']);
  }
}

registerKind('LSTM', (c) => new LSTM(c.inputs as number, c.outputs as number, c.options as LSTMOptions));

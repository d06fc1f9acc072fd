import { registerKind } from '../layers/kinds.ts';
import { gruCell } from './gru_cell.ts';
import { Gated, type GatedOptions } from './layer.ts';

export type GRUOptions = GatedOptions;

/**
 * Gated recurrent units, the equations of PyTorch's nn.GRU with one layer and one direction (`gru_cell.ts`): [T, B, inputs]
 * spikes or dense to [T, B, H] dense.
 *
 * Parameters, rows by gate in the order r, z, n: `weight` [3 H, inputs], `recurrent.weight` [3 H, H], `bias` and
 * `recurrent.bias` [3 H], 0 at first. State: h. H is at most 1,024.
 */
export class GRU extends Gated {
  constructor(inputs: number, H: number, options: GRUOptions = {}) {
    super(gruCell, inputs, H, options, { bias: 0, 'recurrent.bias': 0 });
  }
}

registerKind('GRU', (c) => new GRU(c.inputs as number, c.outputs as number, c.options as GRUOptions));

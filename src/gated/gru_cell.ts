import { defineGated, fromInput, fromStates, logistic } from '../kernels/gated_cell.ts';
import { state } from '../neurons/definition.ts';
import { expr, tanh } from '../neurons/expr.ts';

const at = (gate: string) => fromInput(gate).add(fromStates(gate));
const [r, z] = [logistic(at('r')), logistic(at('z'))];
const n = tanh(fromInput('n').add(r.value.mul(fromStates('n'))));
const h = expr(1)
  .sub(z.value)
  .mul(n)
  .add(z.value.mul(state('h')));

/**
 * Gated recurrent unit (Cho et al. 2014), as PyTorch's nn.GRU has it: the reset gate acts on the recurrent sum and its bias,
 * not on the state. Each gate gets a_t = W x_t + b, and s_t = R h_{t-1} + b'.
 *
 *     r = sigmoid(a_r + s_r) ;  z = sigmoid(a_z + s_z) ;  n = tanh(a_n + r s_n)
 *     h_t = (1 - z) n + z h_{t-1}
 */
export const gruCell = defineGated({
  name: 'GRU',
  gates: ['r', 'z', 'n'],
  states: ['h'],
  next: { h },
  kept: { r: r.kept, z: z.kept, n },
  keptBeside: [fromStates('n')],
});

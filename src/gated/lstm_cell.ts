import { defineGated, fromInput, fromStates, logistic } from '../kernels/gated_cell.ts';
import { state } from '../neurons/definition.ts';
import { tanh } from '../neurons/expr.ts';

const at = (gate: string) => fromInput(gate).add(fromStates(gate));
const [i, f, o] = [logistic(at('i')), logistic(at('f')), logistic(at('o'))];
const g = tanh(at('g'));
const c = f.value.mul(state('c')).add(i.value.mul(g));

/**
 * Long short-term memory (Hochreiter & Schmidhuber, Neural Computation 1997) with a forget gate (Gers, Schmidhuber & Cummins
 * 2000), as PyTorch's nn.LSTM has it. Each gate gets a_t = W x_t + b + R h_{t-1}.
 *
 *     i = sigmoid(a_i) ;  f = sigmoid(a_f) ;  g = tanh(a_g) ;  o = sigmoid(a_o)
 *     c_t = f c_{t-1} + i g ;  h_t = o tanh(c_t)
 */
export const lstmCell = defineGated({
  name: 'LSTM',
  gates: ['i', 'f', 'g', 'o'],
  states: ['h', 'c'],
  next: { h: o.value.mul(tanh(c)), c },
  kept: { i: i.kept, f: f.kept, g, o: o.kept },
  keptBeside: [state('c')],
});

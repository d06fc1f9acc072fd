import { positiveInteger } from '../layers/layer.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { counts } from './counts.ts';
import type { Layer } from './estimate.ts';

/** An LSTM and, if `outputs` is given, a matrix after it. */
export interface LstmSizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs?: number;
  readonly steps: number;
}

/**
 * What an LSTM of these sizes takes for one sample, counted by hand: all products at every step, whatever its input is.
 *
 *     i, f, o = sigmoid(..), g = tanh(..) of W x_t + U h_{t-1} + b;  c_t = f c_{t-1} + i g;  h_t = o tanh(c_t)
 *
 * Of a unit and step 4 (inputs + hidden) multiply-accumulates, 9 additions (of each gate both sums and the bias; c), 3
 * multiplications, 5 functions.
 *
 * @throws unless all are whole numbers above 0
 */
export function lstmLayers(sizes: LstmSizes): Layer[] {
  onlyKnown('lstmCost', sizes, ['inputs', 'hidden', 'outputs', 'steps']);
  for (const [name, value] of Object.entries(sizes)) if (value !== undefined) positiveInteger('lstmCost', name, value);
  const { inputs, hidden, outputs, steps } = sizes;
  const lstm = lstmLayer(`LSTM ${inputs} to ${hidden}`, inputs, hidden, steps);
  return outputs === undefined ? [lstm] : [lstm, denseLayer(`Linear ${hidden} to ${outputs}`, hidden, outputs, steps)];
}

export function lstmLayer(name: string, inputs: number, hidden: number, steps: number): Layer {
  const products = 4 * hidden * (inputs + hidden);
  const weights = products + 4 * hidden;
  return {
    name,
    kind: 'LSTM',
    counts: counts({
      steps,
      multiplyAccumulates: products * steps,
      dense: products * steps,
      adds: 9 * hidden * steps,
      multiplies: 3 * hidden * steps,
      functions: 5 * hidden * steps,
      weightReads: weights * steps,
      activationReads: products * steps,
      activationWrites: hidden * steps,
      // c; h is among the dense values
      stateReads: hidden * steps,
      stateWrites: hidden * steps,
      denseOutputs: hidden * steps,
    }),
    sizes: { neurons: hidden, weights, states: 2 * hidden, accumulators: hidden, inputs: inputs + hidden },
  };
}

function denseLayer(name: string, inputs: number, outputs: number, steps: number): Layer {
  const products = inputs * outputs;
  return {
    name,
    kind: 'Linear',
    counts: counts({
      steps,
      multiplyAccumulates: products * steps,
      dense: products * steps,
      adds: outputs * steps,
      weightReads: (products + outputs) * steps,
      activationReads: products * steps,
      activationWrites: outputs * steps,
      denseOutputs: outputs * steps,
    }),
    sizes: { neurons: 0, weights: products + outputs, states: 0, accumulators: outputs, inputs },
  };
}

import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import { detach, spike } from './expr.ts';
import type { Timing } from './timing.ts';

export interface ALIFOptions extends Timing {
  /** Leave the reset out of the gradient (default false). */
  detachReset?: boolean;
}

/**
 * The adaptive-threshold neuron of the LSNN (Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 2018).
 *
 *     b_t = rho b_{t-1} + (1 - rho) z_{t-1} ;  theta_t = theta + beta b_t
 *     v_t = alpha v_{t-1} + (1 - alpha) I_t - z_{t-1} theta_t          the reset is not decayed
 *     z_t = [v_t > theta_t] ;  x_t = (v_t - theta_t)/theta_t
 */
export function alif(options: ALIFOptions = {}): NeuronDefinition {
  return defineNeuron({
    name: 'ALIF',
    params: {
      tau: { default: 20, unit: 'ms', min: 1e-3, max: 1e9, meaning: 'membrane time constant' },
      tauAdaptation: { default: 700, unit: 'ms', min: 1e-3, max: 1e9, meaning: 'time constant of the threshold' },
      beta: { default: 1.8, unit: '', min: 0, max: 1e9, meaning: 'how much a spike raises the threshold' },
      threshold: { default: 1, unit: '', min: 1e-6, max: 1e9, meaning: 'firing threshold at rest' },
    },
    states: ['v', 'b'],
    equations({ I, z, param, state }) {
      const { dt = 1, decay: form } = options;
      const alpha = decay(param.tau, dt, form);
      const rho = decay(param.tauAdaptation, dt, form);
      const b = rho.mul(state.b).add(lost(param.tauAdaptation, dt, form).mul(z));
      const theta = param.threshold.add(param.beta.mul(b));
      const v = alpha
        .mul(state.v)
        .add(lost(param.tau, dt, form).mul(I))
        .sub(theta.mul(options.detachReset ? detach(z) : z));
      return { next: { v, b }, z: spike(v.sub(theta).div(theta)), v };
    },
  });
}

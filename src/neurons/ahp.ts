import { decay, defineNeuron, type NeuronDefinition } from './definition.ts';
import { detach, expr, spike } from './expr.ts';
import type { Timing } from './timing.ts';

export interface AHPOptions extends Timing {
  /** Leave the reset out of the gradient (default false). */
  detachReset?: boolean;
}

/**
 * The neuron with a slow after-hyperpolarising current of Rao, Plank, Wild, Maass, "A Long Short-Term Memory for AI
 * Applications in Spike-based Neuromorphic Hardware", Nature Machine Intelligence 2022 (arXiv 2107.03992).
 *
 *     a_t = rho a_{t-1} - beta z_{t-1}
 *     v_t = alpha v_{t-1} (1 - z_{t-1}) + I_t + a_t          recorded before its reset, which acts in the next step
 *     z_t = [v_t > theta] ;  x_t = (v_t - theta)/theta
 *
 * A neuron with beta 0 is a plain LIF neuron with a reset to 0.
 */
export function ahp(options: AHPOptions = {}): NeuronDefinition {
  return defineNeuron({
    name: 'AHP',
    params: {
      tau: { default: 20, unit: 'ms', min: 1e-3, max: 1e9, meaning: 'membrane time constant' },
      tauAhp: {
        default: 700,
        unit: 'ms',
        min: 1e-3,
        max: 1e9,
        meaning: 'time constant of the after-hyperpolarising current',
      },
      beta: { default: 96 / (127 * 64), unit: '', min: 0, max: 1e9, meaning: 'what a spike takes off the current' },
      threshold: { default: 1, unit: '', min: 1e-6, max: 1e9, meaning: 'firing threshold' },
    },
    states: ['v', 'a'],
    equations({ I, z, param, state }) {
      const { dt = 1, decay: form } = options;
      const kept = expr(1).sub(options.detachReset ? detach(z) : z);
      const a = decay(param.tauAhp, dt, form).mul(state.a).sub(param.beta.mul(z));
      const v = decay(param.tau, dt, form).mul(state.v).mul(kept).add(I).add(a);
      return { next: { v, a }, z: spike(v.sub(param.threshold).div(param.threshold)), v };
    },
  });
}

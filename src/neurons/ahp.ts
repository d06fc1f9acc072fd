import { decay, defineNeuron, type NeuronDefinition } from './definition.ts';
import { detach, expr, spike } from './expr.ts';
import { refractory } from './refractory.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec, timeConstant } from './timing.ts';

export interface AHPOptions extends Timing, Omit<SemanticOptions<'spikeTest' | 'detachReset' | 'decay'>, 'semantics'> {
  /** Steps after a spike without another (default 0). */
  refractory?: number;
}

/**
 * The neuron with a slow after-hyperpolarising current of Rao, Plank, Wild, Maass, "A Long Short-Term Memory for AI
 * Applications in Spike-based Neuromorphic Hardware", Nature Machine Intelligence 2022 (arXiv 2107.03992).
 *
 *     a_t = rho a_{t-1} - beta z_{t-1}
 *     v_t = alpha v_{t-1} (1 - z_{t-1}) + I_t + a_t          recorded before its reset, which acts in the next step
 *     z_t = [v_t > theta] ;  x_t = (v_t - theta)/theta
 *
 * A neuron with beta 0 is a plain LIF neuron with a reset to 0 in the next step, before the leak. Parameters: tau (20 ms),
 * tauAhp (700 ms), beta (0.0118), threshold (1). States: v, a, and with a refractory period of more than a step the steps
 * left of it. Defaults: spikeTest '>', detachReset false, decay 'exponential', refractory 0.
 */
export function ahp(options: AHPOptions = {}): NeuronDefinition {
  const s = complete('AHP', { spikeTest: '>', detachReset: false, decay: 'exponential' }, options);
  const dt = stepOf('AHP', options.dt);
  const timing = { dt, decay: s.decay };
  const definition = defineNeuron({
    name: 'AHP',
    params: {
      tau: timeConstant(timing, 20, 'membrane time constant'),
      tauAhp: timeConstant(timing, 700, 'time constant of the after-hyperpolarising current'),
      beta: { default: 96 / (127 * 64), unit: '', min: 0, max: 1e9, meaning: 'what a spike takes off the current' },
      threshold: thresholdSpec(),
    },
    states: ['v', 'a'],
    equations({ I, z, param, state }) {
      const kept = expr(1).sub(s.detachReset ? detach(z) : z);
      const a = decay(param.tauAhp, dt, s.decay).mul(state.a).sub(param.beta.mul(z));
      const v = decay(param.tau, dt, s.decay).mul(state.v).mul(kept).add(I).add(a);
      return { next: { v, a }, z: spike(v.sub(param.threshold).div(param.threshold), s.spikeTest), v };
    },
  });
  return refractory(definition, options.refractory);
}

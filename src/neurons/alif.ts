import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import { detach, type Expr, spike } from './expr.ts';
import { leak } from './leak.ts';
import { refractory } from './refractory.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec, timeConstant } from './timing.ts';

export interface ALIFOptions
  extends Timing,
    Omit<SemanticOptions<'spikeTest' | 'detachReset' | 'inputGain' | 'decay'>, 'semantics'> {
  /** Steps after a spike without another (default 0; the LSNN's on sequential MNIST: 5). */
  refractory?: number;
}

/**
 * The adaptive-threshold neuron of the LSNN (Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 2018).
 *
 *     b_t = rho b_{t-1} + (1 - rho) z_{t-1} ;  theta_t = theta + beta b_t
 *     v_t = alpha v_{t-1} + (1 - alpha) I_t - z_{t-1} theta_t          the reset is not decayed
 *     z_t = [v_t > theta_t] ;  x_t = (v_t - theta_t)/theta_t
 *
 * Parameters: tau (20 ms), tauAdaptation (700 ms), beta (1.8), threshold (0.01; with beta as in the LSNN on
 * sequential MNIST). States: v, b, and with a refractory period of
 * more than a step the steps left of it. The reset is a subtraction in the next step, after the leak, and v is recorded
 * with it. Defaults: spikeTest '>', detachReset false, inputGain 'one minus alpha', decay 'exponential', refractory 0.
 */
export function alif(options: ALIFOptions = {}): NeuronDefinition {
  const s = complete(
    'ALIF',
    { spikeTest: '>', detachReset: false, inputGain: 'one minus alpha', decay: 'exponential' },
    options,
  );
  const dt = stepOf('ALIF', options.dt);
  const timing = { dt, decay: s.decay };
  const membrane = leak('ALIF', timing, ['tau', 'alpha'], 20, 'the membrane', { gain: s.inputGain });
  const definition = defineNeuron({
    name: 'ALIF',
    params: {
      ...membrane.params,
      tauAdaptation: timeConstant(timing, 700, 'time constant of the threshold'),
      beta: { default: 1.8, unit: '', min: 0, max: 1e9, meaning: 'how much a spike raises the threshold' },
      // with an input gain of 1 - alpha a threshold of 1 would be out of reach of weights of order 1
      threshold: { ...thresholdSpec('firing threshold at rest'), default: 0.01 },
    },
    states: ['v', 'b'],
    equations({ I, z, param, state }) {
      const { tauAdaptation, beta, threshold } = param as Record<'tauAdaptation' | 'beta' | 'threshold', Expr>;
      const b = decay(tauAdaptation, dt, s.decay)
        .mul(state.b)
        .add(lost(tauAdaptation, dt, s.decay).mul(z));
      const theta = threshold.add(beta.mul(b));
      const v = membrane
        .decay(param)
        .mul(state.v)
        .add(membrane.gain(param).mul(I))
        .sub(theta.mul(s.detachReset ? detach(z) : z));
      return { next: { v, b }, z: spike(v.sub(theta).div(theta), s.spikeTest), v };
    },
  });
  return refractory(definition, options.refractory);
}

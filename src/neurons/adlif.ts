import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import { detach, spike } from './expr.ts';
import { checkTimes, type Ranges, ranged } from './ranges.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec } from './timing.ts';

export interface AdLIFOptions
  extends Timing,
    Omit<SemanticOptions<'spikeTest' | 'detachReset' | 'decay'>, 'semantics'> {
  /** Other ranges than the paper's in which constants are kept. */
  ranges?: Ranges<'tau' | 'tauW' | 'a' | 'b'>;
}

/**
 * The adaptive LIF neuron of Bittar & Garner, "A surrogate gradient spiking baseline for speech command recognition",
 * Frontiers in Neuroscience 2022.
 *
 *     w_t = rho w_{t-1} + a v_{t-1} + b z_{t-1}
 *     v_t = alpha (v_{t-1} - theta z_{t-1}) + (1 - alpha) (I_t - w_t)      recorded as it is compared
 *     z_t = [v_t > theta] ;  x_t = (v_t - theta)/theta
 *
 * Parameters, kept in the paper's ranges: tau 15 ms in 5 .. 25, tauW 75 ms in 30 .. 120, a 0.5 in -1 .. 1 (coupling to v),
 * b 1 in 0 .. 2 (jump at a spike); threshold 1. States: v, w. Defaults: spikeTest '>', detachReset false, decay
 * 'exponential'. A large a destabilises the forward Euler step that this is; see SEAdLIF.
 */
export function adlif(options: AdLIFOptions = {}): NeuronDefinition {
  const s = complete('AdLIF', { spikeTest: '>', detachReset: false, decay: 'exponential' }, options);
  const dt = stepOf('AdLIF', options.dt);
  const usual = {
    tau: { default: 15, unit: 'ms', min: 5, max: 25, meaning: 'membrane time constant' },
    tauW: { default: 75, unit: 'ms', min: 30, max: 120, meaning: 'time constant of the adaptation' },
    a: { default: 0.5, unit: '', min: -1, max: 1, meaning: 'what the voltage adds to the adaptation' },
    b: { default: 1, unit: '', min: 0, max: 2, meaning: 'what a spike adds to the adaptation' },
  };
  const chosen = ranged('AdLIF', usual, options.ranges);
  checkTimes('AdLIF', chosen, ['tau', 'tauW'], { dt, decay: s.decay });
  return defineNeuron({
    name: 'AdLIF',
    params: {
      ...chosen,
      threshold: thresholdSpec(),
    },
    states: ['v', 'w'],
    equations({ I, z, param, state }) {
      const { tau, tauW, a, b, threshold } = param;
      const w = decay(tauW, dt, s.decay).mul(state.w).add(a.mul(state.v)).add(b.mul(z));
      const kept = state.v.sub(threshold.mul(s.detachReset ? detach(z) : z));
      const v = decay(tau, dt, s.decay)
        .mul(kept)
        .add(lost(tau, dt, s.decay).mul(I.sub(w)));
      return { next: { v, w }, z: spike(v.sub(threshold).div(threshold), s.spikeTest), v };
    },
  });
}

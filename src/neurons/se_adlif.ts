import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import { detach, expr, spike } from './expr.ts';
import { checkTimes, type Ranges, ranged } from './ranges.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec } from './timing.ts';

export interface SEAdLIFOptions
  extends Timing,
    Omit<SemanticOptions<'spikeTest' | 'record' | 'detachReset' | 'decay'>, 'semantics'> {
  /** Other ranges than the paper's in which constants are kept. */
  ranges?: Ranges<'tau' | 'tauW' | 'a' | 'b'>;
}

/**
 * The adaptive LIF neuron in symplectic Euler steps: Baronig, Ferrand, Sabathiel, Legenstein, "Advancing spatio-temporal
 * processing through adaptation in spiking neural networks", 2024. The adaptation sees the voltage of its own step, which
 * keeps it stable.
 *
 *     u_t = alpha v_{t-1} + (1 - alpha) (I_t - w_{t-1}) ;  z_t = [u_t > theta] ;  v_t = u_t (1 - z_t)
 *     w_t = rho w_{t-1} + (1 - rho) q (a v_t + b z_t)
 *     x_t = (u_t - theta)/theta
 *
 * Parameters, kept in the paper's ranges: tau 15 ms in 5 .. 25, tauW 150 ms in 60 .. 300, a 0.5 in 0 .. 1, b 1 in 0 .. 2;
 * q 120, threshold 1. States: v, w. Defaults: spikeTest '>', record 'before reset' (u), detachReset false, decay
 * 'exponential'.
 */
export function seAdlif(options: SEAdLIFOptions = {}): NeuronDefinition {
  const s = complete(
    'SEAdLIF',
    { spikeTest: '>', record: 'before reset', detachReset: false, decay: 'exponential' },
    options,
  );
  const dt = stepOf('SEAdLIF', options.dt);
  const usual = {
    tau: { default: 15, unit: 'ms', min: 5, max: 25, meaning: 'membrane time constant' },
    tauW: { default: 150, unit: 'ms', min: 60, max: 300, meaning: 'time constant of the adaptation' },
    a: { default: 0.5, unit: '', min: 0, max: 1, meaning: 'what the voltage adds to the adaptation' },
    b: { default: 1, unit: '', min: 0, max: 2, meaning: 'what a spike adds to the adaptation' },
  };
  const chosen = ranged('SEAdLIF', usual, options.ranges);
  checkTimes('SEAdLIF', chosen, ['tau', 'tauW'], { dt, decay: s.decay });
  return defineNeuron({
    name: 'SEAdLIF',
    params: {
      ...chosen,
      q: { default: 120, unit: '', min: 0, max: 1e9, meaning: 'factor on both' },
      threshold: thresholdSpec(),
    },
    states: ['v', 'w'],
    equations({ I, param, state }) {
      const { tau, tauW, a, b, q, threshold } = param;
      const u = decay(tau, dt, s.decay)
        .mul(state.v)
        .add(lost(tau, dt, s.decay).mul(I.sub(state.w)));
      const z = spike(u.sub(threshold).div(threshold), s.spikeTest);
      const v = u.mul(expr(1).sub(s.detachReset ? detach(z) : z));
      const w = decay(tauW, dt, s.decay)
        .mul(state.w)
        .add(
          lost(tauW, dt, s.decay)
            .mul(q)
            .mul(a.mul(v).add(b.mul(z))),
        );
      return { next: { v, w }, z, v: s.record === 'before reset' ? u : v };
    },
  });
}

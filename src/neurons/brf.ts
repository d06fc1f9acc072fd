import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { expr, spike, sqrt } from './expr.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, thresholdSpec } from './timing.ts';

export interface BRFOptions extends Omit<SemanticOptions<'spikeTest'>, 'semantics'> {
  /** Length of a step in the unit of which omega is the inverse (default 0.01). */
  dt?: number;
}

/** The largest omega. At 1/dt the slope of p(omega) is infinite. */
const edge = (dt: number): number => Number((0.999 / dt).toPrecision(12));

/**
 * Balanced resonate and fire: Higuchi, Kairat, Bohte, Otte, "Balanced Resonate-and-Fire Neurons", ICML 2024. A complex state
 * that is damped just so much that it does not grow, and more after a spike.
 *
 *     b_t = p(omega) - bOffset - q_{t-1} ;  p(omega) = (-1 + sqrt(1 - (dt omega)^2))/dt
 *     re_t = re_{t-1} + dt (b_t re_{t-1} - omega im_{t-1} + I_t)
 *     im_t = im_{t-1} + dt (omega re_{t-1} + b_t im_{t-1})
 *     z_t = [re_t > theta + q_{t-1}] ;  q_t = gamma q_{t-1} + z_t
 *     x_t = (re_t - theta - q_{t-1})/theta ;  v_t = re_t is recorded
 *
 * Parameters: omega (10 rad per unit of time, in 0 .. 0.999/dt), bOffset (1), gamma (0.9), threshold (1). States: re, im, q.
 * Defaults: dt 0.01, spikeTest '>'. There is no reset: q raises the threshold and the damping for a while.
 */
export function brf(options: BRFOptions = {}): NeuronDefinition {
  const s = complete('BRF', { spikeTest: '>' }, options);
  const dt = stepOf('BRF', options.dt ?? 0.01);
  return defineNeuron({
    name: 'BRF',
    params: {
      omega: {
        default: Math.min(10, edge(dt)),
        unit: 'rad/time',
        min: 0,
        max: edge(dt),
        meaning: 'angular frequency',
      },
      bOffset: { default: 1, unit: '1/time', min: 0, max: 1 / dt, meaning: 'damping beyond the balance' },
      gamma: { default: 0.9, unit: 'per step', min: 0, max: 1 - 2 ** -24, meaning: 'decay of the refractory state' },
      threshold: thresholdSpec(),
    },
    states: ['re', 'im', 'q'],
    equations({ I, param, state }) {
      const { omega, bOffset, gamma, threshold } = param;
      const turn = omega.mul(dt);
      // p(omega) without the rounding of a difference of numbers close to 1
      const root = sqrt(expr(1).sub(turn).mul(turn.add(1)));
      const damping = omega.mul(turn).div(root.add(1)).add(bOffset).add(state.q);
      const kept = expr(1).sub(damping.mul(dt));
      const re = kept.mul(state.re).sub(turn.mul(state.im)).add(I.mul(dt));
      const im = kept.mul(state.im).add(turn.mul(state.re));
      const z = spike(re.sub(threshold).sub(state.q).div(threshold), s.spikeTest);
      return { next: { re, im, q: gamma.mul(state.q).add(z) }, z, v: re };
    },
  });
}

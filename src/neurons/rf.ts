import { decay, defineNeuron, type NeuronDefinition } from './definition.ts';
import { cos, expr, sin, spike } from './expr.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec, timeConstant } from './timing.ts';

export type RFOptions = Timing & Omit<SemanticOptions<'spikeTest' | 'decay'>, 'semantics'>;

/**
 * Resonate and fire (Izhikevich, "Resonate-and-fire neurons", Neural Networks 2001), discrete in time and without a reset
 * as in Frady et al., "Efficient neuromorphic signal processing with resonator neurons", 2022: a complex state that turns
 * by phi and shrinks by rho at every step.
 *
 *     s_t = rho e^{i phi} s_{t-1} + I_t ;  phi = 2 pi dt/period
 *     z_t = [Im s_t > theta] ;  x_t = (Im s_t - theta)/theta ;  v_t = Im s_t is recorded
 *
 * Parameters: period (20 ms, at least two steps), tau (20 ms: rho = e^{-dt/tau}), threshold (1). States: re, im. Defaults:
 * spikeTest '>', decay 'exponential'.
 */
export function rf(options: RFOptions = {}): NeuronDefinition {
  const s = complete('RF', { spikeTest: '>', decay: 'exponential' }, options);
  const dt = stepOf('RF', options.dt);
  return defineNeuron({
    name: 'RF',
    params: {
      period: { default: 20 * Math.max(1, dt), unit: 'ms', min: 2 * dt, max: 1e7 * dt, meaning: 'period' },
      tau: timeConstant({ dt, decay: s.decay }, 20, 'time constant of the decay'),
      threshold: thresholdSpec(),
    },
    states: ['re', 'im'],
    equations({ I, param, state }) {
      const rho = decay(param.tau, dt, s.decay);
      const phi = expr(2 * Math.PI * dt).div(param.period);
      const [c, d] = [rho.mul(cos(phi)), rho.mul(sin(phi))];
      const re = c.mul(state.re).sub(d.mul(state.im)).add(I);
      const im = d.mul(state.re).add(c.mul(state.im));
      return { next: { re, im }, z: spike(im.sub(param.threshold).div(param.threshold), s.spikeTest), v: im };
    },
  });
}

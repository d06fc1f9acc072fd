import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { type Expr, expr, max } from './expr.ts';
import { leak } from './leak.ts';
import { FIRING, type Firing, fire } from './reset.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing, thresholdSpec } from './timing.ts';

/** What `semantics` sets. Defaults: those of the docstring of `alpha`. */
export type AlphaSemantics = SemanticOptions<keyof Firing | 'decay'>;

export interface AlphaOptions extends Timing, AlphaSemantics {
  /** Decays that are parameters, in place of time constants: 'alpha' of e, 'beta' of h. */
  decays?: readonly string[];
}

/** How close the two decays may come when they are learned: v would grow without bound. */
const APART = 1e-3;

/**
 * The neuron whose voltage answers a spike with a double exponential, snnTorch's Alpha.
 *
 *     e_t = alpha e_{t-1} + I_t ;  h_t = beta h_{t-1} - I_t ;  v_t = k (e_t + h_t)
 *     k = ln(alpha)/(ln(beta) - ln(alpha)) + 1 ;  z_t = [v_t > theta] ;  then e_t and h_t become 0
 *     x_t = (v_t - theta)/theta
 *
 * Reset 'zero' empties e and h, 'subtract' takes theta/k off e and so theta off v, 'none' leaves both. The answer rises with
 * beta and falls with alpha, which must be the slower one. Parameters: tauDecay (20 ms; or alpha), tauRise (5 ms; or beta),
 * threshold (1). States: e, h. Defaults: spikeTest '>', reset 'zero', resetMoment 'same step', record 'before reset',
 * detachReset false, decay 'exponential'. Framework: snntorch (Alpha; its own 'subtract' is another rule).
 */
export function alpha(options: AlphaOptions = {}): NeuronDefinition {
  const s = complete('Alpha', { ...FIRING, reset: 'zero', decay: 'exponential' }, options, {
    snntorch: { reset: 'zero' },
  });
  if (s.reset === 'value')
    throw new Error(
      "Alpha: reset must be 'zero', 'subtract' or 'none', got 'value'; e and h have no single value of v",
    );
  const timing = { dt: stepOf('Alpha', options.dt), decay: s.decay };
  const falling = leak('Alpha', timing, ['tauDecay', 'alpha'], 20, 'the fall of v', { given: options.decays });
  const rising = leak('Alpha', timing, ['tauRise', 'beta'], 5, 'the rise of v', { given: options.decays });
  return defineNeuron({
    name: 'Alpha',
    params: { ...falling.params, ...rising.params, threshold: thresholdSpec() },
    states: ['e', 'h'],
    equations({ I, z, param, state }) {
      const threshold = param.threshold!;
      // 1/k, which is k's form without a difference that could vanish
      const share = max(expr(1).sub(falling.log(param).div(rising.log(param))), APART);
      const step = fire(s, {
        before: [state.e, state.h],
        z,
        integrate: ([e, h]) => [falling.decay(param).mul(e!).add(I), rising.decay(param).mul(h!).sub(I)],
        voltage: ([e, h]) => e!.add(h!).div(share),
        distance: (v) => v.sub(threshold).div(threshold),
        reset: ([e, h], spiked) =>
          s.reset === 'zero' ? [kept(e!, spiked), kept(h!, spiked)] : [e!.sub(threshold.mul(share).mul(spiked)), h!],
      });
      return { next: { e: step.states[0]!, h: step.states[1]! }, z: step.z, v: step.v };
    },
  });
}

const kept = (state: Expr, spiked: Expr): Expr => state.mul(expr(1).sub(spiked));

import { defineNeuron, type NeuronDefinition, type ParameterSpec } from './definition.ts';
import { detach, type Expr, exp, expr, spike } from './expr.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { thresholdSpec } from './timing.ts';

export type GLIFOptions = Omit<SemanticOptions<'spikeTest' | 'detachReset'>, 'semantics'>;

/** Where logits are kept; a sigmoid of more is 0 or 1 in float32. */
export const LOGIT = 16;
export const logit = (share: number): number => Math.log(share) - Math.log1p(-share);

const spec = (share: number, meaning: string): ParameterSpec => ({
  default: logit(share),
  unit: 'logit',
  min: -LOGIT,
  max: LOGIT,
  meaning,
});
/** sigmoid(x), and 1 - sigmoid(x) without the rounding of that difference. */
const sigmoid = (x: Expr): Expr => expr(1).div(exp(x.neg()).add(1));
const rest = (x: Expr): Expr => expr(1).div(exp(x).add(1));

/**
 * The gated LIF neuron, without the gate on its input, which the layer has: Yao, Li, Mo, Cheng, "GLIF: A unified gated
 * leaky integrate-and-fire neuron for spiking neural networks", NeurIPS 2022.
 *
 *     d = 1 - a (1 - tau)
 *     v_t = d v_{t-1} - (1 - a) l + I_t - d c v_{t-1} z_{t-1} - (1 - c) r z_{t-1}
 *     z_t = [v_t > theta] ;  x_t = (v_t - theta)/theta
 *
 * a chooses between the exponential and the linear leak, c between the reset to 0 and by subtraction. Parameters, each the
 * logit of its value: a 0.5, c 0.5, tau 0.25 (the decay), l 0.1 (linear leak), r 0.5 (what a reset takes off); and the
 * threshold itself, 0.5. State: v. Defaults: spikeTest '>', detachReset false. The reset acts in the next step, with the
 * leak, and v is recorded as it is compared.
 */
export function glif(options: GLIFOptions = {}): NeuronDefinition {
  const s = complete('GLIF', { spikeTest: '>', detachReset: false }, options);
  return defineNeuron({
    name: 'GLIF',
    params: {
      a: spec(0.5, 'gate of the leak: 1 exponential, 0 linear'),
      c: spec(0.5, 'gate of the reset: 1 to 0, 0 by subtraction'),
      tau: spec(0.25, 'decay of the exponential leak'),
      l: spec(0.1, 'linear leak of a step'),
      r: spec(0.5, 'what a reset by subtraction takes off'),
      threshold: { ...thresholdSpec(), default: 0.5 },
    },
    states: ['v'],
    equations({ I, z, param, state }) {
      const { a, c, tau, l, r, threshold } = param;
      const spiked = s.detachReset ? detach(z) : z;
      const d = expr(1).sub(sigmoid(a).mul(rest(tau)));
      const leaked = d.mul(state.v).mul(expr(1).sub(sigmoid(c).mul(spiked)));
      const v = leaked
        .sub(rest(a).mul(sigmoid(l)))
        .add(I)
        .sub(rest(c).mul(sigmoid(r)).mul(spiked));
      return { next: { v }, z: spike(v.sub(threshold).div(threshold), s.spikeTest), v };
    },
  });
}

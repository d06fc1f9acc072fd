import { defineNeuron, type NeuronDefinition } from '../../neurons/definition.ts';
import { type Expr, spike } from '../../neurons/expr.ts';
import { thresholdSpec } from '../../neurons/timing.ts';

/**
 * What snnTorch 1.0 computes with reset_mechanism 'subtract' and reset_delay=False. It guards against a double reset by taking
 * one off before the test where the voltage is still above the threshold, and giving it back afterwards:
 *
 *     i_t = alpha i_{t-1} + I_t (in Leaky the input itself) ;  u_t = beta v_{t-1} + i_t
 *     z_t = [u_t - theta [v_{t-1} > theta] > theta] ;  v_t = u_t - theta z_t          recorded after the reset
 */
export function stillAbove(synaptic: boolean): NeuronDefinition {
  const share = { default: 0.9, unit: 'per step', min: 0, max: 1 };
  return defineNeuron<string, string>({
    name: synaptic ? 'Synaptic' : 'Leaky',
    params: {
      beta: { ...share, meaning: 'decay of the membrane' },
      ...(synaptic ? { alpha: { ...share, meaning: 'decay of the synaptic current' } } : {}),
      threshold: thresholdSpec(),
    },
    states: synaptic ? ['v', 'i'] : ['v'],
    equations({ I, param, state }) {
      const { beta, alpha, threshold } = param as Record<'beta' | 'alpha' | 'threshold', Expr>;
      const i = synaptic ? alpha.mul(state.i!).add(I) : I;
      const u = beta.mul(state.v!).add(i);
      const tested = u.sub(threshold.mul(state.v!.gt(threshold)));
      const z = spike(tested.sub(threshold).div(threshold));
      const v = u.sub(threshold.mul(z));
      const next: Record<string, Expr> = synaptic ? { v, i } : { v };
      return { next, z, v };
    },
  });
}

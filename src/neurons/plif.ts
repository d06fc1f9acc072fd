import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { exp, expr } from './expr.ts';
import { type Firing, fire, firingParams, resetVoltage } from './reset.ts';
import { complete, type SemanticOptions } from './semantics.ts';

export type PLIFOptions = SemanticOptions<keyof Firing>;

/**
 * Parametric LIF: Fang, Yu, Chen, Masquelier, Huang, Tian, "Incorporating learnable membrane time constant to enhance
 * learning of spiking neural networks", ICCV 2021. The time constant is learned through k, which keeps it above one step:
 * sigmoid(k) = 1/tau.
 *
 *     v_t = v_{t-1} + sigmoid(k) (I_t - (v_{t-1} - v_reset)) ;  z_t = [v_t >= theta] ;  then v_t becomes v_reset
 *     x_t = (v_t - theta)/theta
 *
 * Parameters: k (0: tau of 2 steps; kept in -20 .. 20), threshold (1), with reset 'value' also resetTo (0). State: v.
 * Defaults: spikeTest '>=', reset 'zero', resetMoment 'same step', record 'before reset', detachReset false. Framework:
 * spikingjelly (ParametricLIFNode).
 */
export function plif(options: PLIFOptions = {}): NeuronDefinition {
  const s = complete(
    'PLIF',
    {
      spikeTest: '>=',
      reset: 'zero',
      resetMoment: 'same step',
      record: 'before reset',
      detachReset: false,
    },
    options,
    { spikingjelly: {} },
  );
  return defineNeuron({
    name: 'PLIF',
    params: {
      k: { default: 0, unit: '', min: -20, max: 20, meaning: 'sigmoid(k) is the share that a step takes away' },
      ...firingParams(s.reset),
    },
    states: ['v'],
    equations({ I, z, param, state }) {
      const { k, threshold } = param as Record<'k' | 'threshold', typeof I>;
      const share = expr(1).div(exp(k.neg()).add(1));
      const rest = s.reset === 'value' ? (param as Record<string, typeof I>).resetTo! : expr(0);
      const step = fire(s, {
        before: [state.v],
        z,
        integrate: ([v]) => [v!.add(share.mul(I.sub(v!.sub(rest))))],
        voltage: ([v]) => v!,
        distance: (v) => v.sub(threshold).div(threshold),
        reset: resetVoltage(s.reset, param),
      });
      return { next: { v: step.states[0]! }, z: step.z, v: step.v };
    },
  });
}

import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { refractory } from './refractory.ts';
import { FIRING, type Firing, fire, firingParams, resetVoltage } from './reset.ts';
import { complete, type SemanticOptions } from './semantics.ts';

export interface IFOptions extends SemanticOptions<keyof Firing> {
  /** Steps after a spike without another (default 0). */
  refractory?: number;
}

/**
 * Integrate-and-fire: no leak, the input counts in full.
 *
 *     v_t = v_{t-1} + I_t ;  z_t = [v_t > theta] ;  then v_t loses theta
 *     x_t = (v_t - theta)/theta
 *
 * Parameters: threshold (1), with reset 'value' also resetTo (0). States: v, and with a refractory period of more than a
 * step the steps left of it. Defaults: spikeTest '>', reset 'subtract', resetMoment 'same step', record 'before reset',
 * detachReset false, refractory 0. Frameworks: spikingjelly (IFNode), nir (IF, with R times the step being 1).
 */
export function integrateAndFire(options: IFOptions = {}): NeuronDefinition {
  const s = complete('IF', FIRING, options, { spikingjelly: {}, nir: {} });
  const definition = defineNeuron({
    name: 'IF',
    params: firingParams(s.reset),
    states: ['v'],
    equations({ I, z, param, state }) {
      const threshold = param.threshold!;
      const step = fire(s, {
        before: [state.v],
        z,
        integrate: ([v]) => [v!.add(I)],
        voltage: ([v]) => v!,
        distance: (v) => v.sub(threshold).div(threshold),
        reset: resetVoltage(s.reset, param),
      });
      return { next: { v: step.states[0]! }, z: step.z, v: step.v };
    },
  });
  return refractory(definition, options.refractory);
}

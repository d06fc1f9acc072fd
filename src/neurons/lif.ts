import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { leak } from './leak.ts';
import { refractory } from './refractory.ts';
import { FIRING, type Firing, fire, firingParams, resetVoltage } from './reset.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing } from './timing.ts';

/** What `semantics` sets. Defaults: those of the docstring of `lif`. */
export type LIFSemantics = SemanticOptions<keyof Firing | 'inputGain' | 'decay'>;

export interface LIFOptions extends Timing, LIFSemantics {
  /** Steps after a spike without another (default 0). */
  refractory?: number;
  /** Decays that are parameters, in place of time constants: `['beta']`. */
  decays?: readonly string[];
}

/**
 * Leaky integrate-and-fire.
 *
 *     v_t = alpha v_{t-1} + g I_t ;  z_t = [v_t > theta] ;  then v_t loses theta
 *     x_t = (v_t - theta)/theta
 *
 * Parameters: tau (20 ms; or beta, the decay itself), threshold (1), with reset 'value' also resetTo (0). States: v, and
 * with a refractory period of more than a step the steps left of it. Defaults: spikeTest '>', reset 'subtract',
 * resetMoment 'same step', record 'before reset', detachReset false, inputGain 'one', decay 'exponential', refractory 0.
 * Frameworks: snntorch (Leaky), spikingjelly (LIFNode), norse (LIFBox), lava (LIF with du = 1), nir (LIF).
 */
export function lif(options: LIFOptions = {}): NeuronDefinition {
  const s = complete('LIF', { ...FIRING, inputGain: 'one', decay: 'exponential' }, options, {
    snntorch: {},
    spikingjelly: {},
    norse: {},
    lava: {},
    nir: {},
  });
  const timing = { dt: stepOf('LIF', options.dt), decay: s.decay };
  const membrane = leak('LIF', timing, ['tau', 'beta'], 20, 'the membrane', {
    given: options.decays,
    gain: s.inputGain,
  });
  const definition = defineNeuron({
    name: 'LIF',
    params: { ...membrane.params, ...firingParams(s.reset) },
    states: ['v'],
    equations({ I, z, param, state }) {
      const threshold = param.threshold!;
      const step = fire(s, {
        before: [state.v],
        z,
        integrate: ([v]) => [membrane.decay(param).mul(v!).add(membrane.gain(param).mul(I))],
        voltage: ([v]) => v!,
        distance: (v) => v.sub(threshold).div(threshold),
        reset: resetVoltage(s.reset, param),
      });
      return { next: { v: step.states[0]! }, z: step.z, v: step.v };
    },
  });
  return refractory(definition, options.refractory);
}

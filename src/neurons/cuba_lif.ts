import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { leak } from './leak.ts';
import { refractory } from './refractory.ts';
import { FIRING, type Firing, fire, firingParams, resetVoltage } from './reset.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing } from './timing.ts';

/** What `semantics` sets. Defaults: those of the docstring of `cubaLif`. */
export type CubaLIFSemantics = SemanticOptions<keyof Firing | 'inputGain' | 'decay' | 'synapticGain' | 'synapticDelay'>;

export interface CubaLIFOptions extends Timing, CubaLIFSemantics {
  /** Steps after a spike without another (default 0). */
  refractory?: number;
  /** Decays that are parameters, in place of time constants: 'alpha' of the synapses, 'beta' of the membrane. */
  decays?: readonly string[];
}

/**
 * Leaky integrate-and-fire with a synaptic current.
 *
 *     i_t = alpha_s i_{t-1} + g_s I_t
 *     v_t = alpha v_{t-1} + g i_t (with synapticDelay 1: i_{t-1}) ;  z_t = [v_t > theta] ;  then v_t loses theta
 *     x_t = (v_t - theta)/theta
 *
 * The reset acts on v alone. Parameters: tau (20 ms; or beta, the membrane's decay), tauSyn (5 ms; or alpha, that of the
 * current), threshold (1), with reset 'value' also resetTo (0). States: v, i, and with a refractory period of more than a
 * step the steps left of it. Defaults: spikeTest '>', reset 'subtract', resetMoment 'same step', record 'before reset',
 * detachReset false, inputGain 'one' (g), synapticGain 'one' (g_s), synapticDelay 0, decay 'exponential', refractory 0.
 * Frameworks: snntorch (Synaptic), norse (LIF), lava (LIF), nir (CubaLIF).
 */
export function cubaLif(options: CubaLIFOptions = {}): NeuronDefinition {
  const s = complete(
    'CubaLIF',
    { ...FIRING, inputGain: 'one', decay: 'exponential', synapticGain: 'one', synapticDelay: 0 },
    options,
    { snntorch: {}, norse: {}, lava: {}, nir: {} },
  );
  const timing = { dt: stepOf('CubaLIF', options.dt), decay: s.decay };
  const membrane = leak('CubaLIF', timing, ['tau', 'beta'], 20, 'the membrane', {
    given: options.decays,
    gain: s.inputGain,
  });
  const synapse = leak('CubaLIF', timing, ['tauSyn', 'alpha'], 5, 'the synaptic current', {
    given: options.decays,
    gain: s.synapticGain,
  });
  const definition = defineNeuron({
    name: 'CubaLIF',
    params: { ...membrane.params, ...synapse.params, ...firingParams(s.reset) },
    states: ['v', 'i'],
    equations({ I, z, param, state }) {
      const threshold = param.threshold!;
      const i = synapse.decay(param).mul(state.i).add(synapse.gain(param).mul(I));
      const arriving = membrane.gain(param).mul(s.synapticDelay === 1 ? state.i : i);
      const step = fire(s, {
        before: [state.v],
        z,
        integrate: ([v]) => [membrane.decay(param).mul(v!).add(arriving)],
        voltage: ([v]) => v!,
        distance: (v) => v.sub(threshold).div(threshold),
        reset: resetVoltage(s.reset, param),
      });
      return { next: { v: step.states[0]!, i }, z: step.z, v: step.v };
    },
  });
  return refractory(definition, options.refractory);
}

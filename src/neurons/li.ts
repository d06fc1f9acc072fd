import { defineNeuron, type NeuronDefinition } from './definition.ts';
import { leak } from './leak.ts';
import { complete, type SemanticOptions } from './semantics.ts';
import { stepOf, type Timing } from './timing.ts';

/** What `semantics` sets. Defaults: those of the docstring of `li`. */
export type LISemantics = SemanticOptions<'delay' | 'inputGain' | 'decay'>;

export interface LIOptions extends Timing, LISemantics {
  /** Decays that are parameters, in place of time constants: `['beta']`. */
  decays?: readonly string[];
}

/**
 * Leaky integrator, the usual readout; it does not spike, its output is v.
 *
 *     v_t = alpha v_{t-1} + g I_t          with delay 1, as in the published AHP readout: g I_{t-1}
 *
 * Parameters: tau (20 ms; or beta, the decay itself). States: v, with delay 1 also i, the input that waits. Defaults:
 * delay 0, inputGain 'one', decay 'exponential'. Frameworks: snntorch (Leaky without a reset), spikingjelly
 * (NonSpikingLIFNode), norse (LIBox), nir (LI).
 */
export function li(options: LIOptions = {}): NeuronDefinition {
  const s = complete('LI', { delay: 0, inputGain: 'one', decay: 'exponential' }, options, {
    snntorch: {},
    spikingjelly: {},
    norse: {},
    nir: {},
  });
  const timing = { dt: stepOf('LI', options.dt), decay: s.decay };
  const membrane = leak('LI', timing, ['tau', 'beta'], 20, 'the membrane', {
    given: options.decays,
    gain: s.inputGain,
  });
  const { params } = membrane;
  if (s.delay === 0) {
    return defineNeuron({
      name: 'LI',
      params,
      states: ['v'],
      equations({ I, param, state }) {
        const v = membrane.decay(param).mul(state.v).add(membrane.gain(param).mul(I));
        return { next: { v }, v };
      },
    });
  }
  return defineNeuron({
    name: 'LI',
    params,
    states: ['v', 'i'],
    // the current waits in a state of its own, so that carrying it over and its gradient need no special case
    equations({ I, param, state }) {
      const v = membrane.decay(param).mul(state.v).add(membrane.gain(param).mul(state.i));
      return { next: { v, i: I }, v };
    },
  });
}

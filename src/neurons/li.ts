import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import type { Timing } from './timing.ts';

export interface LIOptions extends Timing {
  /** Steps by which the input arrives late: 0 (default), or 1 as in the published AHP readout. */
  delay?: 0 | 1;
  /** The factor on the input: 1 (default) or 1 - alpha. */
  inputGain?: 'one' | 'one minus alpha';
}

/** Leaky integrator, the usual readout: v_t = alpha v_{t-1} + g I_t (or I_{t-1}); it does not spike, its output is v. */
export function li(options: LIOptions = {}): NeuronDefinition {
  const { delay = 0, inputGain = 'one', dt = 1, decay: form } = options;
  if (delay !== 0 && delay !== 1) throw new Error(`LI: delay must be 0 or 1 steps, got ${delay}`);
  const params = { tau: { default: 20, unit: 'ms', min: 1e-3, max: 1e9, meaning: 'time constant' } };
  if (delay === 0) {
    return defineNeuron({
      name: 'LI',
      params,
      states: ['v'],
      equations({ I, param, state }) {
        const alpha = decay(param.tau, dt, form);
        const v = alpha.mul(state.v).add(inputGain === 'one' ? I : lost(param.tau, dt, form).mul(I));
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
      const alpha = decay(param.tau, dt, form);
      const v = alpha.mul(state.v).add(inputGain === 'one' ? state.i : lost(param.tau, dt, form).mul(state.i));
      return { next: { v, i: I }, v };
    },
  });
}

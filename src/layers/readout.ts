import { type LIOptions as Equations, li } from '../neurons/li.ts';
import { type Constant, decaysOf, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface ReadoutOptions extends Omit<NeuronOptions, 'recurrent' | 'surrogate'>, Omit<Equations, 'decays'> {
  /** Time constant in ms (20). */
  tau?: Constant;
  /** The decay per step, in [0, 1), in place of tau. */
  beta?: Constant;
}

const OPTIONS = {
  tau: true,
  beta: true,
  dt: true,
  decay: true,
  semantics: true,
  delay: true,
  inputGain: true,
} as const;

/**
 * Leaky integrators without spikes: [T, B, inputs] to voltages [T, B, N], dense. Equations, defaults and states in
 * `src/neurons/li.ts`.
 */
export class Readout extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: ReadoutOptions] | [N: number, options?: ReadoutOptions]) {
    const { sizes, options } = sizesAndOptions<ReadoutOptions>(args, 'Readout', OPTIONS);
    const { tau, beta } = options;
    const definition = li({ ...options, decays: decaysOf('Readout', options, [['tau', 'beta']]) });
    super(definition, sizes, { tau, beta }, options, { kind: 'Readout', sizes, options: savedOptions(options) });
  }
}

import { type LIOptions as Equations, li } from '../neurons/li.ts';
import { type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface ReadoutOptions extends Omit<NeuronOptions, 'recurrent' | 'surrogate'>, Equations {
  /** Time constant in ms (20). */
  tau?: PerNeuron;
}

/** Leaky integrators without spikes: [T, B, inputs] to voltages [T, B, N], dense. Equations in `src/neurons/li.ts`. */
export class Readout extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: ReadoutOptions] | [N: number, options?: ReadoutOptions]) {
    const { sizes, options } = sizesAndOptions<ReadoutOptions>(args);
    super(li(options), sizes, { tau: options.tau }, options, {
      kind: 'Readout',
      sizes,
      options: savedOptions(options),
    });
  }
}

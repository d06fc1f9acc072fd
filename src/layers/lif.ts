import { type LIFOptions as Equations, lif } from '../neurons/lif.ts';
import { type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface LIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (20). */
  tau?: PerNeuron;
  /** 1. */
  threshold?: PerNeuron;
}

/** Leaky integrate-and-fire neurons. Equations in `src/neurons/lif.ts`. */
export class LIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: LIFOptions] | [N: number, options?: LIFOptions]) {
    const { sizes, options } = sizesAndOptions<LIFOptions>(args);
    const { tau, threshold } = options;
    super(lif(options), sizes, { tau, threshold }, options, { kind: 'LIF', sizes, options: savedOptions(options) });
  }
}

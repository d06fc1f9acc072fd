import { brf, type BRFOptions as Equations } from '../neurons/brf.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface BRFOptions extends NeuronOptions, Equations {
  /** Angular frequency (10), in 0 .. 0.999/dt. `{ uniform: [5, 10] }` draws one for each neuron. */
  omega?: Constant;
  /** Damping beyond what keeps the oscillation from growing (1). */
  bOffset?: Constant;
  /** Decay per step of the refractory state (0.9). */
  gamma?: Constant;
  /** 1. */
  threshold?: Constant;
}

const OPTIONS = { omega: true, bOffset: true, gamma: true, threshold: true, dt: true, spikeTest: true } as const;

/** Balanced resonate-and-fire neurons, Higuchi et al. 2024. Equations and defaults in `src/neurons/brf.ts`. */
export class BRF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: BRFOptions] | [N: number, options?: BRFOptions]) {
    const { sizes, options } = sizesAndOptions<BRFOptions>(args, 'BRF', OPTIONS);
    const { omega, bOffset, gamma, threshold } = options;
    super(brf(options), sizes, { omega, bOffset, gamma, threshold }, options, {
      kind: 'BRF',
      sizes,
      options: savedOptions(options),
    });
  }
}

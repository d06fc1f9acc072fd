import { adlif, type AdLIFOptions as Equations } from '../neurons/adlif.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface AdLIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (15). `{ uniform: [5, 25] }` draws one for each neuron, as the paper does. */
  tau?: Constant;
  /** Time constant of the adaptation in ms (75). */
  tauW?: Constant;
  /** What the voltage adds to the adaptation (0.5). */
  a?: Constant;
  /** What a spike adds to it (1). */
  b?: Constant;
  /** 1. */
  threshold?: Constant;
}

const OPTIONS = {
  tau: true,
  tauW: true,
  a: true,
  b: true,
  threshold: true,
  dt: true,
  decay: true,
  spikeTest: true,
  detachReset: true,
  ranges: true,
} as const;

/** Adaptive LIF neurons of Bittar & Garner 2022. Equations, ranges and defaults in `src/neurons/adlif.ts`. */
export class AdLIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: AdLIFOptions] | [N: number, options?: AdLIFOptions]) {
    const { sizes, options } = sizesAndOptions<AdLIFOptions>(args, 'AdLIF', OPTIONS);
    const { tau, tauW, a, b, threshold } = options;
    super(adlif(options), sizes, { tau, tauW, a, b, threshold }, options, {
      kind: 'AdLIF',
      sizes,
      options: savedOptions(options),
    });
  }
}

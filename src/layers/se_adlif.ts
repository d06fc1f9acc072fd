import { type SEAdLIFOptions as Equations, seAdlif } from '../neurons/se_adlif.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface SEAdLIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (15). `{ uniform: [5, 25] }` draws one for each neuron. */
  tau?: Constant;
  /** Time constant of the adaptation in ms (150). */
  tauW?: Constant;
  /** What the voltage adds to the adaptation (0.5). */
  a?: Constant;
  /** What a spike adds to it (1). */
  b?: Constant;
  /** Factor on both (120). */
  q?: Constant;
  /** 1. */
  threshold?: Constant;
}

const OPTIONS = {
  tau: true,
  tauW: true,
  a: true,
  b: true,
  q: true,
  threshold: true,
  dt: true,
  decay: true,
  spikeTest: true,
  record: true,
  detachReset: true,
  ranges: true,
} as const;

/** Adaptive LIF neurons in symplectic Euler steps, Baronig et al. 2024. Equations, ranges and defaults in `src/neurons/se_adlif.ts`. */
export class SEAdLIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: SEAdLIFOptions] | [N: number, options?: SEAdLIFOptions]) {
    const { sizes, options } = sizesAndOptions<SEAdLIFOptions>(args, 'SEAdLIF', OPTIONS);
    const { tau, tauW, a, b, q, threshold } = options;
    super(seAdlif(options), sizes, { tau, tauW, a, b, q, threshold }, options, {
      kind: 'SEAdLIF',
      sizes,
      options: savedOptions(options),
    });
  }
}

import { type SEAdLIFOptions as Equations, seAdlif } from '../neurons/se_adlif.ts';
import { type Drawn, type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface SEAdLIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (15). `{ uniform: [5, 25] }` draws one for each neuron. */
  tau?: PerNeuron | Drawn;
  /** Time constant of the adaptation in ms (150). */
  tauW?: PerNeuron | Drawn;
  /** What the voltage adds to the adaptation (0.5). */
  a?: PerNeuron | Drawn;
  /** What a spike adds to it (1). */
  b?: PerNeuron | Drawn;
  /** Factor on both (120). */
  q?: PerNeuron | Drawn;
  /** 1. */
  threshold?: PerNeuron | Drawn;
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

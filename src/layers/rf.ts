import { type RFOptions as Equations, rf } from '../neurons/rf.ts';
import { type Drawn, type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export type RFOptions = NeuronOptions &
  Equations & {
    /** Period of the resonance in ms, at least two steps (20). */
    period?: PerNeuron | Drawn;
    /** Time constant of the decay in ms (20). */
    tau?: PerNeuron | Drawn;
    /** 1. */
    threshold?: PerNeuron | Drawn;
  };

const OPTIONS = { period: true, tau: true, threshold: true, dt: true, decay: true, spikeTest: true } as const;

/** Resonate-and-fire neurons, without a reset. Equations and defaults in `src/neurons/rf.ts`. */
export class RF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: RFOptions] | [N: number, options?: RFOptions]) {
    const { sizes, options } = sizesAndOptions<RFOptions>(args, 'RF', OPTIONS);
    const { period, tau, threshold } = options;
    super(rf(options), sizes, { period, tau, threshold }, options, {
      kind: 'RF',
      sizes,
      options: savedOptions(options),
    });
  }
}

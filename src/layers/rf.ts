import { type RFOptions as Equations, rf } from '../neurons/rf.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export type RFOptions = NeuronOptions &
  Equations & {
    /** Period of the resonance in ms, at least two steps (20). */
    period?: Constant;
    /** Time constant of the decay in ms (20). */
    tau?: Constant;
    /** 1. */
    threshold?: Constant;
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

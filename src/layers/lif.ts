import { type LIFOptions as Equations, lif } from '../neurons/lif.ts';
import { withValue } from '../neurons/reset.ts';
import { type Constant, decaysOf, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface LIFOptions extends NeuronOptions, Omit<Equations, 'decays'> {
  /** Membrane time constant in ms (20). */
  tau?: Constant;
  /** The membrane's decay per step, in [0, 1), in place of tau. */
  beta?: Constant;
  /** 1. */
  threshold?: Constant;
  /** What v becomes at a spike; asks for reset 'value' (0). */
  resetTo?: Constant;
}

const OPTIONS = {
  tau: true,
  beta: true,
  threshold: true,
  resetTo: true,
  dt: true,
  decay: true,
  semantics: true,
  spikeTest: true,
  reset: true,
  resetMoment: true,
  record: true,
  detachReset: true,
  inputGain: true,
  refractory: true,
} as const;

/** Leaky integrate-and-fire neurons. Equations, defaults and states in `src/neurons/lif.ts`. */
export class LIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: LIFOptions] | [N: number, options?: LIFOptions]) {
    const { sizes, options } = sizesAndOptions<LIFOptions>(args, 'LIF', OPTIONS);
    const { tau, beta, threshold, resetTo } = options;
    const definition = lif({ ...withValue('LIF', options), decays: decaysOf('LIF', options, [['tau', 'beta']]) });
    super(definition, sizes, { tau, beta, threshold, resetTo }, options, {
      kind: 'LIF',
      sizes,
      options: savedOptions(options),
    });
  }
}

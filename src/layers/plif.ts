import { type PLIFOptions as Equations, plif } from '../neurons/plif.ts';
import { withValue } from '../neurons/reset.ts';
import {
  type Constant,
  type NeuronOptions,
  Neurons,
  type PerNeuron,
  savedOptions,
  sizesAndOptions,
} from './neurons.ts';

export interface PLIFOptions extends NeuronOptions, Equations {
  /** The time constant at the start, in steps, above 1 (2). */
  tau0?: PerNeuron;
  /** Or what is learned in its place: k = -ln(tau0 - 1). */
  k?: Constant;
  /** 1. */
  threshold?: Constant;
  /** What v becomes at a spike; asks for reset 'value' (0). */
  resetTo?: Constant;
}

const OPTIONS = {
  tau0: true,
  k: true,
  threshold: true,
  resetTo: true,
  semantics: true,
  spikeTest: true,
  reset: true,
  resetMoment: true,
  record: true,
  detachReset: true,
} as const;

/**
 * LIF neurons whose time constant is learned, one a layer unless `tau0` or `k` has one for each neuron: `learn` is ['k'] by
 * default. Fang et al. 2021. Equations and defaults in `src/neurons/plif.ts`.
 */
export class PLIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: PLIFOptions] | [N: number, options?: PLIFOptions]) {
    const { sizes, options } = sizesAndOptions<PLIFOptions>(args, 'PLIF', OPTIONS);
    const { tau0, threshold, resetTo, learn = ['k'] } = options;
    if (tau0 !== undefined && options.k !== undefined)
      throw new Error('PLIF: tau0 and k are two names of one constant; give one of them');
    const k = tau0 === undefined ? options.k : each(tau0);
    super(
      plif(withValue('PLIF', options)),
      sizes,
      { k, threshold, resetTo },
      { ...options, learn },
      {
        kind: 'PLIF',
        sizes,
        options: savedOptions(options),
      },
    );
  }
}

function each(tau0: PerNeuron): PerNeuron {
  const k = (t: number): number => {
    if (!(t > 1 && Number.isFinite(t)))
      throw new Error(`PLIF: tau0 must be a finite number of steps above 1, got ${t}`);
    // not -0
    return 0 - Math.log(t - 1);
  };
  return typeof tau0 === 'number' ? k(tau0) : Array.from(tau0, k);
}

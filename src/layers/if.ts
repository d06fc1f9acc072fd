import { type IFOptions as Equations, integrateAndFire } from '../neurons/if.ts';
import { withValue } from '../neurons/reset.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface IFOptions extends NeuronOptions, Equations {
  /** 1. */
  threshold?: Constant;
  /** What v becomes at a spike; asks for reset 'value' (0). */
  resetTo?: Constant;
}

const OPTIONS = {
  threshold: true,
  resetTo: true,
  semantics: true,
  spikeTest: true,
  reset: true,
  resetMoment: true,
  record: true,
  detachReset: true,
  refractory: true,
} as const;

/** Integrate-and-fire neurons, without a leak. Equations, defaults and states in `src/neurons/if.ts`. */
export class IF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: IFOptions] | [N: number, options?: IFOptions]) {
    const { sizes, options } = sizesAndOptions<IFOptions>(args, 'IF', OPTIONS);
    const { threshold, resetTo } = options;
    super(integrateAndFire(withValue('IF', options)), sizes, { threshold, resetTo }, options, {
      kind: 'IF',
      sizes,
      options: savedOptions(options),
    });
  }
}

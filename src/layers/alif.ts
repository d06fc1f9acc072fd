import { alif, type ALIFOptions as Equations } from '../neurons/alif.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface ALIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (20). */
  tau?: Constant;
  /** Time constant of the threshold in ms (700). */
  tauAdaptation?: Constant;
  /** How much a spike raises the threshold (1.8); 0 makes a plain neuron. */
  beta?: Constant;
  /** At rest (0.01). */
  threshold?: Constant;
}

const OPTIONS = {
  tau: true,
  tauAdaptation: true,
  beta: true,
  threshold: true,
  dt: true,
  decay: true,
  spikeTest: true,
  detachReset: true,
  inputGain: true,
  refractory: true,
} as const;

/** Neurons with an adaptive threshold, those of the LSNN. Equations, defaults and states in `src/neurons/alif.ts`. */
export class ALIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: ALIFOptions] | [N: number, options?: ALIFOptions]) {
    const { sizes, options } = sizesAndOptions<ALIFOptions>(args, 'ALIF', OPTIONS);
    const { tau, tauAdaptation, beta, threshold } = options;
    super(alif(options), sizes, { tau, tauAdaptation, beta, threshold }, options, {
      kind: 'ALIF',
      sizes,
      options: savedOptions(options),
    });
  }
}

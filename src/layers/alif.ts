import { alif, type ALIFOptions as Equations } from '../neurons/alif.ts';
import { type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface ALIFOptions extends NeuronOptions, Equations {
  /** Membrane time constant in ms (20). */
  tau?: PerNeuron;
  /** Time constant of the threshold in ms (700). */
  tauAdaptation?: PerNeuron;
  /** How much a spike raises the threshold (1.8); 0 makes a plain neuron. */
  beta?: PerNeuron;
  /** At rest (1). */
  threshold?: PerNeuron;
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

import { lengthOf } from '../autograd/parameter.ts';
import { ahp, type AHPOptions as Equations } from '../neurons/ahp.ts';
import { type Constant, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface AHPOptions extends NeuronOptions, Equations {
  /** How many neurons, the last ones, have the slow current; all by default. Where beta is learned, the others may gain one. */
  adaptive?: number;
  /** Membrane time constant in ms (20). */
  tau?: Constant;
  /** Time constant of the after-hyperpolarising current in ms (700). */
  tauAhp?: Constant;
  /** What a spike takes off that current, in thresholds (0.0118, that of the published net). */
  beta?: Constant;
  /** 1. */
  threshold?: Constant;
}

const OPTIONS = {
  adaptive: true,
  tau: true,
  tauAhp: true,
  beta: true,
  threshold: true,
  dt: true,
  decay: true,
  spikeTest: true,
  detachReset: true,
  refractory: true,
} as const;

/**
 * Neurons with a slow after-hyperpolarising current, which gives a net long memory: Rao, Plank, Wild, Maass, Nature
 * Machine Intelligence 2022. Equations, defaults and states in `src/neurons/ahp.ts`.
 *
 * `new AHP(80, 240, { recurrent: true, adaptive: 100 })`: [T, B, 80] to spikes [T, B, 240].
 */
export class AHP extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: AHPOptions] | [N: number, options?: AHPOptions]) {
    const { sizes, options } = sizesAndOptions<AHPOptions>(args, 'AHP', OPTIONS);
    const { adaptive, tau, tauAhp, threshold } = options;
    const definition = ahp(options);
    const N = sizes.at(-1)!;
    let { beta } = options;
    if (adaptive !== undefined) {
      if (!(Number.isInteger(adaptive) && adaptive >= 0 && adaptive <= N))
        throw new Error(`AHP: adaptive must be a whole number of neurons in 0..${N}, got ${adaptive}`);
      const given = beta ?? definition.params.beta!.default;
      if (typeof given === 'object' && 'uniform' in given)
        throw new Error('AHP: beta cannot be drawn where adaptive says which neurons have it; give a list');
      if (typeof given === 'object' && given.length !== N)
        throw new Error(`AHP: beta must be one number or ${N} (one per neuron), got ${given.length}`);
      beta = Array.from({ length: lengthOf([N]) }, (_, i) =>
        i < N - adaptive ? 0 : typeof given === 'number' ? given : given[i]!,
      );
    }
    super(definition, sizes, { tau, tauAhp, beta, threshold }, options, {
      kind: 'AHP',
      sizes,
      options: savedOptions(options),
    });
  }
}

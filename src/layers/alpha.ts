import { alpha, type AlphaOptions as Equations } from '../neurons/alpha.ts';
import { decaysOf, type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface AlphaOptions extends NeuronOptions, Omit<Equations, 'decays'> {
  /** Time constant of the voltage's fall in ms (20); longer than tauRise. */
  tauDecay?: PerNeuron;
  /** The decay per step of the voltage's fall, in [0, 1), in place of tauDecay. */
  alpha?: PerNeuron;
  /** Time constant of its rise in ms (5). */
  tauRise?: PerNeuron;
  /** The decay per step of its rise, in [0, 1), in place of tauRise. */
  beta?: PerNeuron;
  /** 1. */
  threshold?: PerNeuron;
}

const OPTIONS = {
  tauDecay: true,
  alpha: true,
  tauRise: true,
  beta: true,
  threshold: true,
  dt: true,
  decay: true,
  semantics: true,
  spikeTest: true,
  reset: true,
  resetMoment: true,
  record: true,
  detachReset: true,
} as const;

/** Neurons whose voltage answers with a double exponential. Equations, defaults and states in `src/neurons/alpha.ts`. */
export class Alpha extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: AlphaOptions] | [N: number, options?: AlphaOptions]) {
    const { sizes, options } = sizesAndOptions<AlphaOptions>(args, 'Alpha', OPTIONS);
    const { tauDecay, alpha: falling, tauRise, beta, threshold } = options;
    const decays = decaysOf('Alpha', options, [
      ['tauDecay', 'alpha'],
      ['tauRise', 'beta'],
    ]);
    super(alpha({ ...options, decays }), sizes, { tauDecay, alpha: falling, tauRise, beta, threshold }, options, {
      kind: 'Alpha',
      sizes,
      options: savedOptions(options),
    });
    this.#checkOrder();
  }

  /** @throws unless every neuron's voltage falls more slowly than it rises */
  #checkOrder(): void {
    const { dt = 1, decay: form } = this.options as AlphaOptions;
    const decayOf = (tau: string, decay: string, n: number): number => {
      const own = this.params[decay]?.data;
      if (own) return own[n % own.length]!;
      const { data } = this.params[tau]!;
      const x = dt / data[n % data.length]!;
      return form === 'euler' ? 1 - x : Math.exp(-x);
    };
    for (let n = 0; n < this.outputs; n++) {
      const [falls, rises] = [decayOf('tauDecay', 'alpha', n), decayOf('tauRise', 'beta', n)];
      if (!(falls > rises))
        throw new Error(
          `Alpha: neuron ${n} must fall more slowly than it rises (alpha above beta, tauDecay above tauRise), got decays ${falls} and ${rises}`,
        );
    }
  }
}

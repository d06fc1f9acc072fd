import { alpha, type AlphaOptions as Equations } from '../neurons/alpha.ts';
import {
  type Constant,
  decaysOf,
  endsOf,
  type NeuronOptions,
  Neurons,
  savedOptions,
  sizesAndOptions,
} from './neurons.ts';

export interface AlphaOptions extends NeuronOptions, Omit<Equations, 'decays'> {
  /** Time constant of the voltage's fall in ms (20); longer than tauRise. */
  tauDecay?: Constant;
  /** The decay per step of the voltage's fall, in [0, 1), in place of tauDecay. */
  alpha?: Constant;
  /** Time constant of its rise in ms (5). */
  tauRise?: Constant;
  /** The decay per step of its rise, in [0, 1), in place of tauRise. */
  beta?: Constant;
  /** 1. */
  threshold?: Constant;
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
    const options = this.options as AlphaOptions;
    const { dt = 1, decay: form } = options;
    /** Those of the neurons; where they are drawn, the ends between which they will be. */
    const valuesOf = (tau: 'tauDecay' | 'tauRise', decay: 'alpha' | 'beta'): number[] => {
      const name = this.params[decay] ? decay : tau;
      const values = Array.from(endsOf(options[name]) ?? this.params[name]!.data);
      return name === decay ? values : values.map((t) => (form === 'euler' ? 1 - dt / t : Math.exp(-dt / t)));
    };
    const check = (falls: number, rises: number, which: string): void => {
      if (!(falls > rises))
        throw new Error(
          `Alpha: ${which} must fall more slowly than it rises (alpha above beta, tauDecay above tauRise), got decays ${falls} and ${rises}`,
        );
    };
    const [falling, rising] = [valuesOf('tauDecay', 'alpha'), valuesOf('tauRise', 'beta')];
    const drawn = Object.values(options).some((value) => endsOf(value));
    if (drawn) check(Math.min(...falling), Math.max(...rising), 'each neuron');
    else
      for (let n = 0; n < this.outputs; n++)
        check(falling[n % falling.length]!, rising[n % rising.length]!, `neuron ${n}`);
  }
}

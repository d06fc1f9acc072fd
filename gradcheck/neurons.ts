import { add, type Dual, div, exp, mul, sub } from '../src/check/dual.ts';
import { Random } from '../src/check/random.ts';
import type { TrialOptions } from '../src/check/trial.ts';
import { AdLIF } from '../src/layers/adlif.ts';
import { AHP } from '../src/layers/ahp.ts';
import { ALIF } from '../src/layers/alif.ts';
import { Alpha } from '../src/layers/alpha.ts';
import { BRF } from '../src/layers/brf.ts';
import { CubaLIF } from '../src/layers/cuba_lif.ts';
import { GLIF } from '../src/layers/glif.ts';
import { IF } from '../src/layers/if.ts';
import { LIF } from '../src/layers/lif.ts';
import type { NeuronOptions, Neurons } from '../src/layers/neurons.ts';
import { PLIF } from '../src/layers/plif.ts';
import { Readout } from '../src/layers/readout.ts';
import { RF } from '../src/layers/rf.ts';
import { SEAdLIF } from '../src/layers/se_adlif.ts';
import type { Semantics } from '../src/neurons/semantics.ts';

// Every neuron with what can be asked of it, and constants with which it lives within a few steps.

/** Options on which neurons differ, each with its values as text. */
export const SEMANTICS = {
  reset: ['subtract', 'zero', 'value', 'none'],
  resetMoment: ['same step', 'next step after leak', 'next step before leak'],
  record: ['before reset', 'after reset'],
  detachReset: ['false', 'true'],
  spikeTest: ['>', '>='],
  inputGain: ['one', 'one minus alpha', 'dt/tau'],
  decay: ['exponential', 'euler'],
  refractory: ['0', '1', '3'],
  /** Constants that are time constants or the decays themselves. */
  constant: ['tau', 'decay'],
  delay: ['0', '1'],
  synapticGain: ['one', 'one minus alpha', 'dt/tau'],
} as const;

export type SemanticName = keyof typeof SEMANTICS;
/** What is asked of a neuron: the options that it has. */
export type Asked = Readonly<Partial<Record<SemanticName, string>>>;

/** A constant between these, one for the layer or one for each neuron. */
type Range = (low: number, high: number) => number | number[];

interface NeuronEntry {
  /** The options that it has, with their values if not all. */
  readonly has: Readonly<Partial<Record<SemanticName, readonly string[]>>>;
  /** Whether it has a constant called threshold. */
  readonly threshold: boolean;
  readonly spiking?: false;
  readonly make: (K: number, N: number, asked: Asked, of: Range, options: NeuronOptions, T: number) => Neurons;
  /** What the layer makes of the current from outside. */
  readonly current?: TrialOptions['current'];
}

type Options = NeuronOptions & Partial<Semantics> & { refractory?: number };

/** Options as the layers take them. */
function optionsOf(asked: Asked, common: NeuronOptions): Options {
  const own = Object.entries(asked).filter(([name]) => name !== 'constant');
  const value = (name: string, text: string): unknown =>
    name === 'detachReset' ? text === 'true' : ['refractory', 'delay'].includes(name) ? Number(text) : text;
  return { ...Object.fromEntries(own.map(([name, text]) => [name, value(name, text)])), ...common } as Options;
}

const all = <K extends SemanticName>(...names: K[]): Record<K, readonly string[]> =>
  Object.fromEntries(names.map((n) => [n, SEMANTICS[n] as readonly string[]])) as Record<K, readonly string[]>;

const FIRING = all('reset', 'resetMoment', 'record', 'detachReset', 'spikeTest');
/** The value of a reset to a value. */
const resetTo = (asked: Asked, of: Range) => (asked.reset === 'value' ? { resetTo: of(-0.2, 0.2) } : {});

const sigmoid = (x: Dual): Dual => div(1, add(1, exp(sub(0, x))));

export const neurons: Readonly<Record<string, NeuronEntry>> = {
  IF: {
    has: { ...FIRING, ...all('refractory') },
    threshold: true,
    make: (K, N, asked, of, options) =>
      new IF(K, N, { ...optionsOf(asked, options), ...resetTo(asked, of), threshold: of(0.8, 1.2) }),
  },
  LIF: {
    has: { ...FIRING, ...all('inputGain', 'decay', 'refractory', 'constant') },
    threshold: true,
    make: (K, N, asked, of, options) =>
      new LIF(K, N, {
        ...optionsOf(asked, options),
        ...resetTo(asked, of),
        ...(asked.constant === 'decay' ? { beta: of(0.6, 0.95) } : { tau: of(4, 20) }),
        threshold: of(0.8, 1.2),
      }),
  },
  CubaLIF: {
    has: { ...FIRING, ...all('inputGain', 'decay', 'refractory', 'constant', 'delay', 'synapticGain') },
    threshold: true,
    make: (K, N, { delay, ...asked }, of, options) =>
      new CubaLIF(K, N, {
        ...optionsOf(asked, options),
        ...resetTo(asked, of),
        synapticDelay: delay === '1' ? 1 : 0,
        ...(asked.constant === 'decay'
          ? { beta: of(0.6, 0.95), alpha: of(0.3, 0.8) }
          : { tau: of(4, 20), tauSyn: of(2, 6) }),
        threshold: of(0.8, 1.2),
      }),
  },
  Alpha: {
    has: { ...FIRING, reset: ['subtract', 'zero', 'none'], ...all('decay', 'constant') },
    threshold: true,
    make: (K, N, asked, of, options) =>
      new Alpha(K, N, {
        ...optionsOf(asked, options),
        ...(asked.constant === 'decay'
          ? { alpha: of(0.85, 0.95), beta: of(0.3, 0.7) }
          : { tauDecay: of(8, 20), tauRise: of(2, 5) }),
        threshold: of(0.8, 1.2),
      }),
  },
  ALIF: {
    has: all('detachReset', 'spikeTest', 'inputGain', 'decay', 'refractory'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new ALIF(K, N, {
        ...optionsOf(asked, options),
        tau: of(4, 20),
        tauAdaptation: of(10, 40),
        beta: of(0.5, 2),
        threshold: of(0.8, 1.2),
      }),
  },
  AHP: {
    has: all('detachReset', 'spikeTest', 'decay', 'refractory'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new AHP(K, N, {
        ...optionsOf(asked, options),
        tau: of(4, 20),
        tauAhp: of(10, 40),
        beta: of(0.05, 0.4),
        threshold: of(0.8, 1.2),
      }),
  },
  AdLIF: {
    has: all('detachReset', 'spikeTest', 'decay'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new AdLIF(K, N, {
        ...optionsOf(asked, options),
        tau: of(6, 20),
        tauW: of(35, 100),
        a: of(0.1, 0.9),
        b: of(0.2, 1.8),
        threshold: of(0.8, 1.2),
      }),
  },
  SEAdLIF: {
    has: all('record', 'detachReset', 'spikeTest', 'decay'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new SEAdLIF(K, N, {
        ...optionsOf(asked, options),
        tau: of(6, 20),
        tauW: of(70, 200),
        a: of(0.1, 0.9),
        b: of(0.2, 1.8),
        q: of(60, 120),
        threshold: of(0.8, 1.2),
      }),
  },
  PLIF: {
    has: FIRING,
    threshold: true,
    make: (K, N, asked, of, options) =>
      new PLIF(K, N, {
        ...optionsOf(asked, options),
        ...resetTo(asked, of),
        k: of(-1.5, 0.5),
        threshold: of(0.8, 1.2),
      }),
  },
  GLIF: {
    has: all('detachReset', 'spikeTest'),
    threshold: true,
    make: (K, N, asked, of, options, T) =>
      new GLIF(K, N, {
        ...optionsOf(asked, options),
        steps: T,
        a: of(0.2, 0.8),
        b: of(0.2, 0.8),
        c: of(0.2, 0.8),
        tau: of(0.2, 0.8),
        l: of(0.05, 0.2),
        r: of(0.2, 0.8),
        g: of(0.2, 0.8),
        threshold: of(0.4, 0.6),
      }),
    // x (1 - b (1 - g_t)), from logits
    current: (I, t, n, of) => {
      const [b, g] = [of('b')!, of('g')!];
      return mul(I, sub(1, mul(sigmoid(b[n]!), sub(1, sigmoid(g[t * b.length + n]!)))));
    },
  },
  RF: {
    has: all('spikeTest', 'decay'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new RF(K, N, { ...optionsOf(asked, options), period: of(6, 30), tau: of(6, 20), threshold: of(0.8, 1.2) }),
  },
  BRF: {
    has: all('spikeTest'),
    threshold: true,
    make: (K, N, asked, of, options) =>
      new BRF(K, N, {
        ...optionsOf(asked, options),
        omega: of(10, 40),
        bOffset: of(0.5, 4),
        gamma: of(0.7, 0.9),
        threshold: of(0.8, 1.2),
      }),
  },
  Readout: {
    has: all('inputGain', 'decay', 'delay', 'constant'),
    threshold: false,
    spiking: false,
    make: (K, N, asked, of, { surrogate: _, recurrent: __, ...options }) =>
      new Readout(K, N, {
        ...(optionsOf(asked, options) as object),
        ...options,
        ...(asked.constant === 'decay' ? { beta: of(0.6, 0.95) } : { tau: of(4, 20) }),
      }),
  },
};

/** A layer of a neuron, with every constant learned. */
export function makeLayer(
  name: string,
  sizes: { readonly K: number; readonly N: number; readonly T: number },
  asked: Asked,
  perNeuron: boolean,
  options: Pick<NeuronOptions, 'surrogate' | 'recurrent' | 'chunk'>,
): Neurons {
  const { K, N, T } = sizes;
  let drawn = 0;
  const of: Range = (low, high) => {
    const values = new Random(`${name}/${drawn++}`).between(N, low, high);
    return perNeuron ? values : values[0]!;
  };
  return neurons[name]!.make(K, N, asked, of, { bias: true, learn: true, ...options }, T);
}

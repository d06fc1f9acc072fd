import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { Alpha } from '../../src/layers/alpha.ts';
import { CubaLIF } from '../../src/layers/cuba_lif.ts';
import { IF } from '../../src/layers/if.ts';
import { LIF } from '../../src/layers/lif.ts';
import type { NeuronOptions, Neurons } from '../../src/layers/neurons.ts';
import { Readout } from '../../src/layers/readout.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { adaptive } from './layers_adaptive.ts';
import { Random } from './random.ts';

/** Makes a layer from K inputs to N neurons. */
export type MakeLayer = (K: number, N: number, options?: NeuronOptions) => Neurons;

const surrogate = triangle({ gamma: 0.6 });
const drawn = (N: number, low: number, high: number): number[] =>
  new Random(`${N} ${low} ${high}`).between(N, low, high);

const all = {
  LIF: (K, N, options) =>
    new LIF(K, N, {
      surrogate,
      bias: true,
      tau: drawn(N, 4, 20),
      threshold: 0.9,
      learn: ['tau', 'threshold'],
      ...options,
    }),
  ALIF: (K, N, options) =>
    new ALIF(K, N, {
      surrogate,
      bias: true,
      weightGain: 6,
      recurrentGain: 4,
      threshold: drawn(N, 0.35, 0.45),
      tau: drawn(N, 4, 20),
      tauAdaptation: 60,
      beta: drawn(N, 0.5, 2),
      learn: ['tau', 'tauAdaptation', 'beta', 'threshold'],
      ...options,
    }),
  AHP: (K, N, options) =>
    new AHP(K, N, {
      surrogate,
      bias: true,
      tau: drawn(N, 4, 20),
      tauAhp: 60,
      beta: drawn(N, 0, 0.3),
      threshold: 0.8,
      learn: ['tau', 'tauAhp', 'beta', 'threshold'],
      ...options,
    }),
  IF: (K, N, options) =>
    new IF(K, N, { surrogate, bias: true, weightGain: 0.6, threshold: drawn(N, 0.7, 1.2), learn: true, ...options }),
  CubaLIF: (K, N, options) =>
    new CubaLIF(K, N, {
      surrogate,
      bias: true,
      weightGain: 0.5,
      recurrentGain: 0.5,
      tau: drawn(N, 4, 20),
      tauSyn: 3,
      learn: true,
      ...options,
    }),
  Alpha: (K, N, options) =>
    new Alpha(K, N, {
      surrogate,
      bias: true,
      weightGain: 1.5,
      tauDecay: drawn(N, 8, 20),
      tauRise: 4,
      threshold: 0.8,
      learn: true,
      ...options,
    }),
  ...adaptive,
  LI: (K, N, { chunk } = {}) =>
    new Readout(K, N, { bias: true, tau: drawn(N, 4, 20), learn: ['tau'], ...(chunk ? { chunk } : {}) }),
} satisfies Readonly<Record<string, MakeLayer>>;

/**
 * Layers that fire now and then, with every constant learned, some of them one value for the layer and some one for each
 * neuron.
 */
export const layers: Readonly<Record<keyof typeof all, MakeLayer>> = all;

import { AdLIF } from '../../src/layers/adlif.ts';
import { BRF } from '../../src/layers/brf.ts';
import { GLIF } from '../../src/layers/glif.ts';
import { PLIF } from '../../src/layers/plif.ts';
import { RF } from '../../src/layers/rf.ts';
import { SEAdLIF } from '../../src/layers/se_adlif.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import type { MakeLayer } from './layers.ts';
import { Random } from './random.ts';

const surrogate = triangle({ gamma: 0.6 });
const drawn = (N: number, low: number, high: number): number[] =>
  new Random(`${N} ${low} ${high}`).between(N, low, high);

/** Adaptive and resonating neurons that fire now and then, with every constant learned. */
export const adaptive: Readonly<Record<'AdLIF' | 'SEAdLIF' | 'PLIF' | 'GLIF' | 'RF' | 'BRF', MakeLayer>> = {
  AdLIF: (K, N, options) =>
    new AdLIF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      weightGain: 8,
      recurrentGain: 4,
      threshold: drawn(N, 0.5, 0.6),
      tau: drawn(N, 6, 20),
      tauW: 40,
      a: drawn(N, -0.02, 0.02),
      b: drawn(N, 0.1, 0.5),
      ...options,
    }),
  SEAdLIF: (K, N, options) =>
    new SEAdLIF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      weightGain: 10,
      recurrentGain: 4,
      threshold: drawn(N, 0.4, 0.5),
      tau: drawn(N, 6, 20),
      tauW: 70,
      a: drawn(N, 0, 0.05),
      b: drawn(N, 0.01, 0.1),
      ...options,
    }),
  PLIF: (K, N, options) =>
    new PLIF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      weightGain: 2,
      tau0: 3,
      threshold: drawn(N, 0.7, 0.9),
      resetTo: -0.1,
      ...options,
    }),
  GLIF: (K, N, options) =>
    new GLIF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      steps: 65,
      weightGain: 2,
      a: drawn(N, 0.2, 0.8),
      b: drawn(N, 0.2, 0.8),
      c: drawn(N, 0.2, 0.8),
      tau: 0.7,
      g: drawn(N, 0.2, 0.8),
      ...options,
    }),
  RF: (K, N, options) =>
    new RF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      weightGain: 0.8,
      recurrentGain: 0.5,
      period: drawn(N, 5, 30),
      tau: drawn(N, 5, 15),
      threshold: 0.9,
      ...options,
    }),
  BRF: (K, N, options) =>
    new BRF(K, N, {
      surrogate,
      bias: true,
      learn: true,
      weightGain: 40,
      recurrentGain: 30,
      omega: drawn(N, 5, 40),
      bOffset: drawn(N, 0.5, 3),
      threshold: 0.8,
      ...options,
    }),
};

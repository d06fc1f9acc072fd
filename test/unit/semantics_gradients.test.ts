import { describe, expect, it } from 'vitest';
import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { Alpha, type AlphaOptions } from '../../src/layers/alpha.ts';
import { CubaLIF, type CubaLIFOptions } from '../../src/layers/cuba_lif.ts';
import { IF, type IFOptions } from '../../src/layers/if.ts';
import { LIF, type LIFOptions } from '../../src/layers/lif.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { fastSigmoid, triangle } from '../../src/neurons/surrogates.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { inPieces, twoLayers } from '../support/network.ts';
import { Random } from '../support/random.ts';

// In the smooth mode, every gradient of each neuron and option against central differences of the loss.

const surrogate = triangle({ gamma: 0.8 });
const soft = fastSigmoid({ slope: 3 });
const per = (N: number, low: number, high: number): number[] => new Random(`${N} ${low}`).between(N, low, high);
const common = { recurrent: true, bias: true, weightGain: 1.5, recurrentGain: 1.2, learn: true, surrogate } as const;

type Make = (K: number, N: number) => Neurons;
const integrate =
  (options: IFOptions): Make =>
  (K, N) =>
    new IF(K, N, { ...common, threshold: per(N, 0.7, 1.2), ...options });
const leaky =
  (options: LIFOptions): Make =>
  (K, N) =>
    new LIF(K, N, { ...common, threshold: 0.8, ...(options.beta ? {} : { tau: per(N, 3, 9) }), ...options });
const cuba =
  (options: CubaLIFOptions): Make =>
  (K, N) =>
    new CubaLIF(K, N, { ...common, threshold: 0.8, ...options });
const exponentials =
  (options: AlphaOptions): Make =>
  (K, N) =>
    new Alpha(K, N, { ...common, weightGain: 3, threshold: 0.8, ...options });

const neurons: Record<string, Make> = {
  IF: integrate({}),
  'IF, zero before the leak, one to one': integrate({
    reset: 'zero',
    resetMoment: 'next step before leak',
    recurrent: 'one-to-one',
  }),
  'LIF, reset to a learned value, recorded after it': leaky({ resetTo: -0.3, record: 'after reset' }),
  'LIF, reset to a value in the next step, after the leak': leaky({
    resetTo: 0.2,
    resetMoment: 'next step after leak',
    surrogate: soft,
  }),
  'LIF, zero in the next step, before the leak, recorded after it': leaky({
    reset: 'zero',
    resetMoment: 'next step before leak',
    record: 'after reset',
  }),
  'LIF, subtraction before the leak, learned beta, gain 1 - beta': leaky({
    beta: 0.6,
    resetMoment: 'next step before leak',
    inputGain: 'one minus alpha',
    weightGain: 4,
  }),
  'LIF, dt/tau with an exponential decay, one to one': leaky({
    inputGain: 'dt/tau',
    weightGain: 5,
    recurrent: 'one-to-one',
    recurrentGain: 0.7,
  }),
  'LIF, refractory for 1 step': leaky({ refractory: 1, weightGain: 3 }),
  'LIF, refractory for 3 steps': leaky({ refractory: 3, weightGain: 3, reset: 'zero' }),
  CubaLIF: cuba({ tau: 7, tauSyn: 3 }),
  'CubaLIF, learned alpha and beta, zero, one to one': cuba({
    alpha: 0.5,
    beta: 0.7,
    reset: 'zero',
    recurrent: 'one-to-one',
  }),
  'CubaLIF, all gains and delays, Euler': cuba({
    decay: 'euler',
    tau: 6,
    tauSyn: 4,
    inputGain: 'dt/tau',
    synapticGain: 'one minus alpha',
    synapticDelay: 1,
    weightGain: 25,
    surrogate: soft,
  }),
  Alpha: exponentials({ tauDecay: 9, tauRise: 3 }),
  'Alpha, learned alpha and beta, subtraction': exponentials({ alpha: 0.8, beta: 0.4, reset: 'subtract' }),
  'Alpha, Euler, zero in the next step': exponentials({
    decay: 'euler',
    tauDecay: 9,
    tauRise: 2,
    resetMoment: 'next step after leak',
    surrogate: soft,
  }),
  'ALIF, input gain 1, refractory for 2 steps': (K, N) =>
    new ALIF(K, N, { ...common, surrogate: soft, tau: 6, tauAdaptation: 12, inputGain: 'one', refractory: 2 }),
  'AHP, Euler, one to one': (K, N) =>
    new AHP(K, N, { ...common, decay: 'euler', recurrent: 'one-to-one', tau: 6, tauAhp: 15, beta: per(N, 0.1, 0.5) }),
};

describe.each(Object.entries(neurons))('%s', (_, make) => {
  it('in a net of two layers', async () => {
    const agreements = await finiteDifferences(twoLayers({ first: make, surrogate, start: true }));
    expect(agreements.length, 'gradients compared').toBeGreaterThan(12);
    for (const { name, size, error } of agreements) {
      expect(size, `size of the derivative by ${name}`).toBeGreaterThan(1e-5);
      expect(error, `relative error of the gradient of ${name}`).toBeLessThan(1e-6);
    }
  });
});

it('in two pieces, with the gradient through the states between them', async () => {
  for (const name of [
    'CubaLIF',
    'Alpha',
    'LIF, refractory for 3 steps',
    'LIF, dt/tau with an exponential decay, one to one',
  ]) {
    for (const { name: of, error } of await finiteDifferences(inPieces(neurons[name]!(5, 6))))
      expect(error, `relative error of the gradient of ${of} of ${name}`).toBeLessThan(1e-6);
  }
});

import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { LIF } from '../../../src/layers/lif.ts';
import type { Neurons } from '../../../src/layers/neurons.ts';
import { fastSigmoid, triangle } from '../../../src/neurons/surrogates.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { gpuCase } from '../harness/case.ts';

// Neurons that integrate and fire, and their options, against float64: values, final states and all gradients.

const PATIENT = { timeout: 300_000 };
const K = 21;

/** @param zero names of what is 0 by the equations */
function compareCase(
  name: string,
  experiments: () => Readonly<Record<string, readonly [layer: Neurons, options: SingleOptions]>>,
  zero: readonly string[] = [],
): void {
  gpuCase(
    `gradients: ${name} agrees with the reference`,
    async ({ gpu, log }) => {
      const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
      const tally = new Tally();
      for (const [what, [layer, options]] of Object.entries(experiments()))
        tally.add(what, await compareWithReference(engine, single(layer, options)));
      tally.finish(log, zero);
      engine.dispose();
    },
    PATIENT,
  );
}

const surrogate = triangle({ gamma: 0.6 });
const options = { surrogate, bias: true, learn: true, recurrent: true } as const;
// one width and depth, so that the kernels around the neurons are compiled once
const N = 33;
const size = { T: 37, B: 2, full: true, start: true };

compareCase('IF, CubaLIF, Alpha, recurrent or not,', () => ({
  'IF, one neuron and step': [layers.IF(K, 1, { recurrent: 'one-to-one' }), { ...size, T: 1, B: 1 }],
  'IF, one to one': [layers.IF(K, N, { recurrent: 'one-to-one', recurrentGain: 0.3 }), size],
  'CubaLIF, feed-forward, in chunks, unequal lengths': [
    layers.CubaLIF(K, N, { chunk: 13 }),
    { ...size, B: 3, lengths: [37, 7, 0] },
  ],
  'CubaLIF, recurrent': [layers.CubaLIF(K, N, { recurrent: true }), size],
  'Alpha, recurrent': [layers.Alpha(K, N, { recurrent: true }), size],
}));

compareCase(
  'semantics and refractory periods',
  () => ({
    'to a learned value, recorded after it': [
      new LIF(K, N, { ...options, tau: 6, resetTo: -0.2, record: 'after reset' }),
      size,
    ],
    'before the leak, beta, fires at the threshold': [
      new LIF(K, N, {
        ...options,
        beta: 0.8,
        resetMoment: 'next step before leak',
        spikeTest: '>=',
        detachReset: true,
      }),
      size,
    ],
    'as norse does it, with a synaptic current': [
      new CubaLIF(K, N, { ...options, semantics: 'norse', tau: 6, tauSyn: 3, weightGain: 3, surrogate: fastSigmoid() }),
      size,
    ],
    'refractory for one step': [new LIF(K, N, { ...options, tau: 6, weightGain: 2, refractory: 1 }), size],
    'refractory for two steps, one to one, in chunks': [
      new AHP(K, N, {
        ...options,
        recurrent: 'one-to-one',
        tau: 6,
        tauAhp: 50,
        beta: 0.1,
        weightGain: 2,
        refractory: 2,
        chunk: 10,
      }),
      size,
    ],
  }),
  // the steps left of a refractory period have no gradient
  ['gradient of 0 AHP start[2]'],
);

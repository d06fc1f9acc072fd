import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { BRF } from '../../../src/layers/brf.ts';
import { GLIF } from '../../../src/layers/glif.ts';
import type { NeuronOptions } from '../../../src/layers/neurons.ts';
import { PLIF } from '../../../src/layers/plif.ts';
import { SEAdLIF } from '../../../src/layers/se_adlif.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { adaptive } from '../../support/layers_adaptive.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { gpuCase } from '../harness/case.ts';

// Adaptive and resonating neurons against float64: values, final states and all gradients, on odd sizes.

const PATIENT = { timeout: 300_000 };
const K = 21;

// two of each neuron: a driver that compiles with LLVM takes seconds for each kernel with a time loop
const sizes: readonly (SingleOptions & { N: number; options: NeuronOptions })[] = [
  { N: 33, options: { recurrent: 'dense', chunk: 20 }, T: 37, B: 3, lengths: [37, 7, 0], full: true, start: true },
  { N: 31, options: { recurrent: 'one-to-one', recurrentGain: 0.3 }, T: 21, B: 2, dense: true },
];

for (const name of ['AdLIF', 'SEAdLIF', 'PLIF', 'GLIF', 'RF', 'BRF'] as const) {
  gpuCase(
    `gradients: ${name}, recurrent in both ways, agrees with the reference`,
    async ({ gpu, log }) => {
      const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
      const tally = new Tally();
      for (const { N, options, ...size } of sizes)
        tally.add(
          JSON.stringify({ N, ...options }),
          await compareWithReference(engine, single(adaptive[name](K, N, options), size)),
        );
      tally.finish(log);
      engine.dispose();
    },
    PATIENT,
  );
}

gpuCase(
  'gradients: further options of adaptive neurons agree with the reference',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    const size = { T: 37, B: 2, full: true, start: true };
    const common = { recurrent: true, bias: true, learn: true } as const;
    const layers = {
      'SE-adLIF, recorded after the reset, detached': new SEAdLIF(K, 33, {
        ...common,
        weightGain: 10,
        threshold: 0.4,
        record: 'after reset',
        detachReset: true,
        b: 0.02,
        a: 0.02,
        decay: 'euler',
      }),
      'PLIF as SpikingJelly has it': new PLIF(K, 33, { ...common, weightGain: 2, semantics: 'spikingjelly' }),
      'PLIF with a subtraction in the next step': new PLIF(K, 33, {
        ...common,
        weightGain: 2,
        reset: 'subtract',
        resetMoment: 'next step after leak',
        surrogate: 'sigmoid',
      }),
      'GLIF, its gate fixed': new GLIF(K, 33, {
        ...common,
        steps: 37,
        learn: ['a', 'b', 'tau'],
        detachReset: true,
        weightGain: 2,
      }),
      'BRF close to the edge': new BRF(K, 33, { ...common, weightGain: 40, omega: 99.8, surrogate: 'multi_gaussian' }),
    };
    for (const [what, layer] of Object.entries(layers))
      tally.add(what, await compareWithReference(engine, single(layer, size)));
    tally.finish(log);
    engine.dispose();
  },
  PATIENT,
);

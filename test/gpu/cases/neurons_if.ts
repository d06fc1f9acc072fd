import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { LIF } from '../../../src/layers/lif.ts';
import type { Neurons } from '../../../src/layers/neurons.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { crossEntropy } from '../../../src/loss/cross_entropy.ts';
import { fastSigmoid, triangle } from '../../../src/neurons/surrogates.ts';
import { SGD } from '../../../src/optim/sgd.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { assert } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// Neurons that integrate and fire, and their options, against float64: values, final states and all gradients.

const PATIENT = { timeout: 300_000 };
const K = 21;

interface Trained {
  readonly e: Engine;
  readonly net: Sequential;
  readonly optimizer: SGD;
}

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

gpuCase(
  'learned ranges: an update ends where the range does, to the bit of the reference',
  async ({ gpu, log }) => {
    const [engine, reference] = [
      new Engine(await GpuDevice.open({ gpu, poison: true })),
      new Engine(new ReferenceDevice()),
    ];
    const [there, here] = [engine, reference].map((e) => ({
      e,
      net: new Sequential(new LIF(K, 5, { beta: [0.1, 0.5, 0.9, 0.99, 0.3], learn: true, weightGain: 2 })).initialize(
        1,
      ),
      optimizer: new SGD({ lr: 1e4 }),
    })) as unknown as [Trained, Trained];
    let ends = 0;
    for (let step = 0; step < 3; step++) {
      for (const { e, net, optimizer } of [there, here]) {
        e.bind(net);
        const tape = e.tape();
        const values = Float32Array.from({ length: 12 * 4 * K }, (_, i) => Math.sin(i * (step + 1)));
        const { loss } = crossEntropy(net.forward(tape.input(values, { shape: [12, 4, K], name: 'x' })), [0, 1, 2, 3]);
        loss.backward();
        await optimizer.step(tape);
        await e.pull(net);
      }
      here.net.parameters().forEach((p, k) => {
        const { data, options } = there.net.parameters()[k]!;
        if (options.min === undefined) return;
        p.data.forEach((x, i) => {
          if (x !== Math.fround(options.min!) && x !== Math.fround(options.max!)) return;
          assert(data[i] === x, `${p.name}[${i}] is ${data[i]}, the reference has ${x}`);
          ends++;
        });
        p.data.set(data);
      });
    }
    log(`${ends} values at an end`);
    assert(ends > 8, `only ${ends} values reached an end`);
    engine.dispose();
  },
  PATIENT,
);

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

import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice, type GpuOptions } from '../../../src/gpu/device.ts';
import { AHP } from '../../../src/layers/ahp.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Readout } from '../../../src/layers/readout.ts';
import { Sequential } from '../../../src/layers/sequential.ts';
import { crossEntropy } from '../../../src/loss/cross_entropy.ts';
import { triangle } from '../../../src/neurons/surrogates.ts';
import { halfValue, roundToHalf } from '../../../src/reference/half.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import type { Experiment } from '../../support/experiment.ts';
import { layers } from '../../support/layers.ts';
import { twoLayers } from '../../support/network.ts';
import { Random } from '../../support/random.ts';
import { single } from '../../support/single.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

// Weights in half precision, stored two a word and as rounded float32.

const surrogate = triangle({ gamma: 0.6 });
const half = (experiment: Experiment): Experiment => ({ ...experiment, precision: 'half' });
const storages = [
  ['two a word', true],
  ['as float32', false],
] as const;

for (const [how, packedWeights] of storages) {
  const agree = (what: string, device: GpuOptions, experiments: () => Record<string, Experiment>): void =>
    gpuCase(
      `gradients: half precision ${how}, ${what}, agrees with the reference`,
      async ({ gpu, log }) => {
        const engine = new Engine(await GpuDevice.open({ gpu, poison: true, packedWeights, ...device }));
        const tally = new Tally();
        for (const [name, experiment] of Object.entries(experiments()))
          tally.add(name, await compareWithReference(engine, half(experiment)));
        tally.finish(log);
        engine.dispose();
      },
      { timeout: 300_000 },
    );

  const net = (dense: boolean): Experiment =>
    twoLayers({
      first: (K, N) => new AHP(K, N, { recurrent: true, weightGain: 1.5, surrogate, tau: 6, tauAhp: 15, beta: 0.3 }),
      surrogate,
      dense,
    });
  agree('layer upon layer', {}, () => ({ spikes: net(false), dense: net(true) }));
  // that the other storage is the same to the bit is another case
  if (!packedWeights) continue;
  agree('recurrent and not', {}, () => ({
    'recurrent AHP': single(layers.AHP(9, 33, { recurrent: true }), { T: 40, B: 3, lengths: [40, 31, 7], start: true }),
    'LIF, dense': single(layers.LIF(9, 33), { T: 37, B: 2, dense: true, full: true }),
    'low memory': single(layers.AHP(9, 33, { recurrent: true }), { T: 40, B: 3, memory: 'low' }),
  }));
  agree('in several tiles', { maxWorkgroup: 8 }, () => ({
    recurrent: single(layers.LIF(9, 130, { recurrent: true }), { T: 7, B: 3, start: true }),
    'feed-forward': single(layers.LIF(9, 130, { chunk: 9 }), { T: 25, B: 3, full: true }),
  }));
}

/** Numbers whose rounding shows every rule, and those that it leaves alone. */
function weights(count: number): Float32Array {
  const random = new Random('weights');
  const finite = Array.from({ length: 0x7c00 }, (_, i) => halfValue(i));
  const next = (x: number, by: number): number => {
    const bits = new Uint32Array(Float32Array.of(x).buffer);
    bits[0] = bits[0]! + by;
    return new Float32Array(bits.buffer)[0]!;
  };
  const between = finite.slice(1).flatMap((h, i) => {
    const middle = (finite[i]! + h) / 2;
    return [middle, next(middle, 1), next(middle, -1)];
  });
  const special = [65505, 65519.99, 65520, 1e30, -1e30, -0.1, -65504, 2 ** -25, -(2 ** -14), 1e-30, 1e-40];
  const all = [...special, ...finite, ...between];
  return Float32Array.from({ length: count }, (_, i) => all[i] ?? 2 ** random.between(1, -26, 16)[0]!);
}

gpuCase(
  'half precision: weights are rounded as the reference rounds them, bit by bit, however they are stored',
  async ({ gpu }) => {
    for (const [how, packedWeights] of storages) {
      const engine = new Engine(await GpuDevice.open({ gpu, packedWeights }));
      const [K, N] = [384, 337];
      const layer = new Linear(K, N, { bias: false });
      const net = new Sequential(layer).initialize(0);
      const values = weights(K * N);
      net.parameters()[0]!.data.set(values);
      engine.bind(net);
      // one input at a time: what comes out is its weights
      const x = Float32Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 1 : 0));
      const expected = Float32Array.from({ length: K * N }, (_, i) =>
        roundToHalf(values[(i % N) * K + Math.floor(i / N)]!),
      );
      for (const form of ['bits', 'f32'] as const) {
        const tape = engine.tape({ precision: 'half', training: false });
        const y = net.forward(tape.input(x, { shape: [K, 1, K], form })).keep();
        await tape.run();
        // -0 and 0 are one
        assertEqual(
          (await y.read()).map((v) => v + 0),
          expected.map((v) => v + 0),
          `${how}, ${form}`,
        );
      }
      engine.dispose();
    }
  },
);

gpuCase('half precision: both storages give the same bits, and another result than full precision', async ({ gpu }) => {
  const [T, B, K] = [40, 4, 50];
  const x = new Random('both').spikes(T * B * K, 0.2);
  const run = async (precision: 'full' | 'half', packedWeights: boolean) => {
    const device = await GpuDevice.open({ gpu, packedWeights });
    const engine = new Engine(device);
    const net = new Sequential(
      new Conv2d([2, 5, 5], 4, 3),
      new Linear(36, 33),
      new AHP(33, 33, { recurrent: true, weightGain: 3, beta: 0.2 }),
      new LIF(33, 33, { weightGain: 3 }),
      new Readout(33, 5),
    ).initialize(4);
    const arena = engine.bind(net);
    const tape = engine.tape({ precision });
    const y = net.forward(tape.input(x, { shape: [T, B, K], form: 'bits' })).keep();
    const spikes = tape.cells.flatMap((c) => (c.z ? [c.z.keep()] : []));
    const { loss } = crossEntropy(y, [0, 1, 2, 3]);
    loss.backward();
    await tape.run();
    const result = {
      spikes: await Promise.all(spikes.map((z) => z.read())),
      y: await y.read(),
      gradients: [...(await arena.gradients()).entries()],
    };
    engine.dispose();
    return result;
  };
  const [packed, stored, full] = [await run('half', true), await run('half', false), await run('full', true)];
  for (const z of packed.spikes) assert(z.some((s) => s === 1) && z.some((s) => s === 0), 'every layer fires');
  assertEqual(packed.spikes, stored.spikes, 'spikes');
  assertEqual(packed.y, stored.y, 'outputs');
  assertEqual(packed.gradients, stored.gradients, 'gradients');
  assert(
    packed.y.some((v, i) => v !== full.y[i]),
    'full precision gives another result',
  );
});

import { Conv2d, type Layer, LIF, type Engine as PublicEngine, Readout, Sequential } from 'spiketape';
import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { stepOf } from '../../support/low_memory.ts';
import { convolution, convolutions, pooling, poolings, spikingNet, trainSpikingNet } from '../../support/planes.ts';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { withEngine } from './engine-support/nets.ts';
import { weightedSum } from './engine-support/ops.ts';

// Layers over planes against float64, and what is particular to them.

gpuCase(
  'gradients: convolutions and poolings on odd shapes agree with the reference',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    for (const name of Object.keys(convolutions))
      tally.add(name, await compareWithReference(engine, convolution(name)));
    for (const name of Object.keys(poolings)) tally.add(name, await compareWithReference(engine, pooling(name)));
    tally.finish(log);
    engine.dispose();
  },
  { timeout: 180_000 },
);

gpuCase(
  'a net of convolution, neurons, pooling and a readout agrees with the reference and learns the same',
  async ({ gpu, log }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const tally = new Tally();
    tally.add('spots', await compareWithReference(engine, spikingNet()));
    tally.finish(log);
    const [got, expected] = [
      await trainSpikingNet(engine, 6),
      await trainSpikingNet(new Engine(new ReferenceDevice()), 6),
    ];
    engine.dispose();
    log(`losses ${got.losses.map((x) => x.toFixed(6)).join(' ')}`);
    for (const [i, loss] of got.losses.entries()) {
      const difference = Math.abs(loss - expected.losses[i]!);
      assert(difference < 1e-4, `loss ${i} is ${loss}, in float64 ${expected.losses[i]}`);
    }
    const worst = got.weights.reduce((most, w, i) => Math.max(most, Math.abs(w - expected.weights[i]!)), 0);
    log(`weights after 6 steps differ by ${worst.toExponential(1)}`);
    assert(worst < 1e-3, `weights differ by ${worst}`);
  },
);

// beyond 1,024 rows of places one thread sums several, at the border some with places outside the input
gpuCase('gradients: a convolution over thousands of rows agrees with the reference', async ({ gpu, log }) => {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const tally = new Tally();
  const make = (): Layer[] => [
    new Conv2d([1, 3, 3], 8, 3, { padding: 'same', weightGain: 2 }),
    new LIF(72),
    new Readout(72, 3),
  ];
  for (const dense of [false, true])
    tally.add(
      dense ? 'of floats' : 'of spikes',
      await compareWithReference(engine, stepOf(make(), { T: 24, B: 40, memory: 'full', dense })),
    );
  tally.finish(log);
  engine.dispose();
});

/** Output of every step and gradient of the weights, all steps alike. */
async function repeated(engine: PublicEngine, T: number): Promise<{ y: Float32Array; gradient: Float32Array }> {
  // 34 million operations a step, nearly all of them with 0
  const conv = new Conv2d([1, 1, 1024], 64, [1, 513]);
  const net = new Sequential(conv);
  engine.bind(net);
  const tape = engine.tape();
  const row = Float32Array.from({ length: 1024 }, (_, i) => (i % 129 === 5 ? 1 : 0));
  const x = tape.input(Array.from({ length: T }, () => [...row]).flat(), { shape: [T, 1, 1024], form: 'bits' });
  const y = conv.forward(x).keep();
  const weights = Float32Array.from({ length: conv.outputs }, (_, i) => (i % 7) - 3);
  weightedSum(y, Array.from({ length: T }, () => [...weights]).flat()).backward();
  await tape.run();
  const result = { y: await y.read(), gradient: (await tape.arena!.gradients()).get('0.weight')! };
  engine.unbind(net);
  return result;
}

gpuCase('a convolution that is cut into several dispatches', ({ gpu, log }) =>
  withEngine(gpu, async (engine, device) => {
    const short = await repeated(engine, 16);
    const before = device.counters.dispatches;
    const long = await repeated(engine, 128);
    log(`${before} dispatches for 16 steps, ${device.counters.dispatches - before} for 128`);
    assert(device.counters.dispatches - before > before, 'the long one was not cut');
    for (const t of [0, 1, 117, 118, 119, 127])
      assertEqual(
        long.y.subarray(t * 64 * 512, (t + 1) * 64 * 512),
        short.y.subarray(0, 64 * 512),
        `output of step ${t}`,
      );
    assertEqual(
      long.gradient,
      short.gradient.map((g) => 8 * g),
      'gradient of the weights',
    );
  }),
);

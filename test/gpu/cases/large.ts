import { Engine } from '../../../src/autograd/engine.ts';
import { concatenateFeatures } from '../../../src/autograd/ops/columns.ts';
import { dense } from '../../../src/autograd/ops/elementwise.ts';
import { slice } from '../../../src/autograd/ops/rows.ts';
import { LSTM } from '../../../src/gated/lstm.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { BatchNorm, Conv2d, Dropout, LIF, Linear, Readout, Sequential, SumPool2d } from '../../../src/index.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { composed, everything } from '../../support/composed.ts';
import type { Experiment } from '../../support/experiment.ts';
import { overGated } from '../../support/gated.ts';
import { layers } from '../../support/layers.ts';
import { lossCases, lossExperiment } from '../../support/losses.ts';
import { single } from '../../support/single.ts';
import { gpuCase } from '../harness/case.ts';

// Sizes at which a thread goes through its loops many times, and sums are cut into parts: what small shapes do not reach.

const shorter = (T: number, B: number, by: number): number[] => Array.from({ length: B }, (_, b) => T - by * b);

const experiments: Readonly<Record<string, () => Experiment>> = {
  'layers of all kinds': () => composed(everything(21, 67, 5), { T: 61, B: 43 }),
  'channels and steps normalised': () =>
    composed(new Sequential(new BatchNorm(800, { channels: 8, perStep: 40 }), new Linear(800, 3)), {
      T: 37,
      B: 40,
      lengths: shorter(37, 40, 0.5).map(Math.ceil),
    }),
  'convolution in groups, dilated, of spikes': () => {
    const conv = new Conv2d([6, 9, 11], 8, 3, { groups: 2, dilation: [2, 1], stride: [1, 2], padding: 1 });
    const net = new Sequential(conv, new LIF(conv.outputs), new Readout(conv.outputs, 3));
    return composed(net, { T: 24, B: 70, spikes: true });
  },
  'pooling with overlap, dropout': () => {
    const pool = new SumPool2d([6, 13, 11], [3, 2], { stride: [2, 2], padding: 1 });
    const net = new Sequential(pool, new Dropout(pool.outputs, 0.4), new Linear(pool.outputs, 4));
    return composed(net, { T: 130, B: 40, spikes: true });
  },
  'van Rossum distance over 613 steps': () => {
    const [T, B] = [613, 37];
    return lossExperiment(lossCases['van_rossum on a membrane, mask']!, { T, B, N: 5, lengths: shorter(T, B, 11) });
  },
  LSTM: () => overGated(new LSTM(33, 129), { T: 61, B: 37, start: true, lengths: shorter(61, 37, 1) }),
  'many dense inputs': () => single(layers.LIF(140, 300), { T: 70, B: 30, dense: true }),
};

for (const [name, make] of Object.entries(experiments)) {
  gpuCase(
    `large: ${name}: agrees with the reference`,
    async ({ gpu, log }) => {
      const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
      const tally = new Tally();
      tally.add(name, await compareWithReference(engine, make()));
      tally.finish(log);
      engine.dispose();
    },
    { timeout: 300_000 },
  );
}

gpuCase('large: more rows than one dimension of a dispatch has workgroups for', async ({ gpu }) => {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const [T, B] = [600_000, 1];
  const tape = engine.tape({ training: false });
  const bits = Array.from({ length: T }, (_, t) => (t % 7 === 3 || t === T - 1 ? 1 : 0));
  const x = tape.input(bits, { shape: [T, B, 1], form: 'bits' });
  const y = tape.input(
    bits.map((_, t) => t % 11),
    { shape: [T, B, 1] },
  );
  const read = [dense(x), concatenateFeatures([x, y]), slice(y, 0, 1, T)].map((t) => t.keep());
  await tape.run();
  const [floats, both, later] = await Promise.all(read.map((t) => t.read()));
  for (let t = 0; t < T; t++) {
    if (floats![t] !== bits[t]) throw new Error(`dense: step ${t} is ${floats![t]}, expected ${bits[t]}`);
    if (both![2 * t] !== bits[t] || both![2 * t + 1] !== t % 11)
      throw new Error(`concatenated: step ${t} is ${both![2 * t]}, ${both![2 * t + 1]}`);
    if (t > 0 && later![t - 1] !== t % 11) throw new Error(`sliced: step ${t} is ${later![t - 1]}`);
  }
  engine.dispose();
});

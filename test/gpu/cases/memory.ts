import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { nets, stepOf } from '../../support/low_memory.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { gpuCase } from '../harness/case.ts';

// A trace that is cut into parts, run again or not, against float64 with the whole trace.

/** Odd lengths, chunks that divide nothing, padding, gradients into start and inputs. */
const shapes: Record<string, SingleOptions & { chunk?: number; recurrent: boolean }> = {
  'recurrent, dI in place': { T: 71, B: 3, recurrent: true, inputGradient: false, chunk: 9 },
  'recurrent, lengths and start': { T: 50, B: 3, recurrent: true, lengths: [50, 31, 7], start: true },
  'feed-forward, dense': { T: 37, B: 2, recurrent: false, dense: true },
};

for (const name of ['LIF', 'ALIF', 'AHP'] as const) {
  for (const [how, memory, device] of [
    ['run again (low memory)', 'low', {}],
    ['in several buffers', 'full', { maxBinding: 18_000 }],
    ['run again, in several tiles', 'low', { maxWorkgroup: 8 }],
    ['run again, as on a GPU', 'low', { software: false }],
  ] as const) {
    gpuCase(
      `gradients: ${name}, the trace ${how}, agrees with the reference`,
      async ({ gpu, log }) => {
        const engine = new Engine(await GpuDevice.open({ gpu, poison: true, ...device }));
        const tally = new Tally();
        for (const [what, { recurrent, chunk, ...options }] of Object.entries(shapes)) {
          // the gradient of a whole current would not fit either
          const fitting = 'maxBinding' in device ? { ...options, inputGradient: false, dense: false } : options;
          const layer = layers[name](9, 33, { recurrent, ...(chunk ? { chunk } : {}) });
          tally.add(what, await compareWithReference(engine, single(layer, { ...fitting, memory })));
        }
        tally.finish(log);
        engine.dispose();
      },
      { timeout: 300_000 },
    );
  }
}

for (const [name, make] of Object.entries(nets)) {
  gpuCase(
    `gradients: low memory in a net, ${name}: agrees with the reference`,
    async ({ gpu, log }) => {
      const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
      const tally = new Tally();
      const low = { T: 37, B: 3, memory: 'low', lengths: [37, 30, 5] } as const;
      tally.add('spikes in', await compareWithReference(engine, stepOf(make(37), { ...low, regularized: true })));
      const dense = { ...low, dense: true, inputGradient: true, precision: 'half' } as const;
      tally.add(
        'dense inputs, half precision, short chunks',
        await compareWithReference(engine, stepOf(make(37, 3), dense)),
      );
      tally.finish(log);
      engine.dispose();
    },
    { timeout: 300_000 },
  );
}

gpuCase(
  'gradients: a net whose traces are in several buffers, a linear layer before each, agrees with the reference',
  async ({ gpu, log }) => {
    const [T, B] = [71, 8];
    // a whole current or its gradient takes 82 kB
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true, maxBinding: 60_000 }));
    const layers = nets['a linear layer before each']!(T);
    const tally = new Tally();
    const lengths = Array.from({ length: B }, (_, b) => T - 9 * b);
    tally.add('spikes in', await compareWithReference(engine, stepOf(layers, { T, B, memory: 'full', lengths })));
    tally.finish(log);
    engine.dispose();
  },
  { timeout: 300_000 },
);

import { GpuDevice } from '../../../src/gpu/device.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { dispatches, gathered } from '../../support/gathered.ts';
import { layers } from '../../support/layers.ts';
import { single } from '../../support/single.ts';
import { assert, assertClose } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { withEngine } from './engine-support/nets.ts';

// Gradients of weights gathered from spikes, as one thread makes them alone and as eight share them.

gpuCase(
  'weight gradients: parts of time and several matrices in a dispatch, each the sum that it should be',
  async ({ gpu }) => {
    const device = await GpuDevice.open({ gpu, poison: true });
    for (const software of [false, true]) {
      const { step, data, grads, expected } = gathered(dispatches, { software });
      const compiled = await device.compile(step);
      const read = async (): Promise<Float32Array> => {
        await compiled.run({ data, slots: [], seed: 0, step: 0 });
        const { words } = await compiled.read(grads);
        return new Float32Array(words.buffer, words.byteOffset, expected.length);
      };
      const first = await read();
      assertClose(first, expected, { relToMax: 1e-6 }, software ? 'alone' : 'shared');
      const again = await read();
      assert(
        first.every((x, i) => x === again[i]),
        'the same bits again',
      );
      compiled.dispose();
    }
    device.dispose();
  },
);

gpuCase(
  'weight gradients: recurrent AHP agrees with the reference, laid out for a GPU',
  ({ gpu, log }) =>
    withEngine(
      gpu,
      async (engine) => {
        const tally = new Tally();
        for (const B of [1, 9]) {
          const layer = layers.AHP(21, 33, { recurrent: true });
          const experiment = single(layer, { T: 63, B, start: true, full: true });
          tally.add(`batch of ${B}`, await compareWithReference(engine, experiment));
        }
        tally.finish(log);
      },
      { software: false },
    ),
  { timeout: 300_000 },
);

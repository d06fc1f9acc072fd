import { Engine } from '../../../src/autograd/engine.ts';
import { GpuDevice } from '../../../src/gpu/device.ts';
import { ReferenceDevice } from '../../../src/reference/device.ts';
import { compareWithReference, NEAR, Tally } from '../../support/compare.ts';
import type { Experiment } from '../../support/experiment.ts';
import { layers } from '../../support/layers.ts';
import { nirTrace } from '../../support/nir.ts';
import { single } from '../../support/single.ts';
import { assert, assertClose, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';

gpuCase("the NIR paper's single LIF neuron: the same spikes, voltages within 1e-6", async ({ gpu, log }) => {
  const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
  const { spikes, voltages, expected } = await nirTrace(engine);
  assertEqual(spikes, expected.spikes, 'steps of the spikes');
  log('largest voltage difference', assertClose(voltages, expected.voltages, { absolute: 1e-6 }, 'voltages'));
  engine.dispose();
});

const experiment = (): Experiment =>
  single(layers.AHP(9, 33, { recurrent: true }), { T: 20, B: 2, start: true, full: true });

gpuCase('spikes that are imposed on the reference are used, and those that differ are counted', async () => {
  const run = async (force?: (label: string) => Float32Array | undefined) => {
    const device = new ReferenceDevice(force ? { force } : {});
    const engine = new Engine(device);
    const { module, record } = experiment();
    engine.bind(module);
    const tape = engine.tape();
    const { loss } = record(tape);
    const z = tape.cells[0]!.z!.keep();
    loss.backward();
    await tape.run();
    return { z: await z.read(), label: tape.cells[0]!.label, flips: device.flips };
  };
  const own = await run();
  assert(own.flips.compared === 0, 'nothing is compared where nothing is imposed');
  const same = await run(() => own.z);
  assertEqual({ ...same.flips }, { count: 0, largest: 0, compared: own.z.length }, 'its own spikes imposed');
  const turned = own.z.slice();
  // the last step, so that nothing follows from it
  const at = turned.length - 7;
  turned[at] = 1 - turned[at]!;
  const other = await run((label) => (label === own.label ? turned : undefined));
  assertEqual(other.flips.count, 1, 'flips');
  assert(other.flips.largest > NEAR, 'a spike at random is not near the threshold');
  assertEqual(other.z, turned, 'the imposed spikes go on');
});

gpuCase(
  'a comparison refuses wrong spikes, wrong gradients and a net without spikes',
  async ({ gpu }) => {
    const engine = new Engine(await GpuDevice.open({ gpu, poison: true }));
    const good = await compareWithReference(engine, experiment());
    const refuses = (change: Partial<typeof good>, message: RegExp) =>
      assertThrows(() => new Tally().add('x', { ...good, ...change }), message);
    await refuses({ flips: { count: 1, largest: 2e-5, compared: 10 } }, /a spike differs/);
    await refuses({ differences: [{ name: 'g', relative: 2e-4, magnitude: 1 }] }, /g differs/);
    await refuses({ differences: [{ name: 'g', relative: Number.NaN, magnitude: 1 }] }, /g differs/);
    const finishes = (change: Partial<typeof good>) => {
      const tally = new Tally();
      tally.add('x', { ...good, ...change });
      tally.finish(() => {});
    };
    finishes({});
    await assertThrows(() => finishes({ spikes: 0 }), /too few or too many/);
    await assertThrows(
      () => finishes({ flips: { count: 2, largest: 1e-7, compared: 1000 } }),
      /2 of 1000 spikes differ/,
    );
    await assertThrows(
      () => finishes({ differences: [{ name: 'g', relative: 0, magnitude: 0 }] }),
      /magnitude of g was 0/,
    );
    engine.dispose();
  },
  { timeout: 180_000 },
);

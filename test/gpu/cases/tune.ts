import type { Engine, GpuDevice } from 'spiketape';
import { Adam, AHP, crossEntropy, Readout, Sequential } from 'spiketape';
import { tune } from 'spiketape/tune';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { single } from '../../support/single.ts';
import { assert, assertClose, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { spikes, weightsOf, withEngine } from './engine-support/nets.ts';

// Choices by measurement: what was chosen is done, and the result does not depend on it.

const [T, B, N, inputs] = [6, 2, 300, 12];
const slow = { timeout: 180_000 };

/** Two steps of training; dispatches of the second, and the weights. */
async function train(engine: Engine<GpuDevice>, device: GpuDevice) {
  const net = new Sequential(new AHP(inputs, N, { recurrent: true, weightGain: 3 }), new Readout(N, 3)).initialize(4);
  engine.bind(net);
  const optimizer = new Adam();
  let before = 0;
  for (let i = 0; i < 2; i++) {
    before = device.counters.dispatches;
    const tape = engine.tape();
    const x = tape.input(spikes(T * B * inputs, i), { shape: [T, B, inputs], form: 'bits' });
    crossEntropy(net.forward(x), [0, 2]).loss.backward();
    await optimizer.step(tape);
  }
  const dispatches = device.counters.dispatches - before;
  await engine.pull(net);
  return { dispatches, weights: weightsOf(net) };
}

gpuCase(
  'tuning: a stored choice is obeyed, one that is not possible is not, and the result is the same',
  async ({ gpu, log }) => {
    const run = (stored?: string) =>
      withEngine(gpu, async (engine, device) => {
        const saved: string[] = [];
        const tuner =
          stored === undefined
            ? null
            : tune(engine, { store: { load: () => stored, save: (_, choice) => saved.push(choice) } });
        const result = await train(engine, device);
        return { ...result, pipelines: device.counters.pipelines, measured: tuner?.measured ?? 0, saved };
      });
    const [untuned, loop, steps, unknown] = [await run(), await run('loop'), await run('steps'), await run('sideways')];
    log([untuned, loop, steps, unknown].map((r) => `${r.dispatches} dispatches, ${r.pipelines} pipelines`).join('; '));
    assertEqual([loop.dispatches, steps.dispatches], [untuned.dispatches, untuned.dispatches + 2 * (T - 1)], 'paths');
    assertEqual([untuned.pipelines, loop.pipelines, steps.pipelines], Array(3).fill(untuned.pipelines), 'pipelines');
    assertEqual([loop.measured, steps.measured, unknown.measured], [0, 0, 1], 'shapes that were measured');
    assert(unknown.pipelines > untuned.pipelines, 'both paths were compiled to be measured');
    assertEqual([loop.saved.length, steps.saved.length, unknown.saved.length], [0, 0, 1], 'choices that were saved');
    assert(['loop', 'steps'].includes(unknown.saved[0]!), `what was saved: ${unknown.saved[0]}`);
    assertEqual(loop.weights, untuned.weights, 'weights by the path that is taken anyway');
    // sums over the neurons go in another order
    for (const other of [steps, unknown]) assertClose(other.weights, untuned.weights, { relToMax: 1e-5 }, 'weights');
  },
  slow,
);

gpuCase(
  'tuning: what is measured is given back and remembered; gradients agree with the reference',
  async ({ gpu, log }) => {
    const kept = new Map<string, string>();
    const store = {
      load: (key: string) => kept.get(key),
      save: (key: string, choice: string) => kept.set(key, choice),
    };
    const run = () =>
      withEngine(gpu, async (engine, device) => {
        const tuner = tune(engine, { store });
        const tally = new Tally();
        const layer = layers.LIF(9, N, { recurrent: true });
        tally.add('recurrent', await compareWithReference(engine, single(layer, { T, B, inputGradient: false })));
        tally.finish(log);
        await train(engine, device);
        return tuner.measured;
      });
    // nets of one size share a choice, engines by their store
    assertEqual([await run(), await run()], [1, 0], 'shapes that were measured');
    log([...kept].join(' '));
    assertEqual(kept.size, 1, 'choices');
  },
  slow,
);

gpuCase('tuning: measuring leaves no memory in use', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const tuner = tune(engine, { store: null });
    tuner.choice({ N, B, T, inputs, recurrent: true });
    const before = device.report();
    assertEqual(await tuner.measure(), true, 'whether anything was measured');
    assertEqual(device.report().liveBytes, before.liveBytes, 'live bytes');
    assertEqual([...tuner.choices.values()].length, 1, 'choices');
  }),
);

import { CarriedState, crossEntropy, type Engine, type GpuDevice, Sequential, SGD } from 'spiketape';
import { GRU, LSTM } from 'spiketape/gated';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { type OverGated, overGated } from '../../support/gated.ts';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { numbers, withEngine } from './engine-support/nets.ts';

// Layers of gated cells against float64, on odd shapes, and what must not change their bits.

const kinds = { LSTM, GRU };
const slow = { timeout: 300_000 };

interface Shape extends OverGated {
  readonly inputs: number;
  readonly H: number;
  readonly chunk?: number;
}

const shapes: Readonly<Record<string, Shape>> = {
  'one step of one sample': { inputs: 3, H: 5, T: 1, B: 1 },
  'one unit': { inputs: 1, H: 1, T: 7, B: 2, start: true },
  'spikes, start, lengths, chunks': {
    ...{ inputs: 9, H: 33, T: 33, B: 3, spikes: true, chunk: 7 },
    ...{ start: true, lengths: [33, 12, 0] },
  },
  'dense, two units past a quad': { inputs: 20, H: 6, T: 7, B: 3, start: true },
  'three units past a quad, the outputs alone': { inputs: 5, H: 7, T: 7, B: 1, of: 'outputs' },
  'whole quads, the final states alone': { inputs: 5, H: 128, T: 7, B: 3, lengths: [7, 3, 5], of: 'final' },
  'as wide as three hundred': { inputs: 8, H: 300, T: 7, B: 1, spikes: true, inputGradient: false },
  'samples that share weights': {
    inputs: 4,
    H: 13,
    T: 9,
    B: 33,
    start: true,
    lengths: Array.from({ length: 33 }, (_, i) => (i * 7) % 10),
  },
};

for (const [kind, Kind] of Object.entries(kinds)) {
  for (const [what, { inputs, H, chunk, ...options }] of Object.entries(shapes)) {
    gpuCase(
      `gated: ${kind}, ${what}, agrees with the reference`,
      ({ gpu, log }) =>
        withEngine(gpu, async (engine) => {
          const tally = new Tally();
          const layer = new Kind(inputs, H, chunk ? { chunk } : {});
          tally.add(what, await compareWithReference(engine, overGated(layer, options)));
          // where nothing goes out of the first state, nothing comes back from the recurrent weights
          tally.finish(log, options.T === 1 ? ['gradient of 0.recurrent.weight'] : []);
        }),
      slow,
    );
  }
}

gpuCase(
  'gated: laid out as on a GPU, they agree with the reference',
  ({ gpu, log }) =>
    withEngine(
      gpu,
      async (engine) => {
        const tally = new Tally();
        // so many samples that two share a workgroup, one of them alone in the last
        const many = { T: 3, B: 513, start: true, lengths: Array.from({ length: 513 }, (_, b) => b % 4) };
        tally.add('LSTM', await compareWithReference(engine, overGated(new LSTM(3, 7), { T: 9, B: 2, spikes: true })));
        tally.add('GRU', await compareWithReference(engine, overGated(new GRU(3, 6), many)));
        tally.finish(log);
      },
      { software: false },
    ),
  slow,
);

gpuCase(
  'gated: weights of half precision agree with the reference',
  ({ gpu, log }) =>
    withEngine(gpu, async (engine) => {
      const tally = new Tally();
      for (const [kind, Kind] of Object.entries(kinds)) {
        const experiment = { ...overGated(new Kind(6, 9), { T: 9, B: 2 }), precision: 'half' as const };
        tally.add(kind, await compareWithReference(engine, experiment));
      }
      tally.finish(log);
    }),
  slow,
);

/** One step of training of two layers; all that it computes. */
async function train(engine: Engine<GpuDevice>, device: GpuDevice, chunk?: number) {
  const [T, B, inputs] = [50, 3, 5];
  const options = chunk ? { chunk } : {};
  const net = new Sequential(new LSTM(inputs, 9, options), new GRU(9, 6, options)).initialize(3);
  const arena = engine.bind(net);
  const tape = engine.tape();
  const x = tape.input(numbers(T * B * inputs, 2), { shape: [T, B, inputs], lengths: [50, 31, 7] });
  const y = net.forward(x).keep();
  crossEntropy(y, [0, 1, 5], { at: 'mean' }).loss.backward();
  const before = device.counters.dispatches;
  await new SGD({ lr: 0.1 }).step(tape);
  const dispatches = device.counters.dispatches - before;
  await engine.pull(net);
  const results = [await y.read(), ...(await arena.gradients()).values(), ...net.parameters().map((p) => p.data)];
  engine.unbind(net);
  return { dispatches, results };
}

gpuCase(
  'gated: chunks of time give the bits of one dispatch, for two dispatches a further chunk',
  ({ gpu }) =>
    withEngine(gpu, async (engine, device) => {
      const whole = await train(engine, device);
      for (const r of whole.results)
        assert(r.some((v) => v !== 0) && r.every(Number.isFinite), 'something is computed');
      const parts = await train(engine, device, 7);
      assertEqual(parts.results, whole.results, 'chunks of 7 steps');
      // two layers, seven further chunks
      assertEqual(parts.dispatches, whole.dispatches + 2 * 2 * 7, 'dispatches');
    }),
  slow,
);

gpuCase(
  'gated: windows with the state carried over give the bits of the whole sequence, and train',
  ({ gpu }) =>
    withEngine(gpu, async (engine) => {
      const [T, B, inputs] = [20, 3, 5];
      const net = new Sequential(new LSTM(inputs, 9), new GRU(9, 6)).initialize(3);
      engine.bind(net);
      const x = numbers(T * B * inputs, 4);
      const forward = async (from: number, to: number, state?: CarriedState): Promise<number[]> => {
        const tape = engine.tape({ training: false });
        const part = x.subarray(from * B * inputs, to * B * inputs);
        const y = net.forward(tape.input(part, { shape: [to - from, B, inputs] }), state ? { state } : {}).keep();
        await tape.run();
        return [...(await y.read())];
      };
      const whole = await forward(0, T);
      const state = new CarriedState();
      const parts = [
        ...(await forward(0, 13, state)),
        ...(await forward(13, 14, state)),
        ...(await forward(14, T, state)),
      ];
      assertEqual(parts, whole, 'windows of 13, 1 and 6 steps');
      assertEqual(state.final.get('0')!.constructor.name, 'Tensor', 'the state stays on the device');

      const optimizer = new SGD({ lr: 0.5 });
      const losses: number[] = [];
      const carried = new CarriedState();
      for (let epoch = 0; epoch < 8; epoch++) {
        carried.reset();
        for (let from = 0; from < T; from += 10) {
          const tape = engine.tape();
          const part = x.subarray(from * B * inputs, (from + 10) * B * inputs);
          const y = net.forward(tape.input(part, { shape: [10, B, inputs] }), { state: carried });
          const { loss } = crossEntropy(y, [0, 1, 2], { at: 'mean' });
          loss.backward();
          await optimizer.step(tape);
          losses.push(await loss.value());
        }
      }
      assert(losses.at(-1)! < losses[0]! - 0.1, `the loss goes from ${losses[0]} to ${losses.at(-1)}`);
    }),
  slow,
);

gpuCase(
  'gated: 512 units agree with the reference, 1,025 are refused with what there is',
  ({ gpu, log }) =>
    withEngine(gpu, async (engine) => {
      const tally = new Tally();
      const layer = new LSTM(3, 512);
      tally.add('512', await compareWithReference(engine, overGated(layer, { T: 3, B: 1, inputGradient: false })));
      tally.finish(log);
      const net = new Sequential(new GRU(2, 1025));
      engine.bind(net);
      const tape = engine.tape({ training: false });
      net.forward(tape.input([1, 1], { shape: [1, 1, 2] })).keep();
      await assertThrows(() => tape.run(), /0 GRU: has 1025 units, a workgroup has room for 1024/);
    }),
  slow,
);

import {
  Adam,
  AHP,
  crossEntropy,
  type Engine,
  type GpuDevice,
  LIF,
  Linear,
  loss as losses,
  Readout,
  regularize,
  Sequential,
} from 'spiketape';
import { chooseTimePath } from '../../../src/kernels/time_path.ts';
import { compareWithReference, Tally } from '../../support/compare.ts';
import { layers } from '../../support/layers.ts';
import { type SingleOptions, single } from '../../support/single.ts';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { numbers, spikes, weightsOf, withEngine } from './engine-support/nets.ts';

// Layers of every width and sequences of every length: how their work is laid out, and that it does not change the result.

const slow = { timeout: 180_000 };

/** Compares one wide layer with the reference; whether it took a dispatch a step. */
async function compareWide(gpu: GPU, tally: Tally, N: number, recurrent: boolean, maxWorkgroup?: number) {
  return withEngine(
    gpu,
    async (engine, device) => {
      const layer = layers.LIF(16, N, { recurrent });
      const of = single(layer, { T: 3, B: 1, inputGradient: !recurrent });
      tally.add(`${N} neurons`, await compareWithReference(engine, of));
      return chooseTimePath({ N, B: 1, T: 3, inputs: 16, recurrent }, device.limits).wide;
    },
    maxWorkgroup ? { maxWorkgroup } : {},
  );
}

gpuCase(
  'gradients: 2,048 recurrent neurons, 8,192 others, agree with the reference',
  async ({ gpu, log }) => {
    const tally = new Tally();
    // threads that every adapter has
    assertEqual(await compareWide(gpu, tally, 2048, true, 256), true, 'whether 2,048 neurons take a dispatch a step');
    await compareWide(gpu, tally, 8192, false);
    tally.finish(log);
  },
  slow,
);

gpuCase(
  'gradients: as many recurrent neurons as one workgroup of the adapter holds agree with the reference',
  async ({ gpu, log }) => {
    const most = await withEngine(gpu, async (_, device) => device.limits.maxWorkgroup);
    const N = 4 * 2 ** Math.floor(Math.log2(Math.min(most, 512)));
    log(`${N} neurons`);
    const tally = new Tally();
    assertEqual(await compareWide(gpu, tally, N, true), false, `whether ${N} neurons take a dispatch a step`);
    tally.finish(log);
  },
  slow,
);

gpuCase('weights that are longer than a binding are refused, and the error says what helps', ({ gpu }) => {
  const use = async (engine: Engine<GpuDevice>): Promise<void> => {
    const net = new Sequential(new Linear(300, 300), new LIF(300), new Readout(300, 2));
    engine.bind(net);
    const tape = engine.tape();
    const x = tape.input(spikes(2 * 300, 1), { shape: [2, 1, 300], form: 'bits' });
    crossEntropy(net.forward(x), [1]).loss.backward();
    await new Adam().step(tape);
  };
  return withEngine(
    gpu,
    async (engine) => {
      await assertThrows(
        () => use(engine),
        /(params of net \d+|effective weights): \[\d+\] takes \d+ bytes, the adapter binds at most 100000; use narrower layers/,
      );
    },
    { maxBinding: 100_000 },
  );
});

/** Every structure whose work can be cut, with odd shapes. */
const cut: Record<string, SingleOptions & { recurrent: boolean }> = {
  'recurrent, on spikes': { T: 71, B: 3, recurrent: true, start: true },
  'recurrent, on floats, padded': { T: 50, B: 3, recurrent: true, dense: true, lengths: [50, 31, 7] },
  'feed-forward, everything read': { T: 37, B: 2, recurrent: false, full: true },
};

for (const software of [true, false]) {
  gpuCase(
    `gradients: work cut into many dispatches agrees with the reference, ${software ? 'as on a CPU' : 'as on a GPU'}`,
    ({ gpu, log }) =>
      withEngine(
        gpu,
        async (engine, device) => {
          const tally = new Tally();
          for (const [name, { recurrent, ...options }] of Object.entries(cut)) {
            const before = device.counters.dispatches;
            const layer = layers.AHP(9, 33, { recurrent, learn: ['tau'] });
            tally.add(name, await compareWithReference(engine, single(layer, options)));
            const dispatches = device.counters.dispatches - before;
            log(`${name}: ${dispatches} dispatches`);
            assert(dispatches > 40, `${name}: ${dispatches} dispatches, the work was not cut`);
          }
          tally.finish(log);
        },
        { budget: 5000, software },
      ),
    slow,
  );
}

const long = { T: 3200, B: 2, inputs: 11, N: 33, lengths: [3200, 1777] };

/** One step of training with everything that is carried from chunk to chunk; all that it computes. */
async function trainLong(engine: Engine<GpuDevice>, device: GpuDevice, chunk?: number) {
  const { T, B, inputs, N, lengths } = long;
  const net = new Sequential(
    new AHP(inputs, N, { recurrent: true, weightGain: 8, beta: 0.1, learn: ['tau'], ...(chunk ? { chunk } : {}) }),
    new Readout(N, 4),
  ).initialize(2);
  const arena = engine.bind(net);
  const tape = engine.tape({ seed: 1, step: 1 });
  const x = tape.input(spikes(T * B * inputs, 5), { shape: [T, B, inputs], form: 'bits', lengths });
  const { loss } = losses.crossEntropy()(net.forward(x), [1, 3]);
  const total = loss.add(regularize.rate()(tape)).add(regularize.voltage()(tape));
  total.backward();
  const [hidden, readout] = tape.cells as [(typeof tape.cells)[0], (typeof tape.cells)[0]];
  const kept = [hidden.z!, hidden.final, hidden.activity, readout.v].map((t) => t.keep());
  const before = device.counters.dispatches;
  await new Adam().step(tape);
  const dispatches = device.counters.dispatches - before;
  await engine.pull(net);
  const results = [
    ...(await Promise.all(kept.map((t) => t.read()))),
    ...(await arena.gradients()).values(),
    weightsOf(net),
    Float32Array.of(await total.value()),
  ];
  engine.unbind(net);
  return { dispatches, results };
}

gpuCase(
  '3,200 steps in chunks give the bits of one dispatch, for two dispatches a further chunk',
  async ({ gpu, log }) => {
    const whole = await withEngine(gpu, (engine, device) => trainLong(engine, device), { budget: 1e9, software: true });
    const fired = whole.results[0]!.reduce((a, b) => a + b, 0) / whole.results[0]!.length;
    log(`${whole.dispatches} dispatches, ${(100 * fired).toFixed(1)} % fire`);
    assert(fired > 0.01 && fired < 0.5, `${fired} of the neurons fire`);
    const { T, B, N, inputs } = long;
    // small enough for the layer's loop to be cut, and for nothing else
    const limits = { maxWorkgroup: 256, budget: 1.6e6, software: true };
    const { chunk } = chooseTimePath({ N, B, T, inputs, recurrent: true }, limits);
    for (const [what, steps, options] of [
      ['by the budget', chunk, { budget: limits.budget }],
      ['of 1,000 steps', 1000, { budget: 1e9 }],
      ['of 77 steps', 77, { budget: 1e9 }],
    ] as const) {
      const given = options.budget === 1e9 ? steps : undefined;
      const parts = await withEngine(gpu, (engine, device) => trainLong(engine, device, given), {
        ...options,
        software: true,
      });
      log(`chunks ${what}, ${steps} each: ${parts.dispatches} dispatches`);
      assert(steps < T && T % steps !== 0, `chunks of ${steps} steps divide ${T}`);
      assertEqual(parts.results, whole.results, `chunks ${what}`);
      assertEqual(parts.dispatches, whole.dispatches + 2 * (Math.ceil(T / steps) - 1), `dispatches, chunks ${what}`);
    }
  },
  slow,
);

/** Dispatches of a step and bytes in use after it. */
const cost = (gpu: GPU, T: number, B: number): Promise<{ dispatches: number; bytes: number }> =>
  withEngine(gpu, async (engine, device) => {
    const net = new Sequential(new AHP(20, 48, { recurrent: true }), new Readout(48, 10));
    engine.bind(net);
    const optimizer = new Adam();
    let dispatches = 0;
    for (let i = 0; i < 2; i++) {
      const before = device.counters.dispatches;
      const tape = engine.tape();
      const x = tape.input(numbers(T * B * 20, 3), { shape: [T, B, 20] });
      crossEntropy(
        net.forward(x),
        Array.from({ length: B }, (_, b) => b % 10),
      ).loss.backward();
      await optimizer.step(tape);
      dispatches = device.counters.dispatches - before;
    }
    return { dispatches, bytes: engine.memory().liveBytes };
  });

gpuCase(
  'memory grows linearly with time and batch, dispatches not at all',
  async ({ gpu, log }) => {
    const [T, B] = [64, 8];
    const one = await cost(gpu, T, B);
    for (const [what, two, three] of [
      ['T', await cost(gpu, 2 * T, B), await cost(gpu, 3 * T, B)],
      ['B', await cost(gpu, T, 2 * B), await cost(gpu, T, 3 * B)],
    ] as const) {
      log(`${what} once, twice, three times: ${[one, two, three].map((c) => c.bytes).join(', ')} bytes`);
      assertEqual([two.dispatches, three.dispatches], [one.dispatches, one.dispatches], `dispatches with ${what}`);
      assert(two.bytes <= 2 * one.bytes, `${two.bytes} bytes at twice ${what}, ${one.bytes} at once`);
      assertEqual(three.bytes - two.bytes, two.bytes - one.bytes, `bytes that another ${what} takes`);
    }
  },
  slow,
);

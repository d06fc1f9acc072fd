import { Adam, crossEntropy, type Engine, LIF, Linear, Readout, Sequential } from 'spiketape';
import { assert, assertClose, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import {
  ahpNet,
  type Form,
  numbers,
  record,
  small,
  spikes,
  train,
  weightsOf,
  withEngine,
} from './engine-support/nets.ts';
import { weightedSum } from './engine-support/ops.ts';

// The same seed gives the same bits: over runs, over chunks of time, over what lay in memory before.

// A software adapter may take half a minute to compile a large kernel for the first time.
const slow = { timeout: 180_000 };

gpuCase(
  'two runs with one seed end in identical weights, another seed does not',
  async ({ gpu }) => {
    const form: Form = { T: 40, B: 4, inputs: 17, N: 37, classes: 5 };
    const run = (seed: number): Promise<Float32Array> =>
      withEngine(gpu, (engine) => train(engine, ahpNet(form, { learn: ['tau', 'beta'] }).initialize(seed), form, 20));
    const first = await run(7);
    assertEqual(await run(7), first, 'weights of the second run');
    assert(
      (await run(8)).some((x, i) => x !== first[i]),
      'another seed gives other weights',
    );
    assert(first.every(Number.isFinite), 'the weights are finite');
    const before = weightsOf(ahpNet(form).initialize(7));
    assert(
      first.some((x, i) => x !== before[i]),
      'training changed the weights',
    );
  },
  slow,
);

// One more than a word of spikes packed along time, fewer, many: T is a multiple of none of them.
const T = 71;

gpuCase(
  'time in chunks of 1, 5, 32 and 33 steps gives the same bits as in one',
  async ({ gpu }) => {
    const form: Form = { T, B: 3, inputs: 11, N: 33, classes: 4 };
    const run = async (engine: Engine, chunk: number | undefined): Promise<Float32Array[]> => {
      const net = ahpNet(form, { learn: ['tau', 'tauAhp', 'threshold'], ...(chunk ? { chunk } : {}) });
      const weights = await train(engine, net, form, 4);
      const { tape, loss } = record(engine, net, form, 99);
      const [hidden, output] = tape.cells as [(typeof tape.cells)[0], (typeof tape.cells)[0]];
      const kept = [hidden.z!, hidden.v, hidden.states.a!, hidden.final, hidden.activity, output.v].map((t) =>
        t.keep(),
      );
      await tape.run();
      const read = await Promise.all(kept.map((t) => t.read()));
      const gradients = await engine.bind(net).gradients();
      return [weights, ...read, ...gradients.values(), Float32Array.of(await loss.value())];
    };
    await withEngine(gpu, async (engine) => {
      const whole = await run(engine, undefined);
      const count = whole[1]!.reduce((a, b) => a + b, 0);
      assert(count > 100 && count < 0.9 * whole[1]!.length, `the layer fires: ${count} of ${whole[1]!.length}`);
      assertEqual(await run(engine, T), whole, 'one chunk of all steps');
      for (const chunk of [1, 5, 32, 33]) assertEqual(await run(engine, chunk), whole, `chunks of ${chunk}`);
    });
  },
  slow,
);

gpuCase(
  'chunks give the same bits without recurrence, from currents, with samples of unequal length',
  async ({ gpu }) => {
    const [B, N] = [3, 34];
    const run = async (engine: Engine, chunk: number): Promise<Float32Array[]> => {
      const net = new Sequential(new Linear(6, N), new LIF(N, { chunk, learn: ['tau'] }), new Readout(N, 3, { chunk }));
      const arena = engine.bind(net);
      const tape = engine.tape();
      const x = tape.input(numbers(T * B * 6, 5, 2), { shape: [T, B, 6], lengths: [T, 33, 0], requiresGrad: true });
      x.keepGradient();
      const y = net.forward(x).keep();
      crossEntropy(y, [2, 0, 1], { at: 'mean' }).loss.backward();
      const z = tape.cells[0]!.z!.keep();
      await tape.run();
      return [await y.read(), await z.read(), await x.readGradient(), ...(await arena.gradients()).values()];
    };
    await withEngine(gpu, async (engine) => {
      const whole = await run(engine, T);
      assert(
        whole[1]!.some((z) => z === 1),
        'the layer fires',
      );
      assert(
        whole[2]!.some((g) => g !== 0),
        'a gradient reaches the input',
      );
      for (const chunk of [1, 5, 32, 33]) assertEqual(await run(engine, chunk), whole, `chunks of ${chunk}`);
    });
  },
  slow,
);

for (const N of [1, 31, 33, 130]) {
  gpuCase(
    `what lay in memory before does not matter, and pads stay 0: ${N} neurons`,
    async ({ gpu }) => {
      const form: Form = { T: 35, B: 3, inputs: N === 1 ? 33 : N - 1, N, classes: N === 1 ? 2 : 5 };
      const run = (poison: boolean): Promise<Float32Array[]> =>
        withEngine(
          gpu,
          async (engine) => {
            const net = ahpNet(form, { learn: ['tau', 'tauAhp', 'beta', 'threshold'] });
            const weights = await train(engine, net, form, 3);
            const { tape } = record(engine, net, form, 4);
            const { z, v } = tape.cells[0]!;
            for (const t of [z!, v]) t.keep();
            await tape.run();
            const raw = new Float32Array(await rawWords(tape.source(v)));
            const pitch = 4 * Math.ceil(N / 4);
            const pads = raw.subarray(0, 35 * 3 * pitch).filter((_, i) => i % pitch >= N);
            assertEqual(pads, new Float32Array(pads.length), `pads of the voltages, N ${N}`);
            assertBitPads(new Uint32Array(await rawWords(tape.source(z!))), form.T, form.B, N);
            return [weights, await z!.read(), await v.read()];
          },
          { poison },
        );
      const poisoned = await run(true);
      for (const [i, values] of poisoned.entries())
        assert(values.every(Number.isFinite), `N ${N}: result ${i} is finite`);
      assertEqual(poisoned, await run(false), `N ${N}: with and without poison`);
    },
    slow,
  );
}

type Source = ReturnType<ReturnType<typeof record>['tape']['source']>;

async function rawWords(source: Source): Promise<ArrayBufferLike> {
  if (!('executable' in source)) throw new Error('a tensor of a step that ran lies on the device');
  const { words } = await source.executable.read(source.storage);
  return words.buffer.slice(words.byteOffset, words.byteOffset + words.byteLength);
}

/** Bits of neurons and steps that do not exist must be 0 in both packings, and both must say the same. */
function assertBitPads(packed: Uint32Array, steps: number, B: number, N: number): void {
  const W = Math.ceil(N / 32);
  const pitch = 4 * Math.ceil(N / 4);
  const alongTime = steps * B * W;
  assertEqual(packed.length, alongTime + Math.ceil(steps / 32) * B * pitch, `words of spikes, N ${N}`);
  for (let t = 0; t < 32 * Math.ceil(steps / 32); t++) {
    for (let b = 0; b < B; b++) {
      for (let n = 0; n < 32 * W; n++) {
        const alongNeurons = t < steps ? (packed[(t * B + b) * W + (n >>> 5)]! >>> (n & 31)) & 1 : 0;
        const along = n < pitch ? (packed[alongTime + ((t >>> 5) * B + b) * pitch + n]! >>> (t & 31)) & 1 : 0;
        if (alongNeurons !== along)
          throw new Error(`N ${N}: the packings differ at step ${t}, sample ${b}, neuron ${n}`);
        if (n >= N && along === 1)
          throw new Error(`N ${N}: a spike of a neuron that does not exist at step ${t}, neuron ${n}`);
      }
    }
  }
}

gpuCase(
  'a recurrent layer too wide for one workgroup: voltages and weight gradients by hand',
  async ({ gpu }) => {
    const [steps, N, alpha] = [7, 101, Math.exp(-1 / 20)];
    const use = async (engine: Engine): Promise<void> => {
      const net = new Sequential(new LIF(N, { recurrent: true, reset: 'none' }), new Readout(N, 2));
      const arena = engine.bind(net);
      const W = net.parameters()[0]!.data;
      const current = numbers(steps * N, 3, 2);
      const tape = engine.tape();
      const x = tape.input(current, { shape: [steps, 1, N], requiresGrad: true }).keepGradient();
      crossEntropy(net.forward(x), [1], { at: { cue: 2 } }).loss.backward();
      const { z, v } = tape.cells[0]!;
      for (const t of [z!, v]) t.keep();
      await tape.run();
      const [spiked, voltage, dI] = [await z!.read(), await v.read(), await x.readGradient()];
      const dW = (await arena.gradients()).get('0.recurrent.weight')!;

      const expected = new Float64Array(steps * N);
      for (let t = 0; t < steps; t++) {
        for (let n = 0; n < N; n++) {
          let sum = current[t * N + n]! + (t > 0 ? alpha * expected[(t - 1) * N + n]! : 0);
          if (t > 0) for (let j = 0; j < N; j++) if (spiked[(t - 1) * N + j] === 1) sum += W[n * N + j]!;
          expected[t * N + n] = sum;
        }
      }
      assertClose(voltage, expected, { relToMax: 1e-5 }, 'voltages');
      // the first spikes come from nowhere
      const byHand = weightGradient(spiked, dI, { steps, K: N, N, shift: 1 }).map((g, i) =>
        i % (N + 1) === 0 ? 0 : g,
      );
      assertEqual(dW, byHand, 'gradient of the recurrent weights');
      assert(
        dW.some((g) => g !== 0),
        'the recurrent weights have a gradient',
      );
    };
    await withEngine(
      gpu,
      async (engine, device) => {
        await use(engine);
        const chunks = steps + steps + 1;
        assert(device.counters.dispatches > chunks, `${device.counters.dispatches} dispatches: one a step`);
      },
      { maxWorkgroup: 8 },
    );
    await withEngine(gpu, use);
  },
  slow,
);

gpuCase(
  'more quads than fit in one dimension of a dispatch: weights and their gradients by hand',
  async ({ gpu }) => {
    const [steps, N] = [2, 4100];
    await withEngine(gpu, async (engine) => {
      const net = new Sequential(new Linear(N, N, { bias: false }));
      const arena = engine.bind(net);
      const W = net.parameters()[0]!.data;
      const z = spikes(steps * N, 4, 0.01);
      const tape = engine.tape();
      const y = net.forward(tape.input(z, { shape: [steps, 1, N], form: 'bits' })).keep();
      const dy = numbers(steps * N, 9);
      weightedSum(y, dy).backward();
      await tape.run();
      const expected = new Float32Array(steps * N);
      for (let i = 0; i < steps * N; i++) {
        const [t, post] = [Math.floor(i / N), i % N];
        for (let pre = 0; pre < N; pre++) if (z[t * N + pre] === 1) expected[i] = expected[i]! + W[post * N + pre]!;
      }
      assertEqual(await y.read(), expected, 'y');
      const g = (await arena.gradients()).get('0.weight')!;
      const byHand = weightGradient(z, dy, { steps, K: N, N, shift: 0 });
      const wrong = byHand.findIndex((x, i) => x !== g[i]);
      assert(wrong < 0, `gradient ${wrong} of the weights is ${g[wrong]}, expected ${byHand[wrong]}`);
    });
  },
  slow,
);

/** Sum over steps of dI_t z_{t - shift}^T, [N, K], added up in the order in which the kernel does. */
function weightGradient(
  z: Float32Array,
  dI: Float32Array,
  o: { steps: number; K: number; N: number; shift: number },
): Float32Array {
  const { steps, K, N, shift } = o;
  const out = new Float32Array(N * K);
  for (let t = shift; t < steps; t++) {
    for (let pre = 0; pre < K; pre++) {
      if (z[(t - shift) * K + pre] !== 1) continue;
      for (let post = 0; post < N; post++) out[post * K + pre] = out[post * K + pre]! + dI[t * N + post]!;
    }
  }
  return out;
}

gpuCase(
  'a layer cut into tiles gives the bits of one that is not',
  async ({ gpu }) => {
    const form: Form = { ...small, T: 9, N: 130 };
    for (const recurrent of [false, true]) {
      const run = (maxWorkgroup: number): Promise<Float32Array> =>
        withEngine(gpu, (engine) => train(engine, ahpNet(form, { recurrent, learn: ['tau'] }), form, 3), {
          maxWorkgroup,
          // on a CPU a recurrent layer that fits one workgroup adds in another order
          software: false,
        });
      const whole = await run(64);
      assertEqual(await run(8), whole, recurrent ? 'recurrent, one dispatch a step' : 'not recurrent');
      assert(whole.every(Number.isFinite), 'the weights are finite');
    }
  },
  slow,
);

gpuCase('an update layer by layer, in place, gives the same bits as one at the end', async ({ gpu }) => {
  const form: Form = { T: 12, B: 3, inputs: 9, N: 21, classes: 4 };
  const run = (layerwise: boolean): Promise<Float32Array> =>
    withEngine(gpu, async (engine) => {
      const net = ahpNet(form, { learn: ['tau'] }).initialize(3);
      engine.bind(net);
      const optimizer = new Adam({ lr: 0.01, layerwise });
      for (let i = 0; i < 5; i++) await optimizer.step(record(engine, net, form, i).tape);
      await engine.pull(net);
      return weightsOf(net);
    });
  assertEqual(await run(true), await run(false), 'weights after five steps');
});

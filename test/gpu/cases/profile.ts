import {
  Adam,
  Dataset,
  type Engine,
  evaluate,
  type GpuDevice,
  init,
  LIF,
  loss,
  Readout,
  Sequential,
  fit as trainNet,
} from 'spiketape';
import { type Profile, profile } from 'spiketape/profile';
import { byteLength } from '../../../src/device/storage.ts';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, record, small, spikes, train, weightsOf, withEngine } from './engine-support/nets.ts';

// A profile has every dispatch of the steps that run inside, changes no result, and leaves nothing behind.

const STEPS = 3;

/** Counters of one training step without profiling, then a profile of several. */
async function profiled(engine: Engine<GpuDevice>, device: GpuDevice) {
  const net = ahpNet(small);
  engine.bind(net);
  const optimizer = new Adam();
  const step = (i: number): Promise<void> => optimizer.step(record(engine, net, small, i).tape);
  await step(0);
  const one = { ...device.counters };
  await step(1);
  const plain = difference(device, one);
  const before = { ...device.counters };
  const result = await profile(engine, async () => {
    for (let i = 0; i < STEPS; i++) await step(2 + i);
  });
  return { result, step, plain, while: difference(device, before) };
}

function difference({ counters }: GpuDevice, from: GpuDevice['counters']) {
  return { dispatches: counters.dispatches - from.dispatches, submits: counters.submits - from.submits };
}

/** What holds however it was measured. */
function checkRows(result: Profile, dispatches: number): void {
  assertEqual([result.steps, result.dispatchesPerStep, result.submitsPerStep], [STEPS, dispatches, 1], 'of a step');
  assertEqual(
    result.rows.reduce((n, row) => n + row.dispatches, 0),
    STEPS * dispatches,
    'dispatches in the table',
  );
  for (const { label, kernel, ...row } of result.rows) {
    assertEqual(row.steps, STEPS, `steps with ${label}`);
    assert(row.ms >= 0 && Number.isFinite(row.ms), `${label} (${kernel}) took ${row.ms} ms`);
    assert(row.bytesPerStep > 0, `${label} binds ${row.bytesPerStep} bytes`);
  }
  const shares = result.rows.reduce((sum, row) => sum + row.share, 0);
  assert(result.ms > 0 && Math.abs(shares - 1) < 1e-9, `${result.ms} ms in shares that sum to ${shares}`);
  const order = result.rows.map((row) => row.ms);
  assertEqual(
    order,
    [...order].sort((a, b) => b - a),
    'the order of the rows',
  );
  for (const [label, kernel] of [
    ['0 AHP forward', 'cell_forward'],
    ['0 AHP backward', 'cell_backward'],
    ['1 Readout forward', 'cell_forward'],
  ])
    assert(
      result.rows.some((row) => row.label === label && row.kernel === kernel),
      `no row '${label}' of ${kernel}`,
    );
  assertEqual(result.pipelines, 0, 'pipelines compiled meanwhile');
}

gpuCase('profile: by timestamps, every dispatch is in the table', ({ gpu, log }) =>
  withEngine(gpu, async (engine, device) => {
    const { result, plain, while: during } = await profiled(engine, device);
    assertEqual(result.method, device.features.has('timestamp-query') ? 'timestamps' : 'wall clock', 'method');
    checkRows(result, plain.dispatches);
    for (const { label, ms } of result.rows) assert(ms > 0, `${label} was not timed`);
    assertEqual(during.dispatches, STEPS * plain.dispatches, 'dispatches while profiled');
    assert(device.counters.compileMs > 0, 'compilation takes time');
    assertEqual(JSON.parse(JSON.stringify(result)).rows, result.rows, 'rows by way of JSON');
    log(`\n${result}`);
  }),
);

gpuCase('profile: by the wall clock where the adapter has no timestamps', async ({ gpu, log }) => {
  const engine = await init({ gpu, poison: true, without: ['timestamp-query', 'subgroups', 'shader-f16'] });
  try {
    assert(!engine.device.features.has('timestamp-query'), 'the feature was left alone');
    assertEqual(engine.device.features.has('subgroups'), false, 'subgroups');
    const { result, step, plain, while: during } = await profiled(engine, engine.device);
    assertEqual(result.method, 'wall clock', 'method');
    checkRows(result, plain.dispatches);
    // each alone, and one before and one after a step
    assertEqual(during.submits, STEPS * (plain.dispatches + 2), 'submits while profiled');
    assert(result.ms <= result.wallMs, `${result.ms} ms in kernels, ${result.wallMs} in all`);
    const together = profile(engine, () => Promise.all([step(7), step(8)]));
    await assertThrows(() => together, /steps are timed one at a time; await each/);
    await profile(engine, () => step(9));
    log(`\n${result}`);
  } finally {
    engine.dispose();
  }
});

gpuCase('profile: off, a step is one pass in one submit and makes nothing', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const { step, plain } = await profiled(engine, device);
    const memory = device.report();
    const passes: unknown[] = [];
    const create = device.device.createCommandEncoder.bind(device.device);
    Object.defineProperty(device.device, 'createCommandEncoder', {
      configurable: true,
      value: () => {
        const encoder = create();
        const begin = encoder.beginComputePass.bind(encoder);
        Object.defineProperty(encoder, 'beginComputePass', {
          value: (descriptor?: GPUComputePassDescriptor) => {
            passes.push(descriptor);
            return begin(descriptor);
          },
        });
        return encoder;
      },
    });
    const before = { ...device.counters };
    await step(9);
    assertEqual(passes, [undefined], 'passes');
    assertEqual(difference(device, before), plain, 'dispatches and submits');
    assertEqual(device.counters.buffers, before.buffers, 'buffers');
    assertEqual(device.report(), memory, 'memory');
    await profile(engine, () => step(10));
    assertEqual(passes.length, 1 + plain.dispatches, 'passes with one step profiled');
  }),
);

gpuCase('profile: what is trained is the same bit for bit, by both methods', ({ gpu }) => {
  const trained = async (without: string[] | null): Promise<Float32Array> => {
    const engine = await init({ gpu, poison: true, without: without ?? [] });
    const net = ahpNet(small).initialize(3);
    try {
      const run = (): Promise<Float32Array> => train(engine, net, small, 6);
      if (without) await profile(engine, run);
      else await run();
    } finally {
      engine.dispose();
    }
    return weightsOf(net);
  };
  return (async () => {
    const expected = await trained(null);
    assertEqual(await trained([]), expected, 'trained under timestamps');
    assertEqual(await trained(['timestamp-query']), expected, 'trained under the wall clock');
  })();
});

gpuCase('profile: works around fit and evaluate, each row by the steps that have it', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const [T, N, count] = [8, 5, 10];
    const set = new Dataset({
      steps: T,
      inputs: N,
      values: spikes(count * T * N, 1),
      labels: Array.from({ length: count }, (_, i) => i % 2),
      form: 'bits',
    });
    const net = new Sequential(new LIF(N, 6, { recurrent: true, weightGain: 3 }), new Readout(6, 2)).initialize(1);
    const result = await profile(engine, async () => {
      // batches of 4, 4 and 2, one submit each
      await trainNet(engine, net, set, { loss: loss.ceMean(), optimizer: new Adam(), epochs: 2, batchSize: 4 });
      await evaluate(engine, net, set, { loss: loss.ceMean(), batchSize: 5 });
    });
    const stepsOf = (label: string): number | undefined => result.rows.find((row) => row.label === label)?.steps;
    assertEqual(result.steps, 8, 'steps');
    assertEqual(stepsOf('0 LIF forward'), 8, 'steps with the forward pass');
    assertEqual(stepsOf('0 LIF backward'), 6, 'steps with the backward pass');
    assert(result.pipelines > 0 && result.compileMs > 0, 'what was compiled inside is told');
  }),
);

gpuCase('profile: refuses a second at the same time and one in which nothing runs; errors end it', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    await assertThrows(() => profile(engine, () => undefined), /profile: no step ran/);
    await assertThrows(() => profile(engine, () => profile(engine, () => undefined)), /being profiled already/);
    const failing = async (): Promise<void> => {
      throw new Error('of the action');
    };
    await assertThrows(() => profile(engine, failing), /of the action/);
    assertEqual(device.timer, null, 'the timer');
  }),
);

gpuCase('profile: more dispatches in a step than timestamps in a set', ({ gpu }) =>
  withEngine(
    gpu,
    async (engine, device) => {
      // wider than a workgroup and recurrent: a dispatch for each of the steps
      const [T, N] = [2100, 36];
      const net = new Sequential(new LIF(3, N, { recurrent: true }), new Readout(N, 2)).initialize(1);
      engine.bind(net);
      const run = async (): Promise<void> => {
        const tape = engine.tape({ training: false });
        net.forward(tape.input(spikes(3 * T, 1), { shape: [T, 1, 3], form: 'bits' })).keep();
        await tape.run();
      };
      await run();
      const before = device.counters.dispatches;
      const result = await profile(engine, run);
      const dispatches = device.counters.dispatches - before;
      assert(dispatches > T, `${dispatches} dispatches`);
      assertEqual(result.dispatchesPerStep, dispatches, 'dispatches');
      // times belong to whom they are given: thousands of dispatches against one each
      const [{ label, dispatches: most } = { label: '', dispatches: 0 }] = result.rows;
      assertEqual([label, most], ['0 LIF forward', T], 'what took longest');
    },
    { maxWorkgroup: 8 },
  ),
);

gpuCase('data reaches the device packed: spikes as bits, pixels as bytes', async ({ gpu, log }) => {
  const [T, B, N] = [40, 4, 70];
  const values = spikes(T * B * N, 2);
  for (const form of ['f32', 'bits', 'bytes'] as const) {
    await withEngine(gpu, async (engine, device) => {
      const set = new Dataset({ steps: T, inputs: N, values, labels: [0, 1, 0, 1], form });
      const net = new Sequential(new LIF(N, 6), new Readout(6, 2)).initialize(1);
      const options = { loss: loss.ceMean(), optimizer: new Adam(), epochs: 1, batchSize: B };
      await trainNet(engine, net, set, options);
      const uploads: number[] = [];
      const { queue } = device.device;
      const write = queue.writeBuffer.bind(queue);
      const watched = (...a: Parameters<typeof write>): undefined => {
        uploads.push((a[2] as ArrayBuffer).byteLength);
        write(...a);
      };
      Object.defineProperty(queue, 'writeBuffer', { configurable: true, value: watched });
      await trainNet(engine, net, set, options);
      const expected = byteLength({ form, shape: [T, B, N] });
      assertEqual(uploads.filter((n) => n === expected).length, 1, `uploads of ${expected} bytes (${form})`);
      const rest = uploads.reduce((a, b) => a + b, 0) - expected;
      // parameters, labels, numbers of the step
      assert(rest < 8000, `${rest} further bytes (${form}): ${uploads.join(', ')}`);
      log(`${form}: ${expected} bytes for ${T * B * N} values`);
    });
  }
  assertEqual(byteLength({ form: 'bytes', shape: [T, B, N] }), T * B * 72, 'bytes of pixels');
  assert(byteLength({ form: 'bits', shape: [T, B, N] }) < (T * B * N) / 2, 'bits of spikes, both packings');
});

gpuCase('evaluation saves nothing for a backward pass: memory grows by spikes alone', ({ gpu, log }) =>
  withEngine(gpu, async (engine, device) => {
    const [B, inputs, N] = [3, 8, 64];
    const net = new Sequential(
      new LIF(inputs, N, { recurrent: true }),
      new LIF(N, N, { recurrent: true }),
      new Readout(N, 4),
    ).initialize(1);
    engine.bind(net);
    const run = async (T: number): Promise<number> => {
      const before = device.report().liveBytes;
      const tape = engine.tape({ training: false, step: 0 });
      const x = tape.input(spikes(T * B * inputs, T), { shape: [T, B, inputs], form: 'bits' });
      loss.ceLast()(net.forward(x), [0, 1, 2]).result.keep();
      await tape.run();
      return device.report().liveBytes - before;
    };
    // parameters and variants are there after the first
    await run(32);
    const [short, long] = [await run(64), await run(640)];
    const bytes = (T: number): number =>
      [inputs, N, N].reduce((sum, width) => sum + byteLength({ form: 'bits', shape: [T, B, width] }), 0);
    log(`576 further steps: ${long - short} bytes, spikes ${bytes(640) - bytes(64)}, voltages ${576 * B * 2 * 4 * N}`);
    assert(
      long - short <= bytes(640) - bytes(64) + 1024,
      `${long - short} bytes more for 576 further steps, ${bytes(640) - bytes(64)} of them spikes`,
    );
  }),
);

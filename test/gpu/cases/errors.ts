import {
  AHP,
  crossEntropy,
  defineKernel,
  Engine,
  type Kernel,
  LIF,
  Linear,
  type Op,
  Readout,
  Sequential,
  SGD,
  type Tensor,
} from 'spiketape';
import type { Call, Step } from '../../../src/device/device.ts';
import type { Storage } from '../../../src/device/storage.ts';
import { add as addKernel } from '../../../src/kernels/dense.ts';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, record, small, withEngine } from './engine-support/nets.ts';
import { scaleKernel } from './engine-support/ops.ts';

// What goes wrong on the device comes back as an exception that names the kernel and the tensor.

/** An operation that calls `kernel` as if it were `scale`, with the buffers that `bind` says. */
function record1(x: Tensor, kernel: Kernel, bind: (x: Storage, y: Storage) => Record<string, Storage | null>): Tensor {
  const op: Op<null> = {
    name: kernel.name,
    key: () => '',
    forward(low, node) {
      const y = low.give(node.outputs[0]!, low.make('y', 'f32', x.shape));
      low.call(kernel, 'layer 7', {
        dims: { count: 1, row: 64, slot: 0 },
        buffers: bind(low.of(x), y),
        groups: [1, 1, 1],
      });
    },
  };
  return x.tape.record(op, [x], [], null, [{ form: 'f32', shape: x.shape, requiresGrad: false }])[0]!;
}

gpuCase('a kernel that does not compile is named, with its line and what the compiler says', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const broken = {
      ...scaleKernel,
      name: 'broken_kernel',
      source: scaleKernel.source.replace('factor * x[i]', 'factor * x[i] + oops'),
    };
    const tape = engine.tape();
    record1(tape.input([1], { shape: [1] }), broken, (x, result) => ({ x, result }));
    const error = await assertThrows(() => tape.run(), /kernel broken_kernel does not compile/);
    assert(/line \d+: .*oops/s.test(error.message), `the message has the line: ${error.message}`);
  }),
);

gpuCase('bindings that do not fit the kernel are named', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const tape = engine.tape();
    record1(tape.input([1], { shape: [1] }), scaleKernel, (x) => ({ x }));
    await assertThrows(() => tape.run(), /layer 7 \(scale\): nothing is bound to 'result'/);

    const wrong = defineKernel({
      name: 'wrong_access',
      wgsl: scaleKernel.source,
      dims: { count: 'u32', row: 'u32', slot: 'u32' },
      storage: { x: 'read', result: 'read' },
    });
    const second = engine.tape();
    record1(second.input([1], { shape: [1] }), wrong, (x, result) => ({ x, result }));
    await assertThrows(() => second.run(), /wrong_access/);
  }),
);

gpuCase('an error of a dispatch ends the read after it, and names the call', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const tape = engine.tape();
    // one buffer for reading and writing in one dispatch: WebGPU drops the whole submit
    const y = record1(tape.input([1, 2], { shape: [2] }), scaleKernel, (_, y) => ({ x: y, result: y })).keep();
    const error = await assertThrows(async () => {
      await tape.run();
      await y.read();
    }, /GPU error/);
    assert(/layer 7 \(scale\)|"y"/.test(error.message), `the message names the call or the tensor: ${error.message}`);
  }),
);

gpuCase('a tensor that is too large for the adapter is refused by name, before anything is allocated', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const { maxBinding } = device.limits;
    const N = 4096;
    const B = 64;
    const T = Math.ceil(maxBinding / (4 * N * B)) + 1;
    const net = new Sequential(new Linear(1, N), new LIF(N));
    engine.bind(net);
    const tape = engine.tape({ training: false });
    net.forward(tape.input(new Float32Array(T * B), { shape: [T, B, 1] })).keep();
    await assertThrows(
      () => tape.run(),
      new RegExp(`0 Linear output: \\[${T}, ${B}, ${N}\\] takes \\d+ bytes, the adapter binds at most ${maxBinding}`),
    );
    assertEqual([device.counters.buffers, device.report().liveBytes], [0, 0], 'buffers and bytes');

    // weights count too, and are no part of the step's own memory
    const arena: Storage = { name: 'params of net 1', form: 'words', shape: [maxBinding / 4 + 4], role: 'persistent' };
    await assertThrows(
      () => device.compile(stepOf([copy(arena, storage('to', 4))])),
      /params of net 1: \[\d+\] takes \d+ bytes, the adapter binds/,
    );
    assertEqual(device.counters.buffers, 0, 'buffers');
  }),
);

gpuCase('what a device cannot allocate is refused by name', ({ gpu }) =>
  withEngine(gpu, async (_, device) => {
    const size = 16 * Math.ceil((device.device.limits.maxBufferSize + 1) / 16);
    await assertThrows(
      () => device.memory.take('a huge tensor', size, GPUBufferUsage.STORAGE),
      new RegExp(`a huge tensor needs ${size} bytes`),
    );
    assertEqual(device.report().liveBytes, 0, 'live bytes');
  }),
);

gpuCase('a kept tensor that a later step overwrote is refused', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const net = ahpNet(small);
    engine.bind(net);
    const first = record(engine, net, small, 1);
    await first.tape.run();
    const value = await first.loss.value();
    await record(engine, net, small, 2).tape.run();
    await assertThrows(() => first.loss.value(), /cross entropy .* was overwritten by a later step of the same form/);
    await assertThrows(
      () => engine.tape().input(first.loss.terms[0]!.term.tensor, { shape: [small.B, 4] }),
      /was overwritten by a later step/,
    );
    assert(Number.isFinite(value), 'the first value was there in time');
  }),
);

gpuCase('a tensor of another device is refused as an input', ({ gpu }) =>
  withEngine(gpu, (one) =>
    withEngine(gpu, async (other) => {
      const tape = one.tape();
      const x = tape.input([1, 2, 3], { shape: [3] }).keep();
      await tape.run();
      const second = other.tape();
      second.input(x, { shape: [3], name: 'state' });
      await assertThrows(() => second.run(), /state: its source lies on another device/);
    }),
  ),
);

gpuCase('a loss that is not finite is an error, not a number', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const net = new Sequential(new Readout(4, 3, { weightGain: 100 }));
    engine.bind(net);
    const tape = engine.tape();
    const { loss } = crossEntropy(net.forward(tape.input(new Float32Array(8).fill(3e38), { shape: [2, 1, 4] })), [0]);
    loss.backward();
    await tape.run();
    await assertThrows(() => loss.value(), /loss: the value is (NaN|-?Infinity)/);
  }),
);

gpuCase('what went wrong once leaves the engine usable', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const layer = new AHP(3, 5);
    // the constructor would refuse it
    Object.assign(layer.options, { chunk: 2.5 });
    const net = new Sequential(layer, new Readout(5, 2));
    engine.bind(net);
    const tape = engine.tape();
    const y = net.forward(tape.input(new Float32Array(12), { shape: [4, 1, 3] }));
    crossEntropy(y, [1]).loss.backward();
    await assertThrows(() => new SGD().step(tape), /chunk: must be a whole number of steps above 0, got 2.5/);
    const good = ahpNet(small);
    engine.bind(good);
    const { tape: next, loss } = record(engine, good, small, 1);
    await new SGD().step(next);
    assert(Number.isFinite(await loss.value()), 'the next step runs');
  }),
);

// Submits. A step is one submit unless it is estimated to run for long.

const storage = (name: string, numbers: number): Storage => ({
  name,
  form: 'f32',
  shape: [numbers],
  role: 'transient',
});

const copy = (from: Storage, to: Storage, work?: number): Call => ({
  kernel: addKernel,
  variant: { constants: { HAS_B: false } },
  label: `copy ${to.name}`,
  dims: { count: 1, source: 0, offset: 0, row: 64 },
  buffers: { a: from, b: null, result: to },
  groups: [1, 1, 1],
  work,
});

const stepOf = (calls: Call[], input?: Storage, kept: Storage[] = []): Step => ({
  calls,
  inputs: new Map(input ? [[0, input]] : []),
  kept: new Set(kept),
  reports: [],
  clear: [],
});

gpuCase('a step goes in several submits only above the budget, with the same result', ({ gpu }) =>
  withEngine(
    gpu,
    async (_, device) => {
      const input: Storage = { name: 'x', form: 'f32', shape: [4], role: 'input' };
      const chain = Array.from({ length: 6 }, (_, i) => storage(`copy ${i}`, 4));
      for (const { work, submits } of [
        { work: undefined, submits: 1 },
        { work: 6e8, submits: 1 },
        { work: 2.5e9, submits: 3 },
        { work: 9e9, submits: 6 },
      ]) {
        const calls = chain.map((to, i) => copy(chain[i - 1] ?? input, to, work));
        const executable = await device.compile(stepOf(calls, input, [chain.at(-1)!]));
        const before = device.counters.submits;
        await executable.run({ data: new Map([[0, Float32Array.of(1, 2, 3, submits)]]), slots: [], seed: 0, step: 0 });
        assertEqual(device.counters.submits - before, submits, `submits of six calls of ${work} operations`);
        assertEqual(
          Array.from((await executable.read(chain.at(-1)!)).words as Float32Array),
          [1, 2, 3, submits],
          'the result',
        );
        executable.dispose();
      }
      assertEqual(device.report().liveBuffers, 0, 'live buffers after disposal');
    },
    { budget: 1e9 },
  ),
);

gpuCase('more numbers that vary than a step has room for are refused', ({ gpu }) =>
  withEngine(gpu, async (_, device) => {
    const executable = await device.compile(stepOf([]));
    const slots = new Float32Array(257);
    await assertThrows(
      () => executable.run({ data: new Map(), slots, seed: 0, step: 0 }),
      /room for 256 numbers that vary, this one has 257/,
    );
    assert(new Engine(device).memory().liveBytes > 0, 'memory is counted');
  }),
);

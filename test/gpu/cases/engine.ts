import { Adam, crossEntropy, type Engine, type GpuDevice, LIF, Readout, Sequential, type Tape } from 'spiketape';
import { assert, assertEqual } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, type Form, record, small, spikes, withEngine } from './engine-support/nets.ts';

// A step is recorded once and replayed; its memory is bounded.

gpuCase('from the second step of one form on nothing is created and everything is one submit', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const net = ahpNet(small);
    engine.bind(net);
    const optimizer = new Adam();
    const tape = await reported(engine, net, optimizer, 0);
    const first = { ...device.counters };
    assert(first.pipelines > 5 && first.buffers > 5, `the first step made ${show(first)}`);
    assertEqual(first.bindGroups, first.dispatches, 'a bind group each');

    const memory = device.report();
    const steps = 40;
    for (let i = 1; i <= steps; i++) {
      const before = device.counters.submits;
      await reported(engine, net, optimizer, i);
      assertEqual(device.counters.submits - before, 1, `submits of step ${i}`);
    }
    const reports = await tape.collect();
    assertEqual(reports.length, steps + 1, 'steps reported');
    const { buffers, bindGroups, pipelines, dispatches } = device.counters;
    assertEqual(
      { buffers, bindGroups, pipelines },
      { buffers: first.buffers, bindGroups: first.bindGroups, pipelines: first.pipelines },
    );
    assertEqual(dispatches, first.dispatches * (steps + 1), 'dispatches');
    assertEqual(device.report(), memory, 'memory');
  }),
);

gpuCase('a thousand training steps leave memory as it was after the second', async ({ gpu }) => {
  const tiny: Form = { T: 4, B: 2, inputs: 3, N: 5, classes: 2 };
  await withEngine(gpu, async (engine, device) => {
    const net = ahpNet(tiny);
    engine.bind(net);
    const optimizer = new Adam({ lr: 1e-3 });
    let memory = device.report();
    for (let i = 0; i < 1000; i++) {
      const { tape, loss } = record(engine, net, tiny, i);
      await optimizer.step(tape);
      if (i % 100 === 1) assert(Number.isFinite(await loss.value()), 'the loss is finite');
      if (i === 1) memory = device.report();
    }
    assertEqual(device.report(), memory, 'memory after 1000 steps');
    assert(memory.liveBytes > 0 && memory.liveBuffers > 0, `memory is counted: ${JSON.stringify(memory)}`);
  });
});

gpuCase('a smaller last batch is a step of its own, and is kept', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const net = ahpNet(small);
    engine.bind(net);
    const optimizer = new Adam();
    const epoch = async (): Promise<void> => {
      for (const B of [4, 4, 4, 3]) await optimizer.step(record(engine, net, { ...small, B }, B).tape);
    };
    await epoch();
    const first = { ...device.counters };
    for (let i = 0; i < 3; i++) await epoch();
    assertEqual(created(device), { buffers: first.buffers, bindGroups: first.bindGroups, pipelines: first.pipelines });
  }),
);

gpuCase('16 compiled steps are kept; the oldest is thrown away and its memory used again', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const tiny: Form = { T: 2, B: 1, inputs: 3, N: 4, classes: 2 };
    const net = ahpNet(tiny);
    engine.bind(net);
    const optimizer = new Adam();
    const live: number[] = [];
    const cycle = async (): Promise<void> => {
      for (let T = 1; T <= 40; T++) {
        await optimizer.step(record(engine, net, { ...tiny, T }, T).tape);
        live.push(device.report().liveBuffers);
      }
    };
    await cycle();
    // forms differ by a few buffers, according to what fits into what
    assert(live[39]! < 1.1 * live[15]!, `live buffers: ${live[15]} after 16 forms, ${live[39]} after 40`);
    assert(live[15]! > 8 * live[0]!, `live buffers: ${live[0]} after one form, ${live[15]} after 16`);
    // the first cycle began with nothing to throw away
    await cycle();
    const memory = device.report();
    const made = device.counters.buffers;
    await cycle();
    assertEqual(device.report(), memory, 'memory after another 40 forms');
    assertEqual(device.counters.buffers, made, 'buffers made by another 40 forms');

    // the one used last is still there, the one unused for longest is not
    const bindGroups = device.counters.bindGroups;
    await optimizer.step(record(engine, net, { ...tiny, T: 25 }, 1).tape);
    assertEqual(device.counters.bindGroups, bindGroups, 'bind groups after a step that is kept');
    await optimizer.step(record(engine, net, { ...tiny, T: 24 }, 1).tape);
    assert(device.counters.bindGroups > bindGroups, 'a step that was thrown away is compiled again');
  }),
);

gpuCase('a step that was thrown away gives its reports, and says that the rest is gone', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const net = ahpNet(small);
    engine.bind(net);
    const optimizer = new Adam();
    const first = record(engine, net, small, 0);
    const reported = first.loss.terms[0]!.term.tensor;
    first.tape.report(reported);
    await optimizer.step(first.tape);
    const expected = await reported.read();
    for (let T = 10; T < 30; T++) await optimizer.step(record(engine, net, { ...small, T }, T).tape);
    const [[collected] = []] = await first.tape.collect();
    assertEqual(collected, expected, 'the report of the step that was thrown away');
    const error = await reported.read().then(
      () => null,
      (e: Error) => e,
    );
    assert(error && /thrown away/.test(error.message), `reading it gave ${error?.message ?? 'numbers'}`);
  }),
);

gpuCase('unbinding a net gives its memory back, and binding another one uses it', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const use = async (): Promise<void> => {
      const net = ahpNet(small);
      engine.bind(net);
      const optimizer = new Adam();
      await optimizer.step(record(engine, net, small, 0).tape);
      await engine.pull(net);
      engine.unbind(net);
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    await use();
    const memory = device.report();
    assertEqual(memory.liveBuffers, 0, 'live buffers after unbinding');
    for (let i = 0; i < 5; i++) await use();
    assertEqual(device.report(), memory, 'memory after binding five more');
  }),
);

gpuCase(
  'trains in a page, in a worker and in Node',
  ({ gpu }) =>
    withEngine(gpu, async (engine) => {
      const net = ahpNet(small);
      engine.bind(net);
      const optimizer = new Adam({ lr: 0.05 });
      const values: number[] = [];
      for (let i = 0; i < 20; i++) {
        const { tape, loss } = record(engine, net, small, 3);
        await optimizer.step(tape);
        values.push(await loss.value());
      }
      assert(values.at(-1)! < 0.7 * values[0]!, `the loss went from ${values[0]} to ${values.at(-1)}`);
    }),
  { worker: true },
);

gpuCase('the gradient of a current that the loss does not depend on reads as 0', ({ gpu }) =>
  withEngine(gpu, async (engine) => {
    const [used, unused] = [new Readout(5, 2), new LIF(5, 9)];
    engine.bind(new Sequential(unused, new Readout(9, 5), used));
    const tape = engine.tape();
    const x = tape.input(spikes(3 * 2 * 5, 1), { shape: [3, 2, 5], form: 'bits' });
    const gradient = unused.run(x).currentGradient.keep();
    crossEntropy(used.forward(x), [0, 1]).loss.backward();
    await tape.run();
    assertEqual(await gradient.read(), new Float32Array(3 * 2 * 9), 'gradient');
  }),
);

async function reported(engine: Engine, net: Sequential, optimizer: Adam, seed: number): Promise<Tape> {
  const { tape, loss } = record(engine, net, small, seed);
  tape.report(loss.terms[0]!.term.tensor);
  await optimizer.step(tape);
  return tape;
}

const created = ({ counters: { buffers, bindGroups, pipelines } }: GpuDevice) => ({ buffers, bindGroups, pipelines });
const show = (value: object): string => JSON.stringify(value);

import { Adam, type Engine, type GpuDevice } from 'spiketape';
import { assert, assertEqual, assertThrows } from '../harness/assert.ts';
import { gpuCase } from '../harness/case.ts';
import { ahpNet, record, small, weightsOf, withEngine } from './engine-support/nets.ts';

// A lost device ends every pending promise with an error that says so; parameters on the CPU stay.

/** Ends when the promise does, in 10 s at most: what hangs must fail here, under its own name. */
async function mustReject(promise: Promise<unknown>, what: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} is still pending 10 s after the device was lost`)), 10_000);
  });
  try {
    await assertThrows(() => Promise.race([promise, late]), /the GPU device was lost \(destroyed\)/);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function trained(engine: Engine) {
  const net = ahpNet(small);
  engine.bind(net);
  const optimizer = new Adam();
  for (let i = 0; i < 3; i++) await optimizer.step(record(engine, net, small, i).tape);
  await engine.pull(net);
  return { net, optimizer, weights: weightsOf(net) };
}

/** Steps until the device notices; a few may still be taken, since a step does not wait for the device. */
async function stepUntilItFails(
  engine: Engine,
  device: GpuDevice,
  { net, optimizer }: Awaited<ReturnType<typeof trained>>,
): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await optimizer.step(record(engine, net, small, i).tape);
    if (i === 3) device.device.destroy();
  }
}

gpuCase('a device lost during training ends the step that waits for it', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const run = await trained(engine);
    await mustReject(stepUntilItFails(engine, device, run), 'optimizer.step');
    await mustReject(engine.pull(run.net), 'engine.pull');
    assertEqual(weightsOf(run.net), run.weights, 'the weights on the CPU');
  }),
);

gpuCase('a device lost while values are on their way ends read, collect, pull and value', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const { net, optimizer, weights } = await trained(engine);
    const { tape, loss } = record(engine, net, small, 5);
    const tensor = loss.terms[0]!.term.tensor;
    tape.report(tensor);
    await optimizer.step(tape);
    const pending = { read: tensor.read(), value: loss.value(), collect: tape.collect(), pull: engine.pull(net) };
    const settled = Object.entries(pending).map(([what, promise]) => mustReject(promise, what));
    device.device.destroy();
    await Promise.all(settled);
    assertEqual(weightsOf(net), weights, 'the weights on the CPU');
  }),
);

gpuCase('a device lost while a step is compiled ends the step', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const net = ahpNet({ ...small, N: 12 });
    const weights = weightsOf(net);
    engine.bind(net);
    const step = mustReject(new Adam().step(record(engine, net, { ...small, N: 12 }, 0).tape), 'the first step');
    device.device.destroy();
    await step;
    assertEqual(weightsOf(net), weights, 'the weights on the CPU');
  }),
);

gpuCase('whatever is asked of a lost device says that it is lost', ({ gpu }) =>
  withEngine(gpu, async (engine, device) => {
    const { net, optimizer, weights } = await trained(engine);
    const { tape, loss } = record(engine, net, small, 5);
    tape.report(loss.terms[0]!.term.tensor);
    await optimizer.step(tape);
    device.device.destroy();
    await device.device.lost;
    await mustReject(loss.value(), 'value');
    await mustReject(tape.collect(), 'collect');
    await mustReject(engine.pull(net), 'pull');
    await mustReject(optimizer.step(record(engine, net, small, 6).tape), 'a step of a form that was compiled');
    await mustReject(optimizer.step(record(engine, net, { ...small, T: 9 }, 6).tape), 'a step of a new form');
    assertEqual(weightsOf(net), weights, 'the weights on the CPU');
  }),
);

gpuCase('a net goes on on another device where it was last pulled', async ({ gpu }) => {
  const { net, weights } = await withEngine(gpu, (engine) => trained(engine));
  await withEngine(gpu, async (engine) => {
    engine.bind(net);
    await engine.pull(net);
    assertEqual(weightsOf(net), weights, 'the weights on the second device');
    const { tape, loss } = record(engine, net, small, 9);
    await new Adam().step(tape);
    assert(Number.isFinite(await loss.value()), 'the loss is finite');
  });
});

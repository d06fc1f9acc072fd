import { expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Dataset, evaluate, LIF, loss, Readout, Sequential } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Batches follow each other without waiting until the one before has been read.

const [steps, inputs, count, batchSize] = [4, 3, 12, 3];
const set = new Dataset({
  steps,
  inputs,
  values: Float32Array.from({ length: count * steps * inputs }, (_, i) => Math.sin(7 * i) * 3),
  labels: Array.from({ length: count }, (_, i) => i % 2),
});
const net = new Sequential(new LIF(inputs, 5), new Readout(5, 2)).initialize(1);

/** A device on which what a batch reported arrives only after the next batch has run. */
function late(batches: number, broken = false): ReferenceDevice {
  const device = new ReferenceDevice();
  const compile = device.compile.bind(device);
  const waiting: (() => void)[] = [];
  let runs = 0;
  device.compile = async (step) => {
    const executable = await compile(step);
    const [run, collect] = [executable.run.bind(executable), executable.collect.bind(executable)];
    executable.run = async (given) => {
      await run(given);
      runs++;
      for (const resolve of waiting.splice(0)) resolve();
    };
    executable.collect = async () => {
      const all = await collect();
      if (runs < batches) await new Promise<void>((resolve) => waiting.push(resolve));
      if (broken) throw new Error('lost on the way');
      return all;
    };
    return executable;
  };
  return device;
}

it('scores as it does batch by batch, in the order of the data', async () => {
  const score = (device: ReferenceDevice) => {
    const engine = new Engine(device);
    engine.bind(net);
    return evaluate(engine, net, set, { loss: loss.ceMean(), batchSize });
  };
  const expected = await score(new ReferenceDevice());
  expect(expected.labels).toEqual(set.source.labels);
  expect(await score(late(count / batchSize))).toEqual(expected);
});

it('ends with what went wrong while reading', async () => {
  const engine = new Engine(late(count / batchSize, true));
  engine.bind(net);
  await expect(evaluate(engine, net, set, { loss: loss.ceMean(), batchSize })).rejects.toThrow('lost on the way');
});

import { expect, it } from 'vitest';
import {
  Adam,
  type Batch,
  type BatchSource,
  Dataset,
  Engine,
  evaluate,
  fit as fitNet,
  LIF,
  Linear,
  loss,
  Readout,
  Sequential,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Batches that come from elsewhere, and later.

const [count, T, K] = [10, 5, 3];
const set = new Dataset({
  steps: T,
  inputs: K,
  values: Float32Array.from({ length: count * T * K }, (_, i) => Math.sin(1.7 * i) * 2),
  labels: Array.from({ length: count }, (_, i) => i % 2),
});
const sizes = { count, steps: T, inputs: K, form: 'f32' as const };

const train = async (source: BatchSource, validation: BatchSource = set) => {
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(new LIF(K, 5, { weightGain: 2 }), new Readout(5, 2)).initialize(1);
  const { epochs } = await fitNet(engine, net, source, {
    loss: loss.ceMean(),
    optimizer: new Adam({ lr: 0.05 }),
    epochs: 2,
    batchSize: 4,
    validation,
  });
  return {
    weights: net.parameters().map((p) => [...p.data]),
    epochs: epochs.map(({ seconds: _, ...e }) => e),
    scored: await evaluate(engine, net, validation, { loss: loss.ceMean(), batchSize: 3 }),
  };
};

it('may be promised: training and evaluation are those of the data set', async () => {
  const late = (which: ArrayLike<number>): Promise<Batch> =>
    new Promise((resolve) => setTimeout(() => resolve(set.batch(which)), 1));
  const source = { ...sizes, batch: late };
  expect(await train(source, source)).toEqual(await train(set));
});

it('are asked for one ahead, and no further', async () => {
  const events: string[] = [];
  const device = new ReferenceDevice();
  const compile = device.compile.bind(device);
  device.compile = async (step) => {
    const executable = await compile(step);
    const run = executable.run.bind(executable);
    executable.run = async (inputs) => {
      events.push('step');
      await run(inputs);
    };
    return executable;
  };
  const source = {
    ...sizes,
    batch: (which: ArrayLike<number>) => {
      events.push('asked');
      return Promise.resolve(set.batch(which));
    },
  };
  await fitNet(new Engine(device), new Sequential(new Linear(K, 2)), source, {
    loss: loss.ceMean(),
    optimizer: new Adam(),
    epochs: 2,
    batchSize: 4,
  });
  const epoch = ['asked', 'asked', 'step', 'asked', 'step', 'step'];
  expect(events).toEqual([...epoch, ...epoch]);
});

it('end training with the name of the batch that cannot be had', async () => {
  let asked = 0;
  const cause = new Error('clip.wav: byte 44: no samples');
  const source = {
    ...sizes,
    batch: async (which: ArrayLike<number>) => {
      if (++asked === 5) throw cause;
      return set.batch(which);
    },
  };
  const failing = train(source);
  await expect(failing).rejects.toThrow('fit: batch 2 of 3: clip.wav: byte 44: no samples');
  await expect(failing).rejects.toMatchObject({ cause });
  asked = 0;
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(new Linear(K, 2));
  engine.bind(net);
  const scoring = evaluate(engine, net, source, { loss: loss.ceMean(), batchSize: 2 });
  await expect(scoring).rejects.toThrow('evaluate: batch 5 of 5: clip.wav');
});

it('may have targets at every step, cut with the sequences', async () => {
  const targets = { shape: [T, 2], values: Float32Array.from({ length: count * T * 2 }, (_, i) => Math.cos(i)) };
  const { labels: _, ...source } = set.source;
  const numbers = new Dataset({ ...source, targets });
  const trained = async (from: BatchSource) => {
    const net = new Sequential(new Linear(K, 2), new Readout(2)).initialize(1);
    await fitNet(new Engine(new ReferenceDevice()), net, from, {
      loss: loss.squaredError({ targets: 'values' }),
      optimizer: new Adam({ lr: 0.05 }),
      epochs: 1,
      batchSize: 4,
      truncate: { steps: 2, loss: 'each' },
    });
    return net.parameters().map((p) => [...p.data]);
  };
  expect(await trained({ ...sizes, batch: async (which) => numbers.batch(which) })).toEqual(await trained(numbers));
});

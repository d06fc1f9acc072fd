import { describe, expect, it } from 'vitest';
import { Adam, AHP, Dataset, Engine, Linear, loss, Readout, Sequential, SGD, fit as train } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Training on the float64 reference: what `fit`, the optimisers and the tape promise, without a GPU.

const answer = loss.crossEntropy();

const waves = (count: number, steps = 6, inputs = 3): Dataset =>
  new Dataset({
    steps,
    inputs,
    values: Float32Array.from({ length: count * steps * inputs }, (_, i) => Math.sin(1.7 * i) * 2),
    labels: Array.from({ length: count }, (_, i) => i % 2),
  });

const spiking = (): Sequential => new Sequential(new AHP(3, 8, { recurrent: true }), new Readout(8, 2));
const weights = (net: Sequential): Float32Array => Float32Array.from(net.parameters().flatMap((p) => [...p.data]));

describe('fit', () => {
  it('counts every sample once, with a smaller last batch and in a net without neurons', async () => {
    const seen: number[] = [];
    for (const net of [spiking(), new Sequential(new Linear(3, 2))]) {
      await train(new Engine(new ReferenceDevice()), net, waves(25), {
        loss: answer,
        optimizer: new SGD({ lr: 0.01 }),
        epochs: 2,
        batchSize: 10,
        onEpoch: (e) => {
          seen.push(e.samples);
        },
      });
    }
    expect(seen).toEqual([25, 25, 25, 25]);
  });

  it('keeps the epoch when it is stopped while that is scored', async () => {
    const stop = new AbortController();
    const result = await train(new Engine(new ReferenceDevice()), spiking(), waves(4), {
      loss: answer,
      optimizer: new Adam(),
      epochs: 3,
      batchSize: 2,
      // the user stops at the first batch of the validation set, which has more
      validation: new Proxy(waves(130), {
        get: (target, name) => {
          if (name === 'batch') stop.abort();
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
      signal: stop.signal,
    });
    expect(result.aborted).toBe(true);
    expect(result.epochs).toHaveLength(1);
    expect(result.epochs[0]?.validation).toBeNull();
  });

  it.each([
    ['a learning rate', { schedule: () => Number.NaN }, /must be finite, got NaN/],
    ['a batch size', { batchSize: 9 }, /batchSize 9 is larger than the data set of 4/],
    ['an option', { regularisers: [] }, /fit: there is no option 'regularisers'; did you mean 'regularizers'/],
    ['a number of epochs', { epochs: 0 }, /epochs must be a whole number above 0, got 0/],
  ])('refuses %s that cannot be', async (_, wrong, message) => {
    const options = { loss: answer, optimizer: new Adam(), epochs: 1, batchSize: 2, ...wrong };
    await expect(train(new Engine(new ReferenceDevice()), spiking(), waves(4), options)).rejects.toThrow(message);
  });

  it('refuses a weight that is not a number, by name', async () => {
    const net = spiking();
    net.parameters().find((p) => p.name === '0.recurrent.weight')!.data[3] = Number.NaN;
    const options = { loss: answer, optimizer: new Adam(), epochs: 1, batchSize: 2 };
    const training = train(new Engine(new ReferenceDevice()), net, waves(4), options);
    await expect(training).rejects.toThrow(/'0\.recurrent\.weight' has NaN at 3/);
  });
});

describe('optimisers', () => {
  const oneStep = async (engine: Engine, net: Sequential, optimizer: Adam | SGD): Promise<void> => {
    const { values, shape, labels } = waves(4).batch([0, 1, 2, 3]);
    const tape = engine.tape();
    answer(net.forward(tape.input(values, { shape })), labels).loss.backward();
    await optimizer.step(tape);
    await engine.pull(net);
  };

  it('own their moments: a new one starts from none', async () => {
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new Linear(3, 2));
    engine.bind(net);
    const first = new Adam({ lr: 0.01 });
    for (let i = 0; i < 10; i++) await oneStep(engine, net, first);
    const before = weights(net);
    await oneStep(engine, net, new Adam({ lr: 0.01 }));
    // Adam's first step is lr in every direction that has a gradient
    const changes = weights(net).map((x, i) => Math.abs(x - before[i]!));
    expect(Math.max(...changes)).toBeCloseTo(0.01, 5);
  });

  it('update layer by layer to the same numbers', async () => {
    const results = [];
    for (const layerwise of [false, true]) {
      const engine = new Engine(new ReferenceDevice());
      const net = spiking();
      engine.bind(net);
      const optimizer = new SGD({ lr: 0.1, momentum: 0.9, layerwise });
      for (let i = 0; i < 3; i++) await oneStep(engine, net, optimizer);
      results.push(weights(net));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]).not.toEqual(weights(spiking()));
  });
});

describe('steps of one form', () => {
  it('may overlap: what the second overwrote is refused, not given', async () => {
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new Linear(3, 2));
    engine.bind(net);
    const record = (x: number) => {
      const tape = engine.tape();
      const y = net.forward(tape.input([x, 1, 1], { shape: [1, 1, 3] })).keep();
      return { tape, y };
    };
    const [a, b] = [record(1), record(2)];
    await Promise.all([a.tape.run(), b.tape.run()]);
    await expect(a.y.read()).rejects.toThrow(/overwritten by a later step/);
    expect(await b.y.read()).toHaveLength(2);
    await expect(a.tape.run()).rejects.toThrow(/has run already/);
  });
});

describe('Sequential', () => {
  it('keeps the weights of a layer that comes from another net', () => {
    const trained = spiking().initialize(5);
    const before = [...trained.layers[0]!.params.weight!.data];
    const next = new Sequential(trained.layers[0]!, new Readout(8, 5));
    expect([...next.layers[0]!.params.weight!.data]).toEqual(before);
  });
});

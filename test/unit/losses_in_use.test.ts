import { describe, expect, it } from 'vitest';
import {
  add,
  Dataset,
  Engine,
  evaluate,
  LIF,
  Linear,
  loss,
  Readout,
  regularize,
  Sequential,
  SGD,
  fit as train,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Losses in training, with labels and with targets, and what they refuse.

describe('training', () => {
  const values = Float32Array.from({ length: 3 * 4 * 2 }, (_, i) => Math.sin(2.3 * i) * 2);
  const net = (): Sequential => new Sequential(new LIF(2, 6, { weightGain: 2 }), new Readout(6, 2));

  it('with targets: neither labels nor an accuracy, and the loss falls', async () => {
    const engine = new Engine(new ReferenceDevice());
    const targets = { shape: [4, 2], values: Float32Array.from({ length: 3 * 4 * 2 }, (_, i) => Math.cos(i)) };
    const set = new Dataset({ steps: 4, inputs: 2, values, targets, lengths: [4, 3, 4] });
    const lossOf = loss.mseMembrane({ targets: 'values' });
    const model = net();
    const options = { loss: lossOf, optimizer: new SGD({ lr: 0.05 }), epochs: 8, batchSize: 2, validation: set };
    const { epochs } = await train(engine, model, set, options);
    const [first, last] = [epochs[0]!, epochs.at(-1)!];
    expect(last.validation!.loss).toBeLessThan(first.validation!.loss);
    expect(last.samples).toBe(3);
    expect(last.accuracy).toBeNaN();
    expect(last.validation!.accuracy).toBeNaN();
    expect(last.validation!.predictions).toEqual([]);
    await expect(evaluate(engine, model, set, { loss: loss.crossEntropy() })).rejects.toThrow(
      'the loss needs labels, and the data has none',
    );
  });

  it('sees targets in the order of the batch, time-major, also those of a subset', () => {
    const targets = { shape: [2, 2], values: [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23] };
    const set = new Dataset({ steps: 2, inputs: 1, values: new Float32Array(6), targets });
    expect([...set.batch([2, 0]).targets!]).toEqual([20, 21, 0, 1, 22, 23, 2, 3]);
    expect([...set.subset([1, 2]).batch([1]).targets!]).toEqual([20, 21, 22, 23]);
    const perSample = new Dataset({ steps: 2, inputs: 1, values: [0, 0], targets: { shape: [3], values: [7, 8, 9] } });
    expect([...perSample.batch([0]).targets!]).toEqual([7, 8, 9]);
    expect(() => new Dataset({ steps: 2, inputs: 1, values: [0, 0], targets: { shape: [3, 1], values: [1] } })).toThrow(
      'Dataset: targets must have the shape [outputs] or [2, outputs], got [3, 1]',
    );
    expect(() => new Dataset({ steps: 2, inputs: 1, values: [0, 0] })).toThrow('Dataset: needs labels or targets');
  });

  it('with a mask of each sample: in the data set, in the order of the batch, and of a subset', async () => {
    const mask = [1, 0, 2, 0, 0, 0, 1, 1, 0.5, 0, 0, 1];
    const set = new Dataset({ steps: 4, inputs: 2, values, labels: [0, 1, 0], mask });
    expect([...set.batch([2, 0]).mask!]).toEqual([0.5, 1, 0, 0, 0, 2, 1, 0]);
    expect([...set.subset([1]).batch([0]).mask!]).toEqual([0, 0, 1, 1]);
    const engine = new Engine(new ReferenceDevice());
    const model = net();
    engine.bind(model);
    const timeMajor = Array.from({ length: 12 }, (_, i) => mask[(i % 3) * 4 + Math.floor(i / 3)]!);
    const given = await evaluate(engine, model, set, { loss: loss.ceRate() });
    const { mask: _, ...plain } = set.source;
    const inLoss = await evaluate(engine, model, new Dataset(plain), { loss: loss.ceRate({ mask: timeMajor }) });
    expect(given.loss).toBe(inLoss.loss);
    expect(given.loss).not.toBe((await evaluate(engine, model, new Dataset(plain), { loss: loss.ceRate() })).loss);
    // both: their product
    const both = await evaluate(engine, model, set, { loss: loss.ceRate({ mask: [1, 1, 0, 0] }) });
    const product = timeMajor.map((w, i) => (i < 6 ? w : 0));
    expect(both.loss).toBe(
      (await evaluate(engine, model, new Dataset(plain), { loss: loss.ceRate({ mask: product }) })).loss,
    );
  });

  it('shows the loss with every regulariser in it', async () => {
    const losses = [];
    for (const regularizers of [[], [regularize.l2({ weight: 0.5 }), regularize.rate({ target: 1, weight: 2 })]]) {
      const set = new Dataset({ steps: 4, inputs: 2, values, labels: [0, 1, 0] });
      const model = net();
      const squares = model.parameters().filter((p) => p.shape.length > 1);
      const norm = squares.reduce((sum, p) => sum + p.data.reduce((a, w) => a + w * w, 0), 0);
      const options = { loss: loss.ceRate(), optimizer: new SGD({ lr: 0 }), epochs: 1, batchSize: 3, regularizers };
      const { epochs } = await train(new Engine(new ReferenceDevice()), model, set, options);
      losses.push(epochs[0]!.loss - (regularizers.length ? 0.5 * norm : 0));
    }
    const [without, withRates] = losses as [number, number];
    // six neurons, of which each misses its target by at most 1
    expect(withRates - without).toBeGreaterThan(0.1);
    expect(withRates - without).toBeLessThanOrEqual(12);
  });
});

it('losses go by the names of snnTorch as well', async () => {
  const tape = new Engine(new ReferenceDevice()).tape({ training: false });
  const o = tape.input([0, 1, 2, 0, 1, 1], { shape: [3, 1, 2] });
  const pairs = (['ce_rate', 'ce_count', 'ce_max_membrane', 'mse_count', 'mse_membrane'] as const).map(
    (name) => [loss.named(name)(o, [1]).loss.prepare(), loss.named(`${name}_loss`)(o, [1]).loss.prepare()] as const,
  );
  await tape.run();
  for (const [own, theirs] of pairs) expect(await theirs.value()).toBe(await own.value());
});

it('a maximum does not hide a voltage that is no number', async () => {
  const engine = new Engine(new ReferenceDevice());
  const model = new Sequential(new Linear(2, 1, { bias: false }));
  model.parameters()[0]!.data.fill(1);
  engine.bind(model);
  const tape = engine.tape({ training: false });
  let x = tape.input([1, -1, 3e38, -3e38], { shape: [2, 1, 2] });
  // until the second step is infinite in float64: inf - inf
  for (let i = 0; i < 900; i++) x = add(x, x);
  const { loss: total } = loss.ceMaxMembrane()(model.forward(x), [0]);
  total.prepare();
  await tape.run();
  await expect(total.value()).rejects.toThrow('loss: the value is NaN');
});

describe('refuses, naming the argument', () => {
  it.each<[string, () => unknown, string]>([
    ['a smoothing of 1', () => loss.ceRate({ smoothing: 1 }), 'crossEntropy: smoothing must be in [0, 1), got 1'],
    ['a smoothing below 0', () => loss.ceRate({ smoothing: -0.1 }), 'smoothing must be in [0, 1), got -0.1'],
    [
      'a negative class weight',
      () => loss.crossEntropy({ classWeights: [1, -1] }),
      'crossEntropy: classWeights[1] must be finite and not below 0, got -1',
    ],
    [
      'class weights that are all 0',
      () => loss.mseCount({ classWeights: [0, 0] }),
      'squaredError: classWeights must have a weight above 0',
    ],
    ['a mask of zeros', () => loss.vanRossum({ mask: [0, 0] }), 'vanRossum: mask must have a weight above 0'],
    [
      'a mask with NaN',
      () => loss.ceMean({ mask: [1, Number.NaN] }),
      'mask[1] must be finite and not below 0, got NaN',
    ],
    ['a time constant of 0', () => loss.vanRossum({ tau: 0 }), 'vanRossum: tau must be above 0, got 0'],
    [
      'an unknown option',
      () => loss.crossEntropy({ smoothin: 0.1 } as object),
      "crossEntropy: there is no option 'smoothin'; did you mean 'smoothing'?",
    ],
    [
      'an unknown time',
      () => loss.crossEntropy({ at: 'lats' as 'last' }),
      "crossEntropy: at is 'lats'; did you mean 'last'?",
    ],
    [
      'an unknown name',
      () => loss.named('ce_cuont' as 'ce_count'),
      "loss: there is no 'ce_cuont'; did you mean 'ce_count'?",
    ],
    [
      'another time than that of its name',
      () => loss.ceCount({ at: 'mean' } as object),
      'loss: this one is judged at "sum"; leave out at',
    ],
    [
      'a mask of the data set of another length',
      () => new Dataset({ steps: 2, inputs: 1, values: [0, 0], labels: [0], mask: [1] }),
      'Dataset: mask must have 1 x 2 entries (sequences x steps), got 1',
    ],
    [
      'a mask of the data set below 0',
      () => new Dataset({ steps: 2, inputs: 1, values: [0, 0], labels: [0], mask: [1, -1] }),
      'Dataset: mask[1] must be finite and not below 0, got -1',
    ],
    [
      'an unknown part of a data set',
      () => new Dataset({ steps: 1, inputs: 1, values: [0], labels: [0], length: [1] } as never),
      "Dataset: there is no option 'length'; did you mean 'lengths'?",
    ],
    [
      'an unknown form',
      () => new Dataset({ steps: 1, inputs: 1, values: [0], labels: [0], form: 'bit' as 'bits' }),
      "Dataset: form must be 'f32', 'bits' or 'bytes', got 'bit'",
    ],
    [
      'half a sequence of targets',
      () =>
        new Dataset({
          steps: 2,
          inputs: 1,
          values: new Float32Array(5),
          targets: { shape: [2], values: [1, 2, 3, 4, 5] },
        }),
      'Dataset: targets must have 3 x 2 = 6 values, got 5',
    ],
    [
      'a sequence that is not there',
      () => new Dataset({ steps: 1, inputs: 1, values: [0], labels: [0] }).batch([1]),
      'Dataset.batch: 1 is outside 0..0',
    ],
    ['an unknown kind of target', () => loss.mseCount({ targets: 'value' as 'values' }), "did you mean 'values'?"],
    [
      'rates beside given values',
      () => loss.mseCount({ targets: 'values', correct: 1 }),
      "squaredError: correct is for labels; leave it out with targets: 'values'",
    ],
    ['a rate that is no number', () => loss.mseCount({ correct: Number.NaN }), 'correct must be finite, got NaN'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('what does not fit the outputs', () => {
    const tape = new Engine(new ReferenceDevice()).tape();
    const o = tape.input(new Float32Array(24), { shape: [4, 2, 3] });
    expect(() => loss.ceLast({ classWeights: [1, 1] })(o, [0, 1])).toThrow(
      'crossEntropy: classWeights must have one entry for each of 3 classes, got 2',
    );
    expect(() => loss.ceLast({ mask: [1, 1, 1] })(o, [0, 1])).toThrow(
      'crossEntropy: mask must have 4 entries (one a step) or 4 x 2 (steps x samples), got 3',
    );
    expect(() => loss.mseCount({ targets: 'values' })(o, [0, 1])).toThrow(
      'squaredError: targets must have 2 x 3 (samples x neurons) values, got 2',
    );
    expect(() => loss.mseMembrane({ targets: 'values' })(o, [0, 1])).toThrow(
      'squaredError: targets must have 2 x 3 (samples x neurons) or 4 x 2 x 3 (steps x samples x neurons) values, got 2',
    );
    expect(() => loss.vanRossum()(o, [0, 1])).toThrow(
      'vanRossum: targets must have 4 x 2 x 3 (steps x samples x neurons) values, got 2',
    );
    expect(() => loss.vanRossum()(o, new Float32Array(24).fill(0.5))).toThrow('expected a spike, 0 or 1');
    const wide = tape.input(new Float32Array(4001), { shape: [1, 1, 4001] });
    expect(() => loss.ceLast()(wide, [0])).toThrow('crossEntropy: outputs may have 4000 neurons here, got 4001');
  });
});

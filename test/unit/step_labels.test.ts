import { describe, expect, it } from 'vitest';
import { AHP, Dataset, Engine, evaluate, loss, Readout, Sequential, SGD, fit as train } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { Random } from '../support/random.ts';

// A label for each step: where it is in a batch, and what losses and windows make of it.

const [count, T, K, classes] = [5, 6, 3, 4];
const random = new Random('step labels');
const values = Float32Array.from(random.normals(count * T * K, 2));
const labels = Uint32Array.from({ length: count * T }, (_, i) => (i * 7 + Math.floor(i / 3)) % classes);
const set = new Dataset({ steps: T, inputs: K, values, labels });
const net = (): Sequential =>
  new Sequential(new AHP(K, 9, { recurrent: true, weightGain: 2 }), new Readout(9, classes, { tau: 3 })).initialize(2);
const each = loss.crossEntropy({ at: 'each step' });

describe('labels of steps', () => {
  it('are time-major in a batch, and go with their sequences into a subset', () => {
    expect(set.count).toBe(count);
    const expected = (which: number[]): number[] =>
      Array.from(
        { length: T * which.length },
        (_, i) => labels[which[i % which.length]! * T + Math.floor(i / which.length)]!,
      );
    expect([...set.batch([3, 0]).labels]).toEqual(expected([3, 0]));
    expect([...set.subset([4, 3, 0]).batch([1, 2]).labels]).toEqual(expected([3, 0]));
  });

  it('give the mean loss over steps, and the share of steps that are right', async () => {
    const engine = new Engine(new ReferenceDevice());
    const model = net();
    engine.bind(model);
    const batch = set.batch([0, 1, 2, 3, 4]);
    const tape = engine.tape({ training: false });
    const y = model.forward(tape.input(batch.values, { shape: batch.shape })).keep();
    await tape.run();
    const outputs = await y.read();
    let [sum, right] = [0, 0];
    for (let row = 0; row < T * count; row++) {
      const o = Array.from({ length: classes }, (_, c) => outputs[row * classes + c]!);
      const label = batch.labels[row]!;
      sum += Math.log(o.reduce((s, x) => s + Math.exp(x), 0)) - o[label]!;
      right += o.indexOf(Math.max(...o)) === label ? 1 : 0;
    }
    const scored = await evaluate(engine, model, set, { loss: each, batchSize: 2 });
    expect(scored.loss).toBeCloseTo(sum / (T * count), 6);
    expect(scored.accuracy).toBeCloseTo(right / (T * count), 6);
    expect(scored.labels).toEqual(Array.from({ length: count }, (_, b) => labels[b * T + T - 1]));
  });

  it('are cut with the windows of truncated backpropagation', async () => {
    const trained = async (data: Dataset, truncate: { steps: number; loss: 'each' } | undefined): Promise<number[]> => {
      const model = net();
      const options = { loss: each, optimizer: new SGD({ lr: 0.1 }), epochs: 1, batchSize: count };
      await train(new Engine(new ReferenceDevice()), model, data, { ...options, ...(truncate ? { truncate } : {}) });
      return model.parameters().flatMap((p) => [...p.data]);
    };
    // a window that holds the whole sequence changes nothing, one of half its steps does
    const whole = await trained(set, undefined);
    expect(await trained(set, { steps: T, loss: 'each' })).toEqual(whole);
    const halves = await trained(set, { steps: 3, loss: 'each' });
    expect(halves).not.toEqual(whole);
    // what the second half says must reach the weights
    const other = labels.map((l, i) => (i % T >= 3 ? (l + 1) % classes : l));
    const changed = new Dataset({ steps: T, inputs: K, values, labels: other });
    expect(await trained(changed, { steps: 3, loss: 'each' })).not.toEqual(halves);
  });

  it('are refused where they cannot be', async () => {
    const engine = new Engine(new ReferenceDevice());
    const model = net();
    const scored = (of: Parameters<typeof evaluate>[3]['loss']): Promise<unknown> =>
      evaluate(engine, model, set, { loss: of, batchSize: 5 });
    engine.bind(model);
    await expect(scored(loss.ceMean())).rejects.toThrow('crossEntropy: needs one label for each of 5 samples, got 30');
    await expect(scored(loss.crossEntropy({ at: 'each step', classWeights: [1, 1, 1, 2] }))).rejects.toThrow(
      'crossEntropy: classWeights go with one label a sample',
    );
    expect(() => new Dataset({ steps: T, inputs: K, values, labels: labels.map((l) => l).subarray(1) })).toThrow(
      /values must have/,
    );
  });
});

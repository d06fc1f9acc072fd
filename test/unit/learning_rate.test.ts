import { describe, expect, it } from 'vitest';
import {
  Adam,
  BatchNorm,
  Dataset,
  Engine,
  fit as fitNet,
  LIF,
  Linear,
  loss,
  Readout,
  Sequential,
  SGD,
} from '../../src/index.ts';
import { checkReport } from '../../src/report/check.ts';
import type { Report } from '../../src/report/types.ts';
import { findLearningRate, overSeeds, spreadOf, spreadText } from '../../src/runs/index.ts';
import { Float32Device } from '../support/float32_device.ts';

const [count, T, K] = [24, 6, 3];
const set = new Dataset({
  steps: T,
  inputs: K,
  values: Float32Array.from({ length: count * T * K }, (_, i) => Math.sin(1.7 * i) + (Math.floor(i / (T * K)) % 2)),
  labels: Array.from({ length: count }, (_, i) => i % 2),
});
const spiking = (): Sequential =>
  new Sequential(new Linear(K, 6), new BatchNorm(6), new LIF(6), new Readout(6, 2)).initialize(1);

describe('the learning rate range test', () => {
  it('raises the rate by the same factor until the loss explodes', async () => {
    const net = new Sequential(new Linear(K, 2)).initialize(1);
    const optimizer = new SGD({ lr: 0.5, groups: [{ params: /bias/, lr: 0.05 }] });
    const options = { loss: loss.mseMembrane(), optimizer, from: 1e-4, to: 1e4, steps: 80, batchSize: 8 };
    const { points, suggestion } = await findLearningRate(new Engine(new Float32Device()), net, set, options);
    expect(points[0]!.lr).toBeCloseTo(1e-4, 10);
    const factor = (1e4 / 1e-4) ** (1 / 79);
    points.slice(1).forEach((p, i) => {
      expect(p.lr / points[i]!.lr).toBeCloseTo(factor, 10);
    });
    expect(points.length).toBeLessThan(80);
    expect(points.at(-1)!.smoothed).toBeGreaterThan(4 * Math.min(...points.map((p) => p.smoothed)));
    // it lies where the loss falls: above what changes nothing, below what explodes
    expect(suggestion).toBeGreaterThan(1e-3);
    expect(suggestion).toBeLessThan(points.at(-1)!.lr / 4);
    expect(points[0]!.smoothed).toBe(points[0]!.loss);
  });

  it('is the step that an optimiser takes at that rate', async () => {
    const net = spiking();
    const options = { loss: loss.ceMean(), optimizer: new Adam(), from: 1e-2, to: 2e-2, steps: 2, batchSize: count };
    const { points } = await findLearningRate(new Engine(new Float32Device()), net, set, options);
    const trained = await fitNet(new Engine(new Float32Device()), net, set, {
      loss: loss.ceMean(),
      optimizer: new Adam({ lr: 1e-2 }),
      epochs: 2,
      batchSize: count,
    });
    points.forEach((p, i) => {
      expect(p.loss).toBeCloseTo(trained.epochs[i]!.loss, 5);
    });
  });

  it('leaves net and optimiser as they were, in the middle of a training too', async () => {
    const train = async (search: boolean): Promise<number[][]> => {
      const engine = new Engine(new Float32Device());
      const net = spiking();
      const optimizer = new Adam({ lr: 0.02, groups: [{ params: /0\.weight/, lr: 0.1 }] });
      const common = { loss: loss.ceMean(), optimizer, epochs: 1, batchSize: 8 };
      await fitNet(engine, net, set, common);
      if (search) {
        const before = net.parameters().map((p) => [...p.data]);
        await findLearningRate(engine, net, set, { loss: loss.ceMean(), optimizer, to: 10, steps: 30, batchSize: 8 });
        expect(net.parameters().map((p) => [...p.data])).toEqual(before);
        expect(optimizer.scale).toBe(1);
        expect(optimizer.lr).toBe(0.02);
      }
      await fitNet(engine, net, set, common);
      return net.parameters().map((p) => [...p.data]);
    };
    expect(await train(true)).toEqual(await train(false));
  });

  it('gives a curve that the report takes', async () => {
    const options = { loss: loss.ceMean(), optimizer: new Adam(), steps: 10, batchSize: 8 };
    const { curve, points } = await findLearningRate(new Engine(new Float32Device()), spiking(), set, options);
    expect(() => checkReport({ title: 'rates', subtitle: '', summary: [], curves: [curve] } as Report)).not.toThrow();
    expect(curve.series[0]!.points).toHaveLength(points.length);
    expect(curve.series[0]!.points[0]![0]).toBeCloseTo(-6, 10);
  });

  it.each([
    ['from', { from: 0 }, /0 < from < to, got 0 and 1/],
    ['to', { from: 2 }, /0 < from < to, got 2 and 1/],
    ['steps', { steps: 0 }, /steps must be a whole number above 0, got 0/],
    ['batchSize', { batchSize: 99 }, /batchSize 99 is larger than the data set of 24/],
    ['an optimiser', { optimizer: new SGD({ lr: 0 }) }, /lr must be above 0, got 0/],
    ['an option', { stepps: 1 } as object, /there is no option 'stepps'; did you mean 'steps'/],
  ])('refuses %s that cannot be', async (_, wrong, message) => {
    const options = { loss: loss.ceMean(), optimizer: new Adam(), batchSize: 8, ...wrong };
    await expect(findLearningRate(new Engine(new Float32Device()), spiking(), set, options)).rejects.toThrow(message);
  });
});

describe('several seeds', () => {
  it('gives mean, deviation and range of every number', async () => {
    const order: number[] = [];
    const results = await overSeeds([3, 1, 2], async (seed) => {
      order.push(seed);
      return { accuracy: 0.9 + seed / 100, epochs: 5, name: `run ${seed}`, odd: seed === 1 ? seed : null };
    });
    expect(order).toEqual([3, 1, 2]);
    expect(Object.keys(results.spread)).toEqual(['accuracy', 'epochs']);
    const { mean, deviation, smallest, largest, values } = results.spread.accuracy!;
    expect([mean, deviation, smallest, largest].map((x) => Number(x!.toFixed(9)))).toEqual([0.92, 0.01, 0.91, 0.93]);
    expect(values).toEqual([0.93, 0.91, 0.92]);
    expect(results.runs[1]).toEqual({ accuracy: 0.91, epochs: 5, name: 'run 1', odd: 1 });
  });

  it('as text', () => {
    const spread = spreadOf([0.968, 0.971, 0.974]);
    expect(spreadText(spread, { percent: true })).toBe('97.1 +- 0.3 % (3 seeds)');
    expect(spreadText(spread)).toBe('0.9710 +- 0.0030 (3 seeds)');
    expect(spreadText(spreadOf([97.1, 96.7, 97.5]), { digits: 1 })).toBe('97.1 +- 0.4 (3 seeds)');
    expect(spreadText(spreadOf([120, 180]))).toBe('150 +- 42 (2 seeds)');
    expect(spreadText(spreadOf([0.5]), { percent: true })).toBe('50.0 % (1 seed)');
    expect(spreadText(spreadOf([2, 2]))).toBe('2.0 +- 0.0 (2 seeds)');
    expect(spreadOf([4]).deviation).toBeNull();
  });

  it('refuses no seeds, and one twice', async () => {
    await expect(overSeeds([], () => ({}))).rejects.toThrow(/seeds must be numbers that differ, got \[\]/);
    await expect(overSeeds([1, 2, 1], () => ({}))).rejects.toThrow(/differ, got \[1, 2, 1\]/);
  });
});

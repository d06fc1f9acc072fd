import { describe, expect, it } from 'vitest';
import {
  BatchNorm,
  CarriedState,
  diagnose,
  Engine,
  Linear,
  loadModel,
  Sequential,
  saveModel,
  type Tensor,
  ThresholdBatchNorm,
} from '../../src/index.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import * as twins from '../../src/reference/norm.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { composed } from '../support/composed.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { Random } from '../support/random.ts';

// Batch normalisation over time and batch on the reference: values by hand, gradients against finite differences.

/** What a net of one layer gives for x [T, B, N]. */
async function run(
  layer: BatchNorm,
  x: readonly number[],
  [T, B]: readonly [number, number],
  options: { lengths?: number[]; training?: boolean; repeat?: number } = {},
): Promise<number[]> {
  const { lengths, training = true, repeat = 1 } = options;
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(layer);
  engine.bind(net);
  let y: Tensor;
  for (let i = 0; i < repeat; i++) {
    const tape = engine.tape({ training });
    y = net.forward(tape.input(x, { shape: [T, B, layer.inputs], ...(lengths ? { lengths } : {}) })).keep();
    await tape.run();
  }
  await engine.pull(net);
  return [...(await y!.read())];
}

const near = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(actual[i]).toBeCloseTo(e, 5);
  });
};

describe('batch normalisation', () => {
  it('takes mean and variance over time and batch, and moves the running ones', async () => {
    const layer = new BatchNorm(2, { eps: 1e-12, momentum: 0.25 });
    layer.params.weight!.data.set([2, 1]);
    layer.params.bias!.data.set([0, 10]);
    // neuron 0: 1, 3, 5, 7 (mean 4, variance 5); neuron 1: 0, 0, 4, 4 (mean 2, variance 4)
    const y = await run(layer, [1, 0, 3, 0, 5, 4, 7, 4], [2, 2]);
    const s = Math.sqrt(5);
    near(y, [-6 / s, 9, -2 / s, 9, 2 / s, 11, 6 / s, 11]);
    near(layer.params.running_mean!.data, [0.25 * 4, 0.25 * 2]);
    // with n - 1 = 3 in the denominator: 20/3 and 16/3
    near(layer.params.running_var!.data, [0.75 + (0.25 * 20) / 3, 0.75 + (0.25 * 16) / 3]);
  });

  it('does the same at every step of training, and uses the running statistics in inference', async () => {
    const layer = new BatchNorm(1, { eps: 1e-12, affine: false, momentum: 0.5 });
    await run(layer, [1, 3], [2, 1], { repeat: 2 });
    // mean 2, unbiased variance 2: 0 -> 1 -> 1.5 and 1 -> 1.5 -> 1.75
    near(layer.params.running_mean!.data, [1.5]);
    near(layer.params.running_var!.data, [1.75]);
    near(await run(layer, [1.5, 5], [2, 1], { training: false }), [0, 3.5 / Math.sqrt(1.75)]);
    near(layer.params.running_mean!.data, [1.5]);
  });

  it('leaves the running statistics alone in a step that only looks, whatever its values', async () => {
    const net = new Sequential(new BatchNorm(2, { eps: 1e-12 }));
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape({ observe: true });
    const y = net.forward(tape.input([3e38, 1, -3e38, 3], { shape: [2, 1, 2] })).keep();
    await tape.run();
    await engine.pull(net);
    await diagnose(engine, net, { shape: [2, 1, 2], values: [1, 2, 3, 5], labels: [0] });
    await engine.pull(net);
    // with the statistics of the step all the same
    near(
      [...(await y.read())].filter((_, i) => i % 2 === 1),
      [-1, 1],
    );
    near(net.layers[0]!.params.running_mean!.data, [0, 0]);
    near(net.layers[0]!.params.running_var!.data, [1, 1]);
  });

  it('counts valid steps only', async () => {
    const layer = new BatchNorm(1, { eps: 1e-12, momentum: 1 });
    // sample 0 has one step, sample 1 two: 1, 2, 6
    const y = await run(layer, [1, 2, 100, 6], [2, 2], { lengths: [1, 2] });
    near(layer.params.running_mean!.data, [3]);
    near(layer.params.running_var!.data, [7]);
    const s = Math.sqrt(14 / 3);
    near([y[0]!, y[1]!, y[3]!], [-2 / s, -1 / s, 3 / s]);
  });

  it('takes statistics over the positions of a channel', async () => {
    const layer = new BatchNorm(6, { channels: 2, eps: 1e-12, momentum: 1 });
    const y = await run(layer, [1, 2, 3, 10, 10, 40], [1, 1]);
    near(layer.params.running_mean!.data, [2, 20]);
    const [a, b] = [Math.sqrt(2 / 3), Math.sqrt(200)];
    near(y, [-1 / a, 0, 1 / a, -10 / b, -10 / b, 20 / b]);
  });

  it('with perStep has statistics and parameters for every step', async () => {
    const layer = new BatchNorm(1, { perStep: 3, eps: 1e-12, momentum: 1 });
    layer.params.weight!.data.set([1, 2, 3]);
    const y = await run(layer, [1, 3, 10, 30], [2, 2]);
    near(y, [-1, 1, -2, 2]);
    near(layer.params.running_mean!.data, [2, 20, 0]);
    near(layer.params.running_var!.data, [2, 200, 1]);
    expect(layer.params.weight!.shape).toEqual([3]);
  });

  it('with perStep has gradient 0 at steps that a sequence does not have, whatever a longer one before it left', async () => {
    const net = new Sequential(new BatchNorm(2, { perStep: 3 }));
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const gradients: Float32Array[] = [];
    for (const T of [3, 2]) {
      const tape = engine.tape();
      const x = new Random(`perStep ${T}`).normals(T * 4 * 2);
      crossEntropy(net.forward(tape.input(x, { shape: [T, 4, 2] })), [0, 1, 1, 0], { at: 'mean' }).loss.backward();
      await tape.run();
      gradients.push((await tape.arena!.gradients()).get('0.weight')!.slice());
    }
    expect([...gradients[0]!].filter((g) => g === 0)).toEqual([]);
    expect([...gradients[1]!].map((g) => g !== 0)).toEqual([true, true, true, true, false, false]);
  });

  it('with perStep leaves the running variance alone where one sample is left', async () => {
    const layer = new BatchNorm(1, { perStep: 2, momentum: 0.5 });
    await run(layer, [1, 3, 10, 77], [2, 2], { lengths: [2, 1] });
    near(layer.params.running_mean!.data, [1, 5]);
    near(layer.params.running_var!.data, [1.5, 1]);
  });

  it('depending on the threshold scales by alpha * threshold', async () => {
    const layer = new ThresholdBatchNorm(1, { threshold: 3, alpha: 0.5, eps: 1e-12 });
    near(await run(layer, [1, 3], [2, 1]), [-1.5, 1.5]);
  });

  it('keeps its digits where the mean is large', async () => {
    const layer = new BatchNorm(1, { eps: 1e-12, momentum: 1 });
    const x = new Random('far').normals(64);
    await run(
      layer,
      [...x].map((v) => Math.fround(4096 + v)),
      [32, 2],
    );
    const values = [...x].map((v) => Math.fround(4096 + v));
    const mean = values.reduce((a, b) => a + b, 0) / 64;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 63;
    expect(layer.params.running_var!.data[0]! / variance).toBeCloseTo(1, 6);
  });

  it('is saved and loaded with its options and running statistics', async () => {
    const net = new Sequential(new Linear(4, 6), new BatchNorm(6, { channels: 3, eps: 0.01, perStep: 2 }));
    net.layers[1]!.params.running_mean!.data.set([1, 2, 3, 4, 5, 6]);
    const again = loadModel(saveModel(net));
    expect(again.layers[1]!.config).toEqual(net.layers[1]!.config);
    expect([...again.layers[1]!.params.running_mean!.data]).toEqual([1, 2, 3, 4, 5, 6]);
    const threshold = new Sequential(new ThresholdBatchNorm(3, { threshold: 0.5, affine: false }));
    expect(loadModel(saveModel(threshold)).layers[0]!.config).toEqual(threshold.layers[0]!.config);
  });

  const K = 5;
  // a normalisation takes a bias before it away
  const unbiased = { bias: false };
  const nets: Record<string, () => Sequential> = {
    plain: () => new Sequential(new Linear(K, 6, unbiased), new BatchNorm(6), new Linear(6, 3)),
    'without weight and bias': () => new Sequential(new BatchNorm(K, { affine: false }), new Linear(K, 3)),
    channels: () => new Sequential(new Linear(K, 6), new BatchNorm(6, { channels: 2 }), new Linear(6, 3)),
    'a large eps': () => new Sequential(new BatchNorm(K, { eps: 0.7 }), new Linear(K, 3)),
    'per step': () => new Sequential(new Linear(K, 6, unbiased), new BatchNorm(6, { perStep: 9 }), new Linear(6, 3)),
    threshold: () => new Sequential(new ThresholdBatchNorm(K, { threshold: 0.4, alpha: 0.7 }), new Linear(K, 3)),
    twice: () => {
      const layer = new BatchNorm(K);
      return new Sequential(layer, new Linear(K, K, unbiased), layer, new Linear(K, 3));
    },
  };
  for (const [what, make] of Object.entries(nets)) {
    it.each([[undefined], [[7, 3, 5]]])(
      `has the gradients of finite differences: ${what}, lengths %j`,
      async (lengths) => {
        const found = await finiteDifferences(composed(make(), { ...(lengths ? { lengths } : {}) }));
        for (const { name, error, size } of found) {
          expect(size, name).toBeGreaterThan(1e-6);
          expect(error, name).toBeLessThan(1e-6);
        }
      },
    );
  }

  const errors: Record<string, Record<string, Twin>> = {
    'no gradient through the mean': {
      norm_totals: (c) => {
        twins.normTotals(c);
        c.of('totals').fill(0, 0, c.dims.count!);
      },
    },
    'no gradient through the variance': {
      norm_totals: (c) => {
        twins.normTotals(c);
        c.of('totals').fill(0, c.dims.count!);
      },
    },
    'a weight that its gradient does not know': {
      norm_totals: (c) => twins.normTotals({ ...c, slot: () => 2 }),
    },
  };
  it.each(Object.entries(errors))('would be seen to have %s', async (_, planted) => {
    const found = await finiteDifferences(composed(nets.plain!()), { twins: new Map(Object.entries(planted)) });
    expect(Math.max(...found.map((f) => f.error))).toBeGreaterThan(1e-3);
  });

  it('gives steps past the end no gradient', async () => {
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new BatchNorm(2), new Linear(2, 2));
    engine.bind(net);
    const tape = engine.tape();
    const x = tape.input([1, 2, 3, 4, 5, 7, 9, 9], { shape: [2, 2, 2], lengths: [1, 2], requiresGrad: true });
    x.keepGradient();
    crossEntropy(net.forward(x), [0, 1], { at: 'mean' }).loss.backward();
    await tape.run();
    const g = await x.readGradient();
    expect([...g].map((v) => v === 0)).toEqual([false, false, false, false, true, true, false, false]);
  });

  it('refuses what it cannot do', async () => {
    expect(() => new BatchNorm(0)).toThrow('BatchNorm: inputs must be a whole number above 0, got 0');
    expect(() => new BatchNorm(6, { channels: 4 })).toThrow('BatchNorm: channels must divide the inputs, got 4 for 6');
    expect(() => new BatchNorm(6, { momentum: 1.5 })).toThrow('BatchNorm: momentum must be in [0, 1], got 1.5');
    expect(() => new BatchNorm(6, { eps: 0 })).toThrow('BatchNorm: eps must be above 0, got 0');
    expect(() => new BatchNorm(6, { chanels: 2 } as object)).toThrow(
      "BatchNorm: there is no option 'chanels'; did you mean 'channels'?",
    );
    expect(() => new ThresholdBatchNorm(6, { threshold: 0 })).toThrow(
      'ThresholdBatchNorm: threshold must be above 0, got 0',
    );
    await expect(run(new BatchNorm(2), [1, 2], [1, 1])).rejects.toThrow(
      /0 BatchNorm: one value a channel has no variance, got .*\[1, 1, 2\]/,
    );
    await expect(run(new BatchNorm(1, { perStep: 1 }), [1, 2, 3, 4], [2, 2])).rejects.toThrow(
      /has statistics for 1 steps, got .*make it with perStep: 2/,
    );
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new BatchNorm(1, { perStep: 4 }));
    engine.bind(net);
    const x = engine.tape().input([1, 2], { shape: [1, 2, 1] });
    expect(() => net.forward(x, { state: new CarriedState() })).toThrow('0 BatchNorm: perStep counts steps');
  });
});

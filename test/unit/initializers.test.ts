import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { Parameter, type WeightShape } from '../../src/autograd/parameter.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Conv2d } from '../../src/layers/conv2d.ts';
import { type Initializer, initializer } from '../../src/layers/initialize.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';

const drawn = (shape: number[], init: Initializer, gain = 1, seed = 'a'): Float32Array => {
  const p = new Parameter(shape, initializer('layer', 'init', init, gain));
  p.initialize(seedrandom(seed));
  return p.data;
};

const moments = (x: Float32Array): { mean: number; deviation: number; largest: number; kurtosis: number } => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const power = (k: number): number => x.reduce((a, b) => a + (b - mean) ** k, 0) / x.length;
  return {
    mean,
    deviation: Math.sqrt(power(2)),
    largest: x.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
    kurtosis: power(4) / power(2) ** 2,
  };
};

// deviations by PyTorch's formulas, for 100 neurons with 400 inputs, and for 40 channels that read 10 of 5 x 3
const expected: [what: string, init: Initializer, shape: number[], deviation: number, uniform: boolean][] = [
  ['normal', 'normal', [100, 400], 1 / 20, false],
  ['normal, uniform with gain', { name: 'normal', distribution: 'uniform', gain: 3 }, [100, 400], 3 / 20, true],
  ['xavier', 'xavier', [100, 400], Math.sqrt(2 / 500), true],
  [
    'xavier, normal',
    { name: 'xavier', distribution: 'normal', gain: 0.5 },
    [100, 400],
    0.5 * Math.sqrt(2 / 500),
    false,
  ],
  ['kaiming', 'kaiming', [100, 400], Math.sqrt(2 / 400), true],
  ['kaiming, normal', { name: 'kaiming', distribution: 'normal' }, [100, 400], Math.sqrt(2 / 400), false],
  ['kaiming by fan-out, gain 1', { name: 'kaiming', mode: 'fan_out', gain: 1 }, [100, 400], 1 / 10, true],
  ['normal, convolution', 'normal', [40, 10, 5, 3], 1 / Math.sqrt(150), false],
  ['xavier, convolution', 'xavier', [40, 10, 5, 3], Math.sqrt(2 / (150 + 600)), true],
  ['kaiming by fan-out, convolution', { name: 'kaiming', mode: 'fan_out' }, [40, 10, 5, 3], Math.sqrt(2 / 600), true],
];

describe('initialisers', () => {
  it.each(expected)(
    '%s: mean 0, the deviation of the formula, the form of the distribution',
    (_, init, shape, deviation, uniform) => {
      const weights = drawn(shape, init);
      const found = moments(weights);
      // five times the standard error of mean and deviation
      const error = 5 / Math.sqrt(weights.length);
      expect(Math.abs(found.mean)).toBeLessThan(error * deviation);
      expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(error);
      if (uniform) expect(found.largest).toBeLessThanOrEqual(Math.sqrt(3) * deviation * (1 + 1e-6));
      expect(found.kurtosis).toBeCloseTo(uniform ? 1.8 : 3, 0);
    },
  );

  it.each([
    [5, 8],
    [8, 5],
    [7, 7],
    [1, 4],
    [120, 120],
  ])('orthogonal [%i, %i]: W W^T = gain^2 I over the shorter side', (rows, columns) => {
    const W = drawn([rows, columns], { name: 'orthogonal', gain: 2 });
    const short = Math.min(rows, columns);
    const at = (i: number, k: number): number => (rows <= columns ? W[i * columns + k]! : W[k * columns + i]!);
    for (let i = 0; i < short; i++) {
      for (let j = 0; j < short; j++) {
        let sum = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) sum += at(i, k) * at(j, k);
        expect(Math.abs(sum - (i === j ? 4 : 0))).toBeLessThan(2e-6);
      }
    }
  });

  it('orthogonal: rotations are not preferred over reflections, nor any direction', () => {
    const signs = Array.from({ length: 200 }, (_, i) => {
      const [a, b, c, d] = drawn([2, 2], 'orthogonal', 1, String(i)) as unknown as [number, number, number, number];
      return { rotation: a * d - b * c > 0, right: a > 0 };
    });
    for (const name of ['rotation', 'right'] as const) {
      const count = signs.filter((s) => s[name]).length;
      expect(count).toBeGreaterThan(65);
      expect(count).toBeLessThan(135);
    }
  });

  it('orthogonal convolution: channels are orthonormal over all that they read', () => {
    const W = drawn([4, 2, 3, 3], 'orthogonal');
    const product = (i: number, j: number): number =>
      Array.from({ length: 18 }, (_, k) => W[18 * i + k]! * W[18 * j + k]!).reduce((a, b) => a + b, 0);
    expect(product(1, 1)).toBeCloseTo(1, 6);
    expect(product(1, 3)).toBeCloseTo(0, 6);
  });

  it('a function of one own is told shape, fans and where random numbers come from', () => {
    const seen: WeightShape[] = [];
    const own = (weight: WeightShape, random: () => number): number[] => {
      seen.push(weight);
      return Array.from({ length: 6 }, () => random());
    };
    const weights = drawn([2, 3], own, 2);
    const random = seedrandom('a');
    expect([...weights]).toEqual(Array.from({ length: 6 }, () => Math.fround(2 * random())));
    expect(seen).toEqual([{ shape: [2, 3], fanIn: 3, fanOut: 2 }]);
    expect(() => drawn([2, 3], () => [1, 2])).toThrow('of shape [2, 3]: expected 6 values, got 2');
    expect(() => drawn([1, 2], () => [1, Number.NaN])).toThrow('value 1 must be a finite number, got NaN');
  });

  it('layers use them, with their gains; the same seed gives the same numbers', () => {
    const net = (): Sequential =>
      new Sequential(
        new AHP(50, 60, { recurrent: true, init: 'kaiming', recurrentInit: 'orthogonal', recurrentGain: 3 }),
        new Linear(60, 40, { init: 'xavier', weightGain: 2 }),
        new Readout(40, 20, { init: { name: 'normal', gain: 5 } }),
      );
    const [a, b, c] = [net().initialize(1), net().initialize(1), net().initialize(2)];
    const weights = (n: Sequential, name: string): Float32Array => n.namedParameters().get(name)!.data;
    for (const [name, deviation] of [
      ['0.weight', Math.sqrt(2 / 50)],
      ['1.weight', 2 * Math.sqrt(2 / 100)],
      ['2.weight', 5 / Math.sqrt(40)],
      ['0.recurrent.weight', 3 / Math.sqrt(60)],
    ] as const) {
      expect(weights(a, name)).toEqual(weights(b, name));
      expect(weights(a, name)).not.toEqual(weights(c, name));
      expect(moments(weights(a, name)).deviation / deviation).toBeCloseTo(1, 1);
    }
  });

  it('how weights are drawn is saved, so that a loaded net can be drawn anew', () => {
    const net = new Sequential(
      new Linear(5, 4, { init: { name: 'kaiming', mode: 'fan_out' }, weightGain: 2 }),
      new LIF(4, 4, { recurrent: true, recurrentInit: 'orthogonal', recurrentGain: 0.5 }),
    ).initialize(1);
    const again = loadModel(saveModel(net));
    for (const seed of [1, 2])
      expect(
        again
          .initialize(seed)
          .parameters()
          .map((p) => p.data),
      ).toEqual(
        net
          .initialize(seed)
          .parameters()
          .map((p) => p.data),
      );
  });

  it('a layer that says nothing begins as N(0, 1)/sqrt(fan-in), number by number', () => {
    const p = new Sequential(new LIF(7, 3, { weightGain: 1.5 })).layers[0]!.params.weight!;
    const plain = new Parameter([3, 7], { normal: 1.5 / Math.sqrt(7) });
    plain.initialize(seedrandom('0/0.weight'));
    expect(p.data).toEqual(plain.data);
  });

  it('fan-in of a masked matrix is the mean number of connections into a neuron', () => {
    const net = new Sequential(new LIF(400, 100, { connections: { density: 0.25 } }));
    const { weight } = net.layers[0]!.params;
    const there = weight!.data.filter((w) => w !== 0);
    expect(there).toHaveLength(10000);
    expect(moments(there).deviation / (1 / Math.sqrt(100))).toBeCloseTo(1, 1);
  });

  it('refuses what it does not know, at construction', () => {
    const make = (init: unknown) => () => new LIF(3, 4, { init: init as Initializer });
    expect(make('xaver')).toThrow("LIF: init names 'xaver'; did you mean 'xavier'?");
    expect(make({ name: 'xavier', gian: 2 })).toThrow("LIF: init has no 'gian'; did you mean 'gain'?");
    expect(make({ name: 'xavier', gain: Number.NaN })).toThrow('LIF: init: gain must be a finite number, got NaN');
    expect(make({ name: 'xavier', distribution: 'gauss' })).toThrow("distribution must be 'normal' or 'uniform'");
    expect(make({ name: 'kaiming', mode: 'in' })).toThrow("mode must be 'fan_in' or 'fan_out', got 'in'");
    expect(make({ name: 'xavier', mode: 'fan_out' })).toThrow("init: mode is an option of 'kaiming', not of 'xavier'");
    expect(make({ name: 'orthogonal', distribution: 'normal' })).toThrow("init: 'orthogonal' has no distribution");
    expect(() => new LIF(3, 4, { recurrentGain: Number.NaN })).toThrow('LIF: recurrentGain must be a finite number');
    expect(() => new Linear(3, 4, { weightGain: Number.NaN })).toThrow('Linear: weightGain must be a finite number');
    expect(() => new Linear(3, 4, { inti: 'xavier' } as object)).toThrow("Linear: there is no option 'inti'; did you");
    expect(make(3)).toThrow('LIF: init must be a name, an object with a name, or a function, got 3');
    expect(() => new LIF(4, { init: 'xavier' })).toThrow('LIF: init is given, but there are no such weights');
    expect(() => new LIF(3, 4, { recurrentInit: 'xavier' })).toThrow('recurrentInit is given, but there are no such');
  });
});

it('convolutions take them too', () => {
  const conv = new Conv2d([3, 6, 5], 8, 3, { init: 'xavier' });
  const net = new Sequential(conv).initialize(4);
  const bound = Math.sqrt(6 / (27 + 72));
  const { largest } = moments(net.layers[0]!.params.weight!.data);
  expect(largest).toBeLessThan(bound);
  expect(largest).toBeGreaterThan(0.9 * bound);
});

import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Parameter } from '../../src/autograd/parameter.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { Conv2d, type Conv2dOptions } from '../../src/layers/conv2d.ts';
import { Flatten } from '../../src/layers/flatten.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { AvgPool2d, SumPool2d } from '../../src/layers/pool2d.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { Adam } from '../../src/optim/adam.ts';
import { conv2dInput, conv2dWeight } from '../../src/reference/conv2d.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { convolution, convolutions, pooling, poolings, spikingNet, trainSpikingNet } from '../support/planes.ts';
import { Random } from '../support/random.ts';

/** What a layer makes of one step of one sample. */
async function run(layer: Layer, x: readonly number[]): Promise<number[]> {
  const engine = new Engine(new ReferenceDevice());
  engine.bind(new Sequential(layer));
  const tape = engine.tape({ training: false });
  const y = layer.forward(tape.input(x, { shape: [1, 1, x.length] }), {}).keep();
  await tape.run();
  return Array.from(await y.read());
}

const set = (layer: Layer, values: Readonly<Record<string, readonly number[]>>): Layer => {
  new Sequential(layer); // draws what was never drawn
  for (const [name, numbers] of Object.entries(values)) layer.params[name]!.data.set(numbers);
  return layer;
};
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('by hand', () => {
  it('the kernel is not turned round, and rows come before columns', async () => {
    // 1 2 3      1 10
    // 4 5 6  by  100 1000
    const conv = set(new Conv2d([1, 2, 3], 1, 2), { weight: [1, 10, 100, 1000], bias: [0.5] });
    expect(await run(conv, count(6))).toEqual([1 + 20 + 400 + 5000.5, 2 + 30 + 500 + 6000.5]);
    expect(conv.params.weight!.shape).toEqual([1, 1, 2, 2]);
  });

  it('channels are added up, and come one after the other', async () => {
    const conv = set(new Conv2d([2, 1, 2], 3, 1, { bias: false }), { weight: [1, 10, 0, 1, 2, 0] });
    expect(await run(conv, [1, 2, 3, 4])).toEqual([31, 42, 3, 4, 2, 4]);
  });

  it('groups read their own channels only', async () => {
    const conv = set(new Conv2d([2, 1, 2], 4, 1, { bias: false, groups: 2 }), { weight: [1, 2, 3, 4] });
    expect(await run(conv, [1, 2, 3, 4])).toEqual([1, 2, 2, 4, 9, 12, 12, 16]);
  });

  it('stride, padding and dilation in each direction', async () => {
    // 1 2 3 4 5 with zeros on both sides, every second place, two places apart
    const line = { weight: [1, 10], bias: [0] };
    const along = new Conv2d([1, 1, 5], 1, [1, 2], { stride: [1, 2], padding: [0, 1], dilation: [1, 2] });
    expect(await run(set(along, line), count(5))).toEqual([20, 2 + 40, 4]);
    const down = new Conv2d([1, 5, 1], 1, [2, 1], { stride: [2, 1], padding: [1, 0], dilation: [2, 1] });
    expect(await run(set(down, line), count(5))).toEqual([20, 2 + 40, 4]);
  });

  it("padding 'same' puts the odd zero behind", async () => {
    const conv = set(new Conv2d([1, 1, 3], 1, [1, 2], { padding: 'same' }), { weight: [1, 10] });
    expect(conv.inputs).toBe(conv.outputs);
    expect(await run(conv, count(3))).toEqual([21, 32, 3]);
  });

  it('pooling adds up or averages, and counts zeros of the padding', async () => {
    expect(await run(new SumPool2d([2, 2, 3], 2), count(12))).toEqual([1 + 2 + 4 + 5, 7 + 8 + 10 + 11]);
    expect(await run(new AvgPool2d([1, 2, 2], 2), [1, 2, 3, 6])).toEqual([3]);
    const padded = new AvgPool2d([1, 2, 2], 2, { padding: 1, stride: 1 });
    expect(await run(padded, [4, 8, 12, 16])).toEqual([1, 3, 2, 4, 10, 6, 3, 7, 4]);
  });

  it("weights are kept in their parameter's range", async () => {
    const bounded = new Parameter([2, 1, 1, 2], { fill: [5, 0.5, -0.5, -7] }, { min: -1, max: 2 });
    const conv = new Conv2d([1, 1, 2], 2, [1, 2], { bias: false }).tie('weight', bounded);
    expect(await run(conv, [1, 10])).toEqual([2 + 5, -0.5 - 10]);
  });

  it('gradients of a convolution', async () => {
    // y = (x0 w0 + x1 w1, x1 w0 + x2 w1) + b, loss -log softmax(y)[0]: dy = (p0 - 1, p1)
    const conv = set(new Conv2d([1, 1, 3], 1, [1, 2]), { weight: [1, 2], bias: [0] }) as Conv2d;
    const engine = new Engine(new ReferenceDevice());
    engine.bind(new Sequential(conv));
    const tape = engine.tape();
    const x = tape.input([1, 2, 3], { shape: [1, 1, 3], requiresGrad: true }).keepGradient();
    crossEntropy(conv.forward(x), [0]).loss.backward();
    await tape.run();
    const p = 1 / (1 + Math.exp(5 - 8)); // y = (5, 8)
    const close = (actual: Iterable<number>, expected: readonly number[]): void => {
      for (const [i, a] of [...actual].entries()) expect(a).toBeCloseTo(expected[i]!, 6);
    };
    close(await x.readGradient(), [-p, 2 * -p + p, 2 * p]);
    const gradients = await tape.arena!.gradients();
    close(gradients.get('0.weight')!, [-p + 2 * p, 2 * -p + 3 * p]);
    close(gradients.get('0.bias')!, [0]);
  });
});

describe('connections of a convolution', () => {
  it('are a matrix with a row for each channel of the output; signs are by input channel', async () => {
    const conv = new Conv2d([2, 1, 2], 2, [1, 2], {
      bias: false,
      connections: { mask: ['1011', '0110'], signs: [1, -1] },
    });
    new Sequential(conv).initialize(1);
    expect(conv.params.weight_mask!.shape).toEqual([2, 2, 1, 2]);
    expect([...conv.params.weight!.data].map(Math.sign)).toEqual([1, 0, -1, -1, 0, 1, -1, 0]);
    // what is stored under the mask, or with the wrong sign, counts as 0
    conv.params.weight!.data.set([2, 9, -3, 5, 9, 7, -1, 9]);
    expect(await run(conv, [1, 10, 100, 1000])).toEqual([2 - 300, 70 - 100]);
  });

  it('hold in training, and are saved and loaded', async () => {
    const make = (): Sequential =>
      new Sequential(
        new Conv2d([2, 4, 4], 3, 3, { connections: { rewire: { density: 0.3, l1: 0.01 }, excitatory: 0.5 } }),
        new Conv2d([3, 2, 2], 4, 2, { groups: 1, connections: { density: 0.4 }, init: 'xavier', weightGain: 2 }),
        new Linear(4, 2),
      ).initialize(3);
    const net = make();
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const masks = (): number[][] => [0, 1].map((i) => [...net.layers[i]!.params.weight_mask!.data]);
    const before = masks();
    const optimizer = new Adam({ lr: 0.05, weightDecay: 0.1 });
    for (let step = 0; step < 8; step++) {
      const tape = engine.tape({ step });
      const x = tape.input(new Random(`conv ${step}`).normals(2 * 3 * 32), { shape: [2, 3, 32] });
      crossEntropy(net.forward(x), [0, 1, 1], { at: 'mean' }).loss.backward();
      await optimizer.step(tape);
      await engine.pull(net);
      const now = masks();
      expect(now.map((m) => m.filter((there) => there !== 0).length)).toEqual([Math.round(0.3 * 54), 19]);
      now.forEach((mask, i) => {
        net.layers[i]!.params.weight!.data.forEach((w, k) => {
          if (mask[k] === 0) expect(w).toBe(0);
          // the first of two input channels is excitatory
          else if (i === 0) expect([mask[k], w * mask[k]! >= 0]).toEqual([k % 18 < 9 ? 1 : -1, true]);
        });
      });
    }
    expect(masks()[0]).not.toEqual(before[0]);
    expect(masks()[1]).toEqual(before[1]);
    const again = loadModel(saveModel(net));
    expect(saveModel(again)).toEqual(saveModel(net));
    // with all that drawing anew needs
    expect(
      again
        .initialize(3)
        .parameters()
        .map((p) => p.data),
    ).toEqual(
      make()
        .parameters()
        .map((p) => p.data),
    );
  });

  it('are refused where they make no sense', () => {
    const conv = (options: Conv2dOptions) => () => new Conv2d([4, 3, 3], 2, 2, options);
    expect(conv({ groups: 2, connections: { excitatory: 0.5 } })).toThrow(
      'Conv2d: connections: signs are by input channel, of which groups read different ones',
    );
    expect(conv({ connections: { signs: [1, -1] } })).toThrow('Conv2d: connections.signs must have 4 values');
    expect(conv({ connections: { mask: ['1', '1'] } })).toThrow('connections.mask must have rows of 16 values');
    expect(conv({ connections: { mask: ['0'.repeat(16), '1'.repeat(16)] } })).toThrow(
      'Conv2d: the connections leave neuron 0 without inputs',
    );
  });
});

describe('smooth mode: every gradient against central differences of the loss', () => {
  const check = async (agreements: ReturnType<typeof finiteDifferences>): Promise<void> => {
    for (const { name, size, error } of await agreements) {
      expect(size, `size of the derivative by ${name}`).toBeGreaterThan(1e-4);
      expect(error, `relative error of the gradient of ${name}`).toBeLessThan(1e-6);
    }
  };
  for (const name of Object.keys(convolutions)) it(name, () => check(finiteDifferences(convolution(name))));
  for (const name of Object.keys(poolings)) it(name, () => check(finiteDifferences(pooling(name))));
  it('a spiking net of all of them', () => check(finiteDifferences(spikingNet())));

  const name = 'three channels, stride with a remainder';
  const wrong: Record<string, [rule: Twin, kernel: string, binding: string, gradient: string]> = {
    'input gradient': [conv2dInput, 'conv2d_input', 'dx', 'x0'],
    'weight gradient': [conv2dWeight, 'conv2d_weight', 'parts', '0.weight'],
  };
  for (const [what, [rule, kernel, binding, gradient]] of Object.entries(wrong)) {
    it(`a wrong ${what} is seen`, async () => {
      const planted: Twin = (c) => {
        rule(c);
        const values = c.of(binding);
        for (let i = 0; i < values.length; i += 2) values[i]! *= 1.001;
      };
      const agreements = await finiteDifferences(convolution(name), { twins: new Map([[kernel, planted]]) });
      expect(agreements.find((a) => a.name === gradient)!.error).toBeGreaterThan(1e-5);
    });
  }
});

describe('a net of convolution, neurons, pooling and a readout', () => {
  it('learns', async () => {
    const { losses } = await trainSpikingNet(new Engine(new ReferenceDevice()), 12);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  });

  it('is saved with its shapes and loaded again', () => {
    const net = new Sequential(
      new Conv2d([2, 9, 8], 4, [3, 2], { stride: 2, padding: [1, 0], dilation: 2, groups: 2, bias: false }),
      new LIF(4 * 4 * 3),
      new AvgPool2d([4, 4, 3], [2, 3], { stride: 1, padding: [1, 0] }),
      new SumPool2d([4, 5, 1], [2, 1]),
      new Flatten([4, 2, 1]),
      new Linear(8, 3),
    );
    const again = loadModel(saveModel(net));
    expect(again.layers.map((l) => l.config)).toEqual(net.layers.map((l) => l.config));
    expect(again.parameters().map((p) => p.shape)).toEqual(net.parameters().map((p) => p.shape));
    expect([...again.parameters()[0]!.data]).toEqual([...net.parameters()[0]!.data]);
    const shapes = again.layers.flatMap((l) => ('outputShape' in l ? [l.outputShape] : []));
    expect(shapes).toEqual([
      [4, 4, 3],
      [4, 5, 1],
      [4, 2, 1],
    ]);
  });

  it("draws a convolution's weights by its fan-in", () => {
    const conv = new Conv2d([8, 6, 6], 50, 5, { groups: 2, weightGain: 3 });
    new Sequential(conv);
    const { data } = conv.params.weight!;
    const deviation = Math.sqrt(data.reduce((s, w) => s + w * w, 0) / data.length);
    expect(deviation / (3 / Math.sqrt(4 * 25))).toBeCloseTo(1, 1);
  });
});

describe('bad input', () => {
  const refused: Record<string, [() => unknown, RegExp]> = {
    'a shape that is none': [() => new Conv2d([3, 4] as never, 2, 3), /Conv2d: the input must be .* got \[3,4\]/],
    'a shape with a half': [() => new Flatten([3, 4, 1.5]), /Flatten: the input must be/],
    'no channels': [() => new Conv2d([1, 4, 4], 0, 3), /channels must be a whole number above 0, got 0/],
    'a kernel of three numbers': [
      () => new Conv2d([1, 4, 4], 2, [3, 3, 3] as never),
      /kernel must be .* got \[3,3,3\]/,
    ],
    'a kernel larger than the padded input': [
      () => new Conv2d([1, 4, 9], 2, 7, { padding: 1 }),
      /the kernel spans 7 x 7, the padded input has only 6 x 11/,
    ],
    'a dilated kernel larger than the input': [() => new Conv2d([1, 9, 4], 2, 3, { dilation: 2 }), /spans 5 x 5/],
    'a stride of 0': [() => new Conv2d([1, 4, 4], 2, 3, { stride: [1, 0] }), /stride must be .* from 1 on .* \[1,0\]/],
    'negative padding': [() => new Conv2d([1, 4, 4], 2, 3, { padding: -1 }), /padding must be .* from 0 on .* -1/],
    'groups that do not divide the input': [() => new Conv2d([3, 4, 4], 4, 3, { groups: 2 }), /divide the 3 input/],
    'groups that do not divide the output': [() => new Conv2d([4, 4, 4], 3, 3, { groups: 2 }), /divide the 3 output/],
    'an unknown padding': [
      () => new Conv2d([1, 4, 4], 2, 3, { padding: 'sme' as 'same' }),
      /unknown padding 'sme'; did you mean 'same'/,
    ],
    "'same' with a stride": [() => new Conv2d([1, 4, 4], 2, 3, { padding: 'same', stride: 2 }), /needs stride 1/],
    'an unknown option': [
      () => new Conv2d([1, 4, 4], 2, 3, { strid: 2 } as object),
      /there is no option 'strid'; did you mean 'stride'/,
    ],
    'a gain that is none': [
      () => new Conv2d([1, 4, 4], 2, 3, { weightGain: Number.NaN }),
      /weightGain must be a finite/,
    ],
    'padding of more than half a window': [
      () => new SumPool2d([1, 4, 4], 2, { padding: 2 }),
      /at most half the window/,
    ],
    'a window larger than the input': [() => new AvgPool2d([1, 3, 4], 4), /AvgPool2d: the kernel spans 4 x 4/],
    'a width that does not follow': [
      () => new Sequential(new Conv2d([1, 4, 4], 2, 3), new LIF(9)),
      /expects inputs of width 9, layer 0 \(Conv2d\) gives 8/,
    ],
  };
  for (const [what, [make, message]] of Object.entries(refused)) it(what, () => expect(make).toThrow(message));

  it('an input of another width, or packed bytes', () => {
    const conv = new Conv2d([1, 2, 2], 1, 2);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(new Sequential(conv));
    const tape = engine.tape();
    const input = (form: 'f32' | 'bytes', n: number): Tensor =>
      tape.input(new Float32Array(n), { shape: [1, 1, n], form });
    expect(() => conv.forward(input('f32', 5))).toThrow('expects [T, B, 4] for 1 channels of 2 x 2');
    expect(() => conv.forward(input('bytes', 4))).toThrow('pass it through dense');
  });
});

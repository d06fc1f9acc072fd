import { describe, expect, it } from 'vitest';
import type { Loss } from '../../src/autograd/loss.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import type { Tensor } from '../../src/autograd/tensor.ts';
import { Engine, LIF, Linear, loss, type Parameter, Readout, regularize, Sequential, SGD } from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { gradient64, loss64, parameterGradient64 } from '../support/float64.ts';
import { regularizedNet, regularizerCases } from '../support/losses.ts';

// Regularisers on the float64 reference, against numbers worked out by hand, and their gradients against differences.

/** A current straight into LIF neurons that forget everything: v = current, and a spike where v > 1. */
async function judge(
  current: readonly (readonly (readonly number[])[])[],
  regularizers: readonly regularize.Regularizer[],
  options: { lengths?: readonly number[]; net?: Sequential } = {},
): Promise<{ value: number; gradient: number[]; tape: Tape; total: Loss }> {
  const [T, B, N] = [current.length, current[0]!.length, current[0]![0]!.length];
  const net = options.net ?? new Sequential(new LIF(N, memoryless));
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const tape = engine.tape();
  const x = tape.input(current.flat(2), {
    shape: [T, B, N],
    requiresGrad: true,
    name: 'current',
    ...(options.lengths ? { lengths: options.lengths } : {}),
  });
  net.forward(x.keepGradient());
  const total = regularizers.map((r) => r(tape)).reduce((a, b) => a.add(b));
  total.backward();
  await tape.run();
  const gradient = await gradient64(x, total).then(
    (g) => [...g],
    () => [],
  );
  return { value: await loss64(total), gradient, tape, total };
}

// tau so short that nothing is left after a step
const memoryless = { tau: 0.02, reset: 'none', surrogate: { name: 'triangle', constants: { gamma: 0.5 } } } as const;

function close(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(actual[i], `[${i}]`).toBeCloseTo(e, 7);
  });
}

/** Derivative of a spike by the current: gamma max(0, 1 - |v - 1|). */
const psi = (v: number): number => 0.5 * Math.max(0, 1 - Math.abs(v - 1));

describe('rate', () => {
  // neuron 0 fires twice in four steps, neuron 1 never
  const current = [[[1.5, 0.5]], [[1.25, 0.5]], [[0.5, 0.5]], [[0.75, 0.5]]];
  const slopes = (r0: number, r1: number): number[] => current.flatMap(([x]) => [r0 * psi(x![0]!), r1 * psi(x![1]!)]);

  it('with a target for each neuron', async () => {
    const { value, gradient } = await judge(current, [regularize.rate({ target: 0.25, weight: 2 })]);
    close([value], [2 * (0.0625 + 0.0625)]);
    close(gradient, slopes((2 * 2 * 0.25) / 4, (2 * 2 * -0.25) / 4));
  });

  it('with bounds: rates between them cost nothing', async () => {
    const { value, gradient } = await judge(current, [regularize.rate({ lower: 0.125, upper: 0.25, weight: 1 })]);
    close([value], [0.25 ** 2 + 0.125 ** 2]);
    close(gradient, slopes((2 * 0.25) / 4, (2 * -0.125) / 4));
    const between = await judge(current, [regularize.rate({ lower: 0, upper: 0.5 })]);
    close([between.value, ...between.gradient], Array(9).fill(0));
  });

  it('with an upper bound alone, and a target beside it', async () => {
    const upper = await judge(current, [regularize.rate({ upper: 0.375, weight: 1 })]);
    close([upper.value], [0.125 ** 2]);
    const both = await judge(current, [regularize.rate({ upper: 0.375, target: 0.5, weight: 1 })]);
    close([both.value], [0.125 ** 2 + 0.25]);
  });

  it("for the layer's mean, 1/4", async () => {
    const { value, gradient } = await judge(current, [regularize.rate({ target: 0.5, weight: 2, per: 'layer' })]);
    close([value], [2 * 0.0625]);
    close(gradient, slopes((2 * 2 * -0.25) / 8, (2 * 2 * -0.25) / 8));
  });

  it('counts valid steps only', async () => {
    const two = [
      [[1.5], [1.5]],
      [[1.5], [1.5]],
    ];
    const { value, gradient } = await judge(two, [regularize.rate({ target: 0, weight: 1 })], { lengths: [2, 0] });
    close([value], [1]);
    close(gradient, [2 * 0.5 * psi(1.5), 0, 2 * 0.5 * psi(1.5), 0]);
  });
});

it('a layer itself is meant at each of its places, a container with all that is in it', async () => {
  const layer = new LIF(1, { ...memoryless, threshold: 2 });
  const other = new LIF(1, memoryless);
  const values = [];
  for (const named of [layer, new Sequential(layer, new Linear(1, 1), layer), other]) {
    const net = new Sequential(layer, new Linear(1, 1), layer, new Linear(1, 1), other);
    for (const p of net.parameters()) if (p.name.endsWith('weight')) p.data.fill(4);
    const r = regularize.rate({ target: 0, weight: 1, layers: [named] });
    values.push((await judge([[[3]]], [r], { net })).value);
  }
  // each fires at its one step
  close(values, [2, 2, 1]);
});

describe('voltage', () => {
  const current = [[[1.5, -2]], [[0.5, 0.25]]];

  it('beyond the threshold on either side', async () => {
    const { value, gradient } = await judge(current, [regularize.voltage({ weight: 2 })]);
    close([value], [2 * ((0.25 + 1) / 2)]);
    close(gradient, [1, -2, 0, 0]);
  });

  it('distance: ((v - offset)/scale - 1)^2', async () => {
    const r = regularize.voltage({ form: 'distance', offset: -0.5, scale: 0.5, weight: 1 });
    const { value, gradient } = await judge(current, [r]);
    // u - 1 = 3, -4, 1, 0.5
    close([value], [(9 + 16 + 1 + 0.25) / 2]);
    close(gradient, [6, -8, 2, 1]);
  });

  it('range: u outside [0, 1]', async () => {
    const r = regularize.voltage({ form: 'range', offset: 0, scale: 0.5, weight: 1 });
    const { value, gradient } = await judge(current, [r]);
    // u = 3, -4, 1, 0.5
    close([value], [(4 + 16) / 2]);
    close(gradient, [4, -8, 0, 0]);
  });

  it('changes its constants from step to step without another form', async () => {
    const values = [];
    for (const scale of [1, 2]) {
      const r = regularize.voltage({ form: 'range', scale, weight: 1 });
      values.push((await judge([[[3]]], [r])).value);
    }
    close(values, [4, 0.25]);
  });
});

describe('weights', () => {
  const net = (): Sequential => {
    const n = new Sequential(new Linear(2, 2), new LIF(2, 3, { recurrent: true }), new Readout(3, 2));
    const set = (name: string, values: number[]): void => find(n, name).data.set(values);
    set('0.weight', [1, -2, 0, 3]);
    set('0.bias', [5, -5]);
    set('1.weight', [0.5, 0, 0, -0.5, 0, 0]);
    // the diagonal is stored, and never read
    set('1.recurrent.weight', [9, 1, 0, 0, 9, 0, 0, 0, 9]);
    set('2.weight', [0, 0, 0, 0, 0, 2]);
    return n;
  };
  const find = (n: Sequential, name: string): Parameter => n.parameters().find((p) => p.name === name)!;

  it('L1 and L2 of all matrices, by their effective values', async () => {
    const n = net();
    const l2 = await judge([[[0, 0]]], [regularize.l2({ weight: 0.5 })], { net: n });
    close([l2.value], [0.5 * (14 + 0.5 + 1 + 4)]);
    close(parameterGradient64(l2.tape, find(n, '0.weight')), [1, -2, 0, 3]);
    close(parameterGradient64(l2.tape, find(n, '1.recurrent.weight')), [0, 1, 0, 0, 0, 0, 0, 0, 0]);
    close(parameterGradient64(l2.tape, find(n, '0.bias')), [0, 0]);
    const l1 = await judge([[[0, 0]]], [regularize.l1({ weight: 0.25 })], { net: n });
    close([l1.value], [0.25 * (6 + 1 + 1 + 2)]);
    close(parameterGradient64(l1.tape, find(n, '0.weight')), [0.25, -0.25, 0, 0.25]);
  });

  it('of parameters by name or predicate, and several on one add up', async () => {
    const n = net();
    const { value, tape } = await judge(
      [[[0, 0]]],
      [
        regularize.l1({ weight: 1, parameters: ['0.bias', '0.weight'] }),
        regularize.l2({ weight: 0.5, parameters: (p) => p.name.endsWith('bias') }),
        regularize.l2({ weight: 0.5, parameters: /bias$/ }),
      ],
      { net: n },
    );
    close([value], [16 + 50]);
    close(parameterGradient64(tape, find(n, '0.bias')), [11, -11]);
    close(parameterGradient64(tape, find(n, '0.weight')), [1, -1, 0, 1]);
    close(parameterGradient64(tape, find(n, '2.weight')), [0, 0, 0, 0, 0, 0]);
  });

  it("add to the loss's own gradient, with either way of updating", async () => {
    const changed = [];
    for (const layerwise of [false, true]) {
      for (const weight of [0, 0.5]) {
        const n = net();
        const engine = new Engine(new ReferenceDevice());
        engine.bind(n);
        const tape = engine.tape();
        const y: Tensor = n.forward(tape.input([1, 2], { shape: [1, 1, 2] }));
        loss.crossEntropy()(y, [1]).loss.add(regularize.l2({ weight })(tape)).backward();
        await new SGD({ lr: 1, layerwise }).step(tape);
        await engine.pull(n);
        changed.push([...find(n, '2.weight').data]);
      }
    }
    const [without, withIt, without2, withIt2] = changed as [number[], number[], number[], number[]];
    close(
      withIt.map((w, i) => w - without[i]!),
      [0, 0, 0, 0, 0, -2],
    );
    expect(withIt2).toEqual(withIt);
    expect(without2).toEqual(without);
  });
});

describe('gradients against finite differences, in the smooth mode', () => {
  for (const [name, regularizers] of Object.entries(regularizerCases)) {
    it(name, async () => {
      const experiment = regularizedNet(regularizers, { T: 6, B: 3, N: 5, lengths: [6, 2, 0] });
      for (const { name: of, size, error } of await finiteDifferences(experiment)) {
        expect(size, `size of the derivative by ${of}`).toBeGreaterThan(1e-5);
        expect(error, `relative error of the gradient of ${of}`).toBeLessThan(1e-6);
      }
    });
  }
});

describe('refuses, naming the argument', () => {
  it.each<[string, () => unknown, string]>([
    ['a negative weight', () => regularize.l1({ weight: -1 }), 'regularize.l1: weight must be finite and not below 0'],
    ['a weight that is not finite', () => regularize.rate({ weight: 1 / 0 }), 'regularize.rate: weight must be finite'],
    ['a bound above 1', () => regularize.rate({ upper: 20 }), 'upper must be in 0..1 spikes per step, got 20'],
    ['bounds the wrong way round', () => regularize.rate({ lower: 0.3, upper: 0.1 }), 'lower must not be above upper'],
    ['an unknown scope', () => regularize.rate({ per: 'layers' as 'layer' }), "per is 'layers'; did you mean 'layer'?"],
    [
      'an unknown form',
      () => regularize.voltage({ form: 'rnage' as 'range' }),
      "form is 'rnage'; did you mean 'range'?",
    ],
    ['a scale of 0', () => regularize.voltage({ form: 'range', scale: 0 }), 'scale must be above 0, got 0'],
    [
      'an offset of the first form',
      () => regularize.voltage({ offset: 1 }),
      "offset and scale belong to the forms 'distance' and 'range'",
    ],
    ['an unknown option', () => regularize.l2({ lambda: 1 } as object), "regularize.l2: there is no option 'lambda'"],
    ['no layers', () => regularize.rate({ layers: [] }), 'regularize.rate: layers must name at least one layer'],
    ['no parameters', () => regularize.l2({ parameters: [] }), 'parameters must name at least one parameter'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('what the step does not have', () => {
    const net = new Sequential(new LIF(2, 3), new Readout(3, 2));
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape();
    expect(() => regularize.l2()(tape)).toThrow('regularize.l2: the step uses no parameters yet');
    net.forward(tape.input([1, 1], { shape: [1, 1, 2] }));
    expect(() => regularize.rate({ layers: ['0 LFI'] })(tape)).toThrow(
      "regularize.rate: the step has run no layer of neurons '0 LFI'; did you mean '0 LIF'?",
    );
    expect(() => regularize.rate({ layers: [1] })(tape)).toThrow('regularize.rate: 1 Readout does not spike');
    expect(() => regularize.voltage({ layers: [net.layers[1]!] })(tape)).toThrow(
      'regularize.voltage: 1 Readout does not spike',
    );
    expect(() => regularize.l1({ parameters: ['0.wieght'] })(tape)).toThrow(
      "regularize.l1: there is no parameter '0.wieght'; did you mean '0.weight'?",
    );
    expect(() => regularize.l1({ parameters: ['0.tau'] })(tape)).toThrow(
      "regularize.l1: parameter '0.tau' is not trained",
    );
    expect(() => regularize.l1({ parameters: () => false })(tape)).toThrow('the predicate takes no parameter');
    expect(() => regularize.l1({ parameters: /tau/ })(tape)).toThrow('no trained parameter is chosen');
    regularize.voltage({ form: 'range' })(tape);
    expect(() => regularize.voltage()(tape)).toThrow(
      'regularize.voltage: this step has a voltage regulariser already, on 0 LIF',
    );
  });
});

import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/exchange/activity.ts';
import type { NirGraph, NirNode } from '../../../src/exchange/nir/file/graph.ts';
import { array, scalar } from '../../../src/exchange/nir/file/values.ts';
import { runNir } from '../../../src/exchange/nir/run/interpret.ts';
import { orderOf } from '../../../src/exchange/nir/run/order.ts';
import type { SemanticsName } from '../../../src/exchange/nir/run/semantics.ts';

type Fields = Record<string, number[] | number | string | [number[], number[]]>;

const node = (type: string, fields: Fields): NirNode => ({
  type,
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, v]) => [
      name,
      typeof v === 'string'
        ? v
        : typeof v === 'number'
          ? scalar(v)
          : Array.isArray(v[0])
            ? array(v[0], v[1] as number[])
            : array(v as number[]),
    ]),
  ),
});

const graph = (nodes: Record<string, NirNode | NirGraph>, edges: string[]): NirGraph => ({
  type: 'NIRGraph',
  nodes: new Map(Object.entries(nodes)),
  edges: edges.map((e) => e.split(' ') as [string, string]),
});

/** One node between input and output. */
const alone = (type: string, fields: Fields, inputs: number[], outputs = inputs): NirGraph =>
  graph(
    { input: node('Input', { shape: inputs }), it: node(type, fields), output: node('Output', { shape: outputs }) },
    ['input it', 'it output'],
  );

const sampleOf = (steps: number[][]): Sample => ({
  T: steps.length,
  B: 1,
  N: steps[0]!.length,
  inputs: Float32Array.from(steps.flat()),
});

async function run(
  g: NirGraph,
  steps: number[][],
  options: { semantics?: SemanticsName; dt?: number } = {},
): Promise<number[]> {
  return Array.from((await runNir(g, sampleOf(steps), options)).outputs, (x) => Number(x.toPrecision(12)));
}

describe('each primitive', () => {
  const one = [[1], [1], [0], [2]];
  test('I, IF', async () => {
    expect(await run(alone('I', { r: [5000] }, [1]), one)).toEqual([0.5, 1, 1, 2]);
    expect(await run(alone('IF', { r: [6000], v_threshold: [1], v_reset: [0.2] }, [1]), one)).toEqual([0, 1, 0, 1]);
    // strictly above
    expect(await run(alone('IF', { r: [5000], v_threshold: [1] }, [1]), one)).toEqual([0, 0, 0, 1]);
  });
  test('LI, LIF', async () => {
    const li = { tau: [2e-4], r: [2], v_leak: [1] };
    // v <- v + (1 - v + 2 I)/2
    expect(await run(alone('LI', li, [1]), one)).toEqual([1.5, 2.25, 1.625, 3.3125]);
    const { layers } = await runNir(alone('LIF', { ...li, v_threshold: [2], v_reset: [-1] }, [1]), sampleOf(one));
    expect(Array.from(layers[0]!.spikes!)).toEqual([0, 1, 0, 1]);
    // as it is compared
    expect(Array.from(layers[0]!.voltage!)).toEqual([1.5, 2.25, 0, 2.5]);
    expect(layers[0]!.label).toBe('it');
  });
  test('CubaLI, CubaLIF', async () => {
    const fields = { tau_syn: [2e-4], tau_mem: [4e-4], r: [4], v_leak: [0], w_in: [2] };
    // i <- i/2 + I, v <- 3/4 v + i
    expect(await run(alone('CubaLI', fields, [1]), one)).toEqual([1, 2.25, 2.4375, 4.203125]);
    expect(await run(alone('CubaLIF', { ...fields, v_threshold: [2] }, [1]), one)).toEqual([0, 1, 0, 1]);
  });
  test('Threshold, Scale, Delay', async () => {
    expect(await run(alone('Threshold', { threshold: [1] }, [1]), one)).toEqual([0, 0, 0, 1]);
    expect(await run(alone('Scale', { scale: [3, -1] }, [2]), [[1, 2]])).toEqual([3, -2]);
    expect(
      await run(alone('Delay', { delay: [1e-4, 3e-4] }, [2]), [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ]),
    ).toEqual([0, 0, 1, 0, 3, 0, 5, 2]);
  });
  test('Linear, Affine', async () => {
    const weight: [number[], number[]] = [
      [1, 2, 3, 4, 5, 6],
      [2, 3],
    ];
    expect(await run(alone('Linear', { weight }, [3], [2]), [[1, 0, 2]])).toEqual([7, 16]);
    expect(await run(alone('Affine', { weight, bias: [1, -1] }, [3], [2]), [[1, 0, 2]])).toEqual([8, 15]);
    // a matrix for each of two places
    const two: [number[], number[]] = [
      [1, 2, 3, 4],
      [2, 1, 2],
    ];
    const places = graph(
      {
        input: node('Input', { shape: [2, 2] }),
        it: node('Linear', { weight: two }),
        output: node('Output', { shape: [2, 1] }),
      },
      ['input it', 'it output'],
    );
    expect(await run(places, [[1, 1, 1, 1]])).toEqual([3, 7]);
  });
  test('Conv1d, Conv2d', async () => {
    const conv = { stride: 1, dilation: 1, groups: 1, bias: [0.5] };
    const weight: [number[], number[]] = [
      [1, 10, 100],
      [1, 1, 3],
    ];
    expect(await run(alone('Conv1d', { ...conv, input_shape: 4, weight, padding: 1 }, [1, 4]), [[1, 2, 3, 4]])).toEqual(
      [210.5, 321.5, 432.5, 43.5],
    );
    const even: [number[], number[]] = [
      [1, 10],
      [1, 1, 2],
    ];
    // of an odd number of zeros the larger half goes behind
    expect(
      await run(alone('Conv1d', { ...conv, input_shape: 3, weight: even, padding: 'same' }, [1, 3]), [[1, 2, 3]]),
    ).toEqual([21.5, 32.5, 3.5]);
    const grouped = node('Conv2d', {
      input_shape: [1, 2],
      weight: [
        [1, 2, 3, 4],
        [2, 1, 1, 2],
      ],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 2,
      bias: [0, 1],
    });
    const g = graph(
      { input: node('Input', { shape: [2, 1, 2] }), it: grouped, output: node('Output', { shape: [2, 1, 1] }) },
      ['input it', 'it output'],
    );
    expect(await run(g, [[1, 2, 3, 4]])).toEqual([5, 26]);
  });
  test('SumPool2d, AvgPool2d, Flatten', async () => {
    const pool = { kernel_size: [2, 2], stride: [2, 2], padding: [0, 0] };
    const planes = [[1, 2, 3, 4, 5, 6, 7, 8]];
    expect(await run(alone('SumPool2d', pool, [1, 2, 4], [1, 1, 2]), planes)).toEqual([14, 22]);
    expect(await run(alone('AvgPool2d', { ...pool, padding: [1, 1] }, [1, 2, 2], [1, 2, 2]), [[1, 2, 3, 4]])).toEqual([
      0.25, 0.5, 0.75, 1,
    ]);
    expect(
      await run(alone('Flatten', { start_dim: 0, end_dim: -1, input_type: [1, 2, 2] }, [1, 2, 2], [4]), [[1, 2, 3, 4]]),
    ).toEqual([1, 2, 3, 4]);
  });
});

describe('the order of a step', () => {
  const lif = (): NirNode => node('LIF', { tau: [1e-4], r: [1], v_leak: [0], v_threshold: [0.5] });
  const ends = { input: node('Input', { shape: [1] }), output: node('Output', { shape: [1] }) };

  test('several edges into a node add up, and what leads back is a step late', async () => {
    const back = node('Linear', { weight: [[1], [1, 1]] });
    const g = graph({ ...ends, back, lif: lif() }, ['input lif', 'lif back', 'back lif', 'lif output']);
    expect(orderOf('', g).delayed).toEqual(new Map([['lif', new Set(['back'])]]));
    expect(await run(g, [[1], [0], [0]])).toEqual([1, 1, 1]);
    const cut = graph({ ...ends, lif: lif() }, ['input lif', 'lif output']);
    expect(await run(cut, [[1], [0], [0]])).toEqual([1, 0, 0]);
  });

  test('a neuron that reads itself', async () => {
    const g = graph({ ...ends, lif: lif() }, ['input lif', 'lif lif', 'lif output']);
    expect(await run(g, [[0], [1], [0]])).toEqual([0, 1, 1]);
  });

  test('nested graphs are nodes, whatever they are called', async () => {
    const inner = graph(
      {
        __proto__x: node('Input', { shape: [1] }),
        lif: lif(),
        w: node('Scale', { scale: [1] }),
        o: node('Output', { shape: [1] }),
      },
      ['__proto__x lif', 'lif w', 'w lif', 'lif o'],
    );
    const g = graph({ ...ends, constructor: inner }, ['input constructor', 'constructor output']);
    const { layers, outputs } = await runNir(g, sampleOf([[1], [0]]));
    expect(layers.map((l) => l.label)).toEqual(['constructor/lif']);
    expect(Array.from(outputs)).toEqual([1, 1]);
  });

  test('several samples do not mix', async () => {
    const g = alone('LI', { tau: [1e-4, 1e-4], r: [1, 1], v_leak: [0, 0] }, [2]);
    const { outputs } = await runNir(g, { T: 1, B: 2, N: 2, inputs: Float32Array.of(1, 2, 3, 4) });
    expect(Array.from(outputs)).toEqual([1, 2, 3, 4]);
  });

  test('what cannot be run', async () => {
    const lonely = graph({ ...ends, a: lif(), b: lif() }, ['input output', 'a b', 'b a']);
    expect(() => orderOf('', lonely)).toThrow("no edges lead from its Input 'input' to 'a', 'b'");
    expect(() => orderOf('', graph({ ...ends, a: lif() }, ['input a', 'a nowhere']))).toThrow(
      "names no node 'nowhere'",
    );
    expect(() => orderOf('x', graph({ ...ends, a: lif() }, ['input a', 'input a']))).toThrow(
      "NIR graph 'x': there are two edges from 'input' to 'a'",
    );
    expect(() =>
      orderOf('', graph({ ...ends, in2: node('Input', { shape: [1] }) }, ['input output', 'in2 output'])),
    ).toThrow('must have one Input node, got 2: input, in2');
    await expect(run(alone('LI', { tau: [1], r: [1], v_leak: [0] }, [1]), [[1, 2]])).rejects.toThrow(
      'takes [1], the sample has 2 numbers',
    );
  });
});

describe('what a program refuses', () => {
  const lif = { tau: [1e-3, 2e-3], r: [1, 1], v_leak: [0, 0], v_threshold: [1, 1] };
  test.each<[SemanticsName, NirGraph, RegExp]>([
    [
      'snntorch',
      alone('LIF', { ...lif, v_leak: [0, 0.1] }, [2]),
      /node 'it' \(LIF\): snnTorch .* refuses it: v_leak must be 0/,
    ],
    ['snntorch', alone('LIF', { ...lif, v_threshold: [1, 2] }, [2]), /v_threshold must be the same for all neurons/],
    ['snntorch', alone('LI', { tau: [1], r: [1], v_leak: [0] }, [1]), /has no LI; it reads Affine/],
    ['snntorch', alone('IF', { r: [2], v_threshold: [1] }, [1]), /r must be 1/],
    ['spikingjelly', alone('LIF', lif, [2]), /tau must be the same for all neurons/],
    [
      'spikingjelly',
      alone('LIF', { tau: [1e-3], r: [2], v_leak: [0], v_threshold: [1] }, [1]),
      /r must be 1 or tau\/dt, 10, got 2/,
    ],
    [
      'spikingjelly',
      alone('LIF', { tau: [1e-3], r: [1], v_leak: [0.2], v_threshold: [1] }, [1]),
      /v_leak must equal v_reset/,
    ],
    ['spikingjelly', alone('IF', { r: [1], v_threshold: [1] }, [1]), /r must be 1\/dt, 10000/],
    ['sinabs', alone('Linear', { weight: [[1], [1, 1]] }, [1]), /sinabs .*has no Linear/],
  ])('%s', async (semantics, g, why) => {
    await expect(run(g, [new Array<number>(widthOf(g)).fill(1)], { semantics })).rejects.toThrow(why);
  });

  test('a step that it does not take', async () => {
    const g = alone('LIF', { ...lif }, [2]);
    await expect(run(g, [[1, 1]], { semantics: 'snntorch', dt: 1e-3 })).rejects.toThrow(
      "semantics 'snntorch' has its own dt, 0.0001; got dt 0.001",
    );
    await expect(run(g, [[1, 1]], { semantics: 'nest' as SemanticsName })).rejects.toThrow(
      /semantics is unknown: 'nest'; .*known are nir, norse/,
    );
  });

  test('other ways to fire', async () => {
    const one = alone('LIF', { tau: [1], r: [1], v_leak: [0], v_threshold: [1] }, [1]);
    const decay = Math.exp(-1);
    // sinabs: as many spikes as thresholds fit in, which are taken off
    expect(await run(one, [[2.5], [0.9]], { semantics: 'sinabs' })).toEqual([2, Math.floor(0.5 * decay + 0.9 + 1e-12)]);
    // spyx: a step late
    expect(await run(one, [[2.5], [0], [0]], { semantics: 'spyx' })).toEqual([0, 1, 0]);
  });
});

const widthOf = (g: NirGraph): number => {
  const input = g.nodes.get('input') as NirNode;
  const { shape } = input.fields;
  return typeof shape === 'object' ? shape.data.reduce((a, b) => a * b, 1) : 0;
};

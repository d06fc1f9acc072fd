import { expect, test } from 'vitest';
import { completeNir } from '../../../src/exchange/nir/file/complete.ts';
import type { NirGraph, NirNode, NirValue } from '../../../src/exchange/nir/file/graph.ts';
import { algebraicLoop } from '../../../src/exchange/nir/file/topology.ts';
import { validateNir } from '../../../src/exchange/nir/file/validate.ts';
import { arr, between, fill, graphOf, input, lif, linear, node, output } from './nir_graphs.ts';

test('kernels that are not square and groups have the shapes of PyTorch', () => {
  const conv = (fields: Record<string, NirValue>): NirNode =>
    node('Conv2d', {
      input_shape: arr([7, 9]),
      weight: fill([4, 2, 3, 5]),
      stride: arr([1], []),
      padding: arr([0, 0]),
      dilation: arr([1, 1]),
      groups: arr([1], []),
      bias: fill([4]),
      ...fields,
    });
  const shape = (given: readonly number[], made: readonly number[], fields: Record<string, NirValue>) =>
    validateNir(between(given, conv(fields), made)).get('x')!.output;
  expect(shape([2, 7, 9], [4, 5, 5], {})).toEqual([4, 5, 5]);
  expect(shape([2, 7, 9], [4, 3, 3], { stride: arr([2, 2]) })).toEqual([4, 3, 3]);
  expect(shape([2, 7, 9], [4, 3, 4], { padding: arr([0, 1]), stride: arr([2]), dilation: arr([1]) })).toEqual([
    4, 3, 4,
  ]);
  expect(shape([2, 7, 9], [4, 3, 1], { dilation: arr([2]) })).toEqual([4, 3, 1]);
  expect(shape([4, 7, 9], [4, 7, 9], { groups: arr([2]), padding: 'same' })).toEqual([4, 7, 9]);
  expect(() => shape([2, 7, 9], [4, 7, 9], { stride: arr([2]), padding: 'same' })).toThrow(
    "node 'x' (Conv2d): padding is 'same', which needs a stride of 1, got [2,2]",
  );
  expect(() => shape([2, 7, 9], [4, 5, 5], { padding: 'full' })).toThrow(
    "padding must be numbers, 'same' or 'valid', got 'full'",
  );
  expect(() => shape([2, 7, 9], [4, 5, 5], { groups: arr([3]) })).toThrow(
    'groups is 3, which does not divide the 4 outputs',
  );
  expect(() => shape([2, 7, 9], [4, 5, 5], { dilation: arr([9]) })).toThrow(
    'a kernel that spans 19 does not fit into 7',
  );
  expect(() => shape([2, 7, 9], [4, 5, 5], { stride: arr([1.5]) })).toThrow('stride must be whole, got 1.5');
  expect(() => shape([2, 7, 9], [4, 5, 5], { stride: arr([1, 1, 1]) })).toThrow(
    'stride must be one integer or 2, got the shape [3]',
  );
  expect(() => shape([2, 7, 9], [4, 5, 5], { padding: arr([1e7]) })).toThrow(
    /its output \[4,2000000\d,2000000\d\] is more than 16777216/,
  );
});

const three = { input: input(3), x: linear(3, 3), output: output(3) };
const chain = ['input x', 'x output'];
const rank0 = arr([1], []);
test.each<[NirGraph, string]>([
  [graphOf({}), 'the graph has no nodes'],
  [graphOf({ ...three, 'a/b': lif(3) }, ...chain), "node 'a/b': a name must not contain '/'"],
  [graphOf(three, ...chain, 'x inputt'), "edge x -> inputt: there is no node 'inputt'; did you mean 'input'?"],
  [graphOf(three, ...chain, 'input x'), 'the graph: edge input -> x is there twice'],
  [graphOf(three, 'input x'), "the graph: nothing leads out of 'x'"],
  [graphOf({ ...three, y: linear(3, 3) }, ...chain, 'input y'), "the graph: nothing leads out of 'y'"],
  [graphOf({ ...three, y: linear(3, 3) }, ...chain, 'y x'), "the graph: nothing leads into 'y'"],
  [graphOf(three, ...chain, 'x input'), "an edge leads into the Input 'input'"],
  [graphOf({ ...three, y: lif(3) }, ...chain, 'output y', 'y x'), "an edge leads out of the Output 'output'"],
  [graphOf({ x: lif(3), y: lif(3) }, 'x y', 'y x'), 'the graph has no Input'],
  [between([3], linear(2, 3), [3]), "the graph: x -> output: 'x' gives [2], 'output' takes [3]"],
  [between([1, 3], linear(3, 3), [3]), "the graph: input -> x: 'input' gives [1,3], 'x' takes [3]"],
  [
    graphOf({ ...three, y: linear(3, 3) }, ...chain, 'x y', 'y x'),
    'the graph: x -> y -> x is a loop without a node that remembers',
  ],
  [graphOf({ ...three, y: node('Delay', { delay: arr([1, 0, 1]) }) }, ...chain, 'x y', 'y x'), 'x -> y -> x is a loop'],
  [graphOf(three, ...chain, 'x x'), 'x -> x is a loop'],
  [graphOf({ ...three, y: between([3], linear(3, 3), [3]) }, ...chain, 'x y', 'y x'), 'x -> y -> x is a loop'],
  [between([3], between([3], linear(3, 3), [2]), [3]), "graph 'x': x -> output: 'x' gives [3], 'output' takes [2]"],
  [
    between([3], graphOf({ a: input(3), b: input(3), l: lif(3), o: output(3) }, 'a l', 'b l', 'l o'), [3]),
    "graph 'x' has 2 nodes of the type Input; a graph in a graph has one",
  ],
  [between([3], node('LIFF', {}), [3]), "node 'x': there is no type 'LIFF'; did you mean 'LIF'?"],
  [between([3], node('__proto__', {}), [3]), "there is no type '__proto__'"],
  [between([3], node('ALIF', {}), [3]), "there is no type 'ALIF'"],
  [
    between([3], node('Linear', { weight: fill([3, 3]), bias: fill([3]) }), [3]),
    "node 'x' (Linear): there is no field 'bias'",
  ],
  [between([3], node('Affine', { weight: fill([3, 3]) }), [3]), "node 'x' (Affine): bias is missing"],
  [
    between([3], node('Affine', { weight: fill([3, 3]), bias: fill([2]) }), [3]),
    'bias has the shape [2]; expected [3] as the weight [3,3] has outputs',
  ],
  [
    between([3], node('Linear', { weight: fill([3]) }), [3]),
    'weight must have two dimensions or more, [outputs, inputs], got [3]',
  ],
  [
    between([3], node('Linear', { weight: { shape: [3, 3], data: new Float64Array(8) } }), [3]),
    'weight has the shape [3,3] and 8 numbers',
  ],
  [between([3], node('Linear', { weight: 'text' }), [3]), "weight must be numbers, got 'text'"],
  [between([3], node('Linear', { weight: fill([0, 3]) }), [3]), 'weight has no numbers, its shape is [0,3]'],
  [
    between([3], node('LI', { tau: arr([1, 0, 1]), r: fill([3]), v_leak: fill([3]) }), [3]),
    "node 'x' (LI): tau must be above 0, got 0: number 1",
  ],
  [
    between([3], node('LI', { tau: fill([3]), r: arr([1, Number.NaN, 1]), v_leak: fill([3]) }), [3]),
    'r must be finite, got NaN: number 1',
  ],
  [
    between([3], node('LI', { tau: fill([3]), r: fill([1]), v_leak: fill([3]) }), [3]),
    'r has the shape [1], tau [3]; expected the same',
  ],
  [
    between([3], node('LI', { tau: rank0, r: rank0, v_leak: rank0 }), [3]),
    'tau must be an array with a number for each neuron, got a single number',
  ],
  [between([3], node('Delay', { delay: arr([-1, 0, 0]) }), [3]), 'delay must be 0 or more, got -1: number 0'],
  [
    between(
      [3],
      node('CubaLI', { tau_syn: fill([3]), tau_mem: fill([3]), r: fill([3]), v_leak: fill([3]), w_in: fill([2]) }),
      [3],
    ),
    'w_in has the shape [2], tau_syn [3]',
  ],
  [between([0], lif(3), [3]), "node 'input' (Input): shape must be 1 or more, got 0"],
  [
    between([1e5, 1e5], node('Flatten', { start_dim: rank0 }), [1e10]),
    "node 'input': its input [100000,100000] is more than 16777216 numbers",
  ],
  [
    between([2, 3], node('Flatten', { start_dim: arr([2], []) }), [6]),
    'start_dim is 2; what goes in, [2,3], has 2 dimensions',
  ],
  [
    between([2, 3], node('Flatten', { start_dim: arr([1], []), end_dim: arr([0], []) }), [6]),
    'start_dim 1 lies behind end_dim 0',
  ],
  [
    between([2, 3], node('Flatten', { input_type: arr([3, 2]) }), [2, 3]),
    "input -> x: 'input' gives [2,3], 'x' takes [3,2]",
  ],
  [
    between([3], node('SumPool2d', { kernel_size: arr([2]), stride: arr([2]), padding: arr([0]) }), [3]),
    'expected [channels, height, width], got [3]',
  ],
  [
    between([1, 3, 3], node('AvgPool2d', { kernel_size: arr([2, 4]), stride: arr([2]), padding: arr([0]) }), [3]),
    'a kernel that spans 4 does not fit into 3 with a padding of 0',
  ],
  [{ ...graphOf(three, ...chain), metadata: { 'a//b': 'x' } }, "the graph: metadata 'a//b': a name must not be empty"],
])('refused %#', async (graph, message) => {
  expect(() => validateNir(graph)).toThrow(message);
});

test('loops are allowed where something remembers, also inside a graph', () => {
  const flat = graphOf({ ...three, l: lif(3), w: linear(3, 3) }, 'input x', 'x l', 'l w', 'w l', 'l output');
  expect(algebraicLoop(flat)).toBeNull();
  const nested = graphOf({ ...three, y: between([3], lif(3), [3]) }, ...chain, 'x y', 'y x');
  expect(validateNir(nested).get('y/x')).toEqual({ input: [3], output: [3] });
  // a branch inside that passes what comes in
  const past = graphOf(
    { input: input(3), l: lif(3), s: node('Scale', { scale: fill([3]) }), output: output(3) },
    'input l',
    'l output',
    'input s',
    's output',
  );
  expect(algebraicLoop(graphOf({ ...three, y: past }, ...chain, 'x y', 'y x'))).toEqual(['x', 'y', 'x']);
});

test('deep nesting, many nodes and long names end in an error or an answer, not in a full stack', () => {
  let deep: NirGraph = between([1], lif(1), [1]);
  for (let i = 0; i < 40; i++) deep = between([1], deep, [1]);
  expect(() => validateNir(deep)).toThrow('lies more than 24 graphs deep');
  expect(() => completeNir(deep)).toThrow('lies more than 24 graphs deep');
  const many = Array.from({ length: 5000 }, (_, i) => `n${i}`);
  const nodes: Record<string, NirNode> = Object.fromEntries(many.map((name) => [name, lif(1)]));
  const long = graphOf(nodes, ...many.slice(1).map((name, i) => `${many[i]} ${name}`));
  expect(validateNir(completeNir(long)).size).toBe(5002);
  const name = 'y'.repeat(60_000);
  expect(() => validateNir(graphOf(three, ...chain, `x ${name}`))).toThrow(/there is no node 'y+\.\.\.'$/);
});

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHdf5 } from '../../../src/exchange/hdf5/read.ts';
import { dataset, group, type Hdf5Group, type Hdf5Node } from '../../../src/exchange/hdf5/tree.ts';
import { writeHdf5 } from '../../../src/exchange/hdf5/write.ts';
import { completeNir } from '../../../src/exchange/nir/file/complete.ts';
import type { NirArray, NirGraph, NirNode } from '../../../src/exchange/nir/file/graph.ts';
import { readNir } from '../../../src/exchange/nir/file/read.ts';
import { topologicalOrder } from '../../../src/exchange/nir/file/topology.ts';
import { validateNir } from '../../../src/exchange/nir/file/validate.ts';
import { writeNir } from '../../../src/exchange/nir/file/write.ts';
import { arr, between, fill, graphOf, input, lif, linear, node, output } from './nir_graphs.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(new URL(`../../fixtures/exchange/${name}.nir.gz`, import.meta.url))));

test('a file of nir with every primitive is read', async () => {
  const { version, graph } = await readNir(fixture('every_primitive'));
  expect(version).toBe('1.0.8');
  expect(graph.metadata).toEqual({ made: 'here' });
  expect(new Set([...graph.nodes.values()].map(({ type }) => type)).size).toBe(18);
  const of = (name: string) => graph.nodes.get(name) as NirNode;
  expect(of('affine')).toEqual({
    type: 'Affine',
    fields: { weight: fill([2, 2]), bias: fill([2]) },
    metadata: { note: 'ü', scale: arr([2.5], []) },
  });
  expect(of('conv1').fields).toMatchObject({ padding: 'valid', stride: arr([2], []), input_shape: arr([6], []) });
  expect(of('cubali').fields.w_in).toEqual(arr([3, 3]));
  expect(of('cubalif').fields).toMatchObject({ w_in: arr([1, 1]), v_reset: fill([2]) });
  expect(of('if').fields.v_reset).toEqual(fill([2], -1));
  const shapes = validateNir(graph);
  expect(shapes.get('avg')).toEqual({ input: [2, 3, 4], output: [2, 3, 2] });
  expect(shapes.get('rows')).toEqual({ input: [2, 3, 2], output: [2, 6] });
  expect(shapes.get('conv1')).toEqual({ input: [2, 6], output: [1, 2] });
});

test('a graph in a graph is read, with its shapes, and written in topological order', async () => {
  const { graph } = await readNir(fixture('recurrent'));
  const shapes = validateNir(graph);
  expect(shapes.get('rnn')).toEqual({ input: [3], output: [3] });
  expect(shapes.get('rnn/w_rec')).toEqual({ input: [3], output: [3] });
  const root = await readHdf5(await writeNir(graph));
  const nodes = (at: Hdf5Node | undefined) => (at as Hdf5Group).children.get('nodes') as Hdf5Group;
  const written = nodes(root.children.get('node'));
  expect([...written.children.keys()]).toEqual(['input', 'fc1', 'rnn', 'output']);
  const inner = nodes(written.children.get('rnn'));
  expect([...inner.children.keys()].slice(0, 2)).toEqual(['input', 'lif']);
  // a reset to 0 is left out
  expect([...(inner.children.get('lif') as Hdf5Group).children.keys()]).toEqual([
    'tau',
    'r',
    'v_leak',
    'v_threshold',
    'type',
  ]);
});

test('a file as other tools write it is read: fixed texts, small integers, big-endian, no version, no Output', async () => {
  const { version, graph } = await readNir(fixture('old_style'));
  expect(version).toBe('');
  expect([...graph.nodes.keys()]).toEqual(['fc', 'in', 'lif', 'pool', 'output_lif']);
  expect(graph.edges.at(-1)).toEqual(['lif', 'output_lif']);
  expect(graph.nodes.get('lif')).toEqual({
    type: 'LIF',
    fields: { tau: fill([2]), r: fill([2]), v_leak: arr([0, 0]), v_threshold: arr([1, 2]), v_reset: arr([0, 0]) },
    metadata: { list: '["a","b"]', 'inner/x': arr([1.5], []) },
  });
});

test('a primitive alone, and nodes with nothing around them, are completed as nir does it', async () => {
  const alone = graphOf({ x: lif(3) });
  const { graph } = await readNir(await writeNir(alone));
  expect([...graph.nodes.keys()]).toEqual(['input_x', 'x', 'output_x']);
  expect(graph.edges).toEqual([
    ['input_x', 'x'],
    ['x', 'output_x'],
  ]);
  const taken = completeNir(graphOf({ x: lif(3), input_x: lif(3) }, 'x input_x'));
  expect([...taken.nodes.keys()]).toEqual(['x', 'input_x', 'input_x_0', 'output_input_x']);
  // a root that is a primitive, not a graph
  const root = await readHdf5(await writeNir(between([2], lif(2), [2])));
  const only = ((root.children.get('node') as Hdf5Group).children.get('nodes') as Hdf5Group).children.get('x')!;
  const single = await readNir(await writeHdf5(group([['node', only]])));
  expect([...single.graph.nodes.keys()]).toEqual(['lif', 'input_lif', 'output_lif']);
  expect(() => completeNir(graphOf({ a: linear(2, 2), b: lif(2) }, 'a b', 'b a'))).toThrow(
    'the graph has no Input, and where it is entered cannot be told: something leads into every node',
  );
  expect(() => completeNir(graphOf({ x: node('Flatten', {}), y: lif(2) }, 'x y'))).toThrow(
    "node 'x' (Flatten): nothing leads into it, and it does not say its shape",
  );
});

test('numbers are kept in float64, and rounded in float32 unless they are too large for it', async () => {
  const net = between([2], node('Scale', { scale: arr([0.1, 1e300]) }), [2]);
  const back = await readNir(await writeNir(net));
  expect((back.graph.nodes.get('x') as NirNode).fields.scale).toEqual(arr([0.1, 1e300]));
  await expect(writeNir(net, { precision: 'float32' })).rejects.toThrow(
    "node 'x' (Scale): scale is too large for float32: number 1 is 1e+300",
  );
  const small = between([1], node('Scale', { scale: arr([0.1]) }), [1]);
  const rounded = await readNir(await writeNir(small, { precision: 'float32', version: '1.0' }));
  expect(rounded.version).toBe('1.0');
  expect((rounded.graph.nodes.get('x') as NirNode).fields.scale).toEqual(arr([Math.fround(0.1)]));
  await expect(writeNir(net, { precission: 'float32' } as object)).rejects.toThrow("did you mean 'precision'");
});

const N = 3;
const numbers = (shape: readonly number[], least = -1e6): fc.Arbitrary<NirArray> => {
  const count = shape.reduce((a, b) => a * b, 1);
  return fc
    .array(fc.double({ min: least, max: 1e6, noNaN: true }), { minLength: count, maxLength: count })
    .map((data) =>
      arr(
        data.map((x) => x + 0),
        shape,
      ),
    );
};
const layer: fc.Arbitrary<NirNode> = fc
  .constantFrom<[string, Record<string, readonly [readonly number[], number?]>]>(
    ['Linear', { weight: [[N, N]] }],
    ['Affine', { weight: [[N, N]], bias: [[N]] }],
    ['Scale', { scale: [[N]] }],
    ['Delay', { delay: [[N], 0] }],
    ['LI', { tau: [[N], 1e-9], r: [[N]], v_leak: [[N]] }],
    ['LIF', { tau: [[N], 1e-9], r: [[N]], v_leak: [[N]], v_threshold: [[N]], v_reset: [[N]] }],
    ['IF', { r: [[N]], v_threshold: [[N]] }],
    [
      'CubaLIF',
      { tau_syn: [[N], 1e-9], tau_mem: [[N], 1e-9], r: [[N]], v_leak: [[N]], v_threshold: [[N]], w_in: [[]] },
    ],
  )
  .chain(([type, fields]) =>
    fc
      .record(Object.fromEntries(Object.entries(fields).map(([k, [shape, least]]) => [k, numbers(shape, least)])))
      .map((f) => node(type, f)),
  );
const { net } = fc.letrec<{ net: NirGraph; part: NirNode | NirGraph }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: layer },
    { weight: 1, arbitrary: tie('net') },
  ),
  net: fc
    .tuple(
      fc.uniqueArray(
        fc.tuple(
          fc.stringMatching(/^[a-z_.]{1,4}$/).filter((n) => n !== '.'),
          tie('part'),
        ),
        { selector: ([n]) => n, minLength: 1, maxLength: 6 },
      ),
      fc.array(fc.tuple(fc.nat(99), fc.nat(99)), { maxLength: 6 }),
    )
    .map(([parts, jumps]) => {
      const names = ['Input', ...parts.map(([name]) => name), 'Output'];
      const edges = new Map(names.slice(1).map((b, i) => [`${names[i]} ${b}`, [names[i]!, b] as const]));
      // edges on and back; those that would be loops of nothing are refused, which is a case of its own
      for (const [a, b] of jumps) {
        const [from, to] = [parts[a % parts.length]![0], parts[b % parts.length]![0]];
        edges.set(`${from} ${to}`, [from, to]);
      }
      const nodes = new Map<string, NirNode | NirGraph>([['Output', output(N)], ...parts, ['Input', input(N)]]);
      return { type: 'NIRGraph', nodes, edges: [...edges.values()] } as const;
    }),
}));

test('what is written is read: random graphs, with loops and graphs in graphs', async () => {
  let loops = 0;
  await fc.assert(
    fc.asyncProperty(net, async (graph) => {
      let valid = true;
      try {
        validateNir(completeNir(graph));
      } catch (error) {
        valid = false;
        loops++;
        expect((error as Error).message).toMatch(/is a loop without a node that remembers/);
      }
      if (!valid) {
        await expect(writeNir(graph)).rejects.toThrow('is a loop');
        return;
      }
      const back = (await readNir(await writeNir(graph))).graph;
      expect(back).toEqual(completeNir(graph));
      expect([...back.nodes.keys()]).toEqual(topologicalOrder(graph));
      // what is read is in order, and stays in it
      expect(topologicalOrder(back)[0]).toBe('Input');
    }),
    { seed: 11, numRuns: 60 },
  );
  expect(loops).toBeGreaterThan(2);
});

const text = (value: string): Hdf5Node => dataset([value], []);
const file = (nodes: Hdf5Node, edges: Hdf5Node, more: [string, Hdf5Node][] = []): Hdf5Group =>
  group([['node', group([['type', text('NIRGraph')], ['nodes', nodes], ['edges', edges], ...more])]]);
const none = dataset([], [0, 2]);
const one = (...fields: [string, Hdf5Node][]): Hdf5Group => group([['x', group(fields)]]);
test.each<[Hdf5Group, string]>([
  [group([['version', text('1')]]), "not a NIR graph: the file has no group '/node'"],
  [group([['nodes', group([])]]), "with its group '/nodes' it is one of recorded data"],
  [group([['node', group([])]]), "'/node': type is missing"],
  [group([['node', group([['type', dataset(['a', 'b'])]])]]), "'/node': type must be one text"],
  [group([['node', group([['type', text('NIRGraph')]])]]), "'/node': a graph needs the group 'nodes'"],
  [
    group([
      [
        'node',
        group([
          ['type', text('NIRGraph')],
          ['nodes', group([])],
        ]),
      ],
    ]),
    "'/node': edges is missing",
  ],
  [file(group([['x', text('LIF')]]), none), "node 'x' is a dataset; expected a group"],
  [file(one(['r', text('1')]), none), "node 'x': type is missing"],
  [
    file(one(['type', text('I')], ['r', dataset(['1', '2'])]), none),
    "node 'x': r must be numbers, got texts of the shape [2]",
  ],
  [file(one(['type', text('I')], ['r', group([])]), none), "node 'x': r is a group; expected numbers"],
  [file(one(['type', text('I')], ['foo', dataset(Float64Array.of(1))]), none), "node 'x' (I): there is no field 'foo'"],
  [file(one(['type', text('I')], ['metadata', text('a')]), none), "node 'x': metadata is a dataset; expected a group"],
  [
    file(one(['type', text('I')]), dataset(['a', 'b'])),
    "'/node': edges must be pairs of names, [edges, 2], got texts of the shape [2]",
  ],
  [file(one(['type', text('I')]), dataset(Float64Array.of(1, 2), [1, 2])), 'got numbers of the shape [1,2]'],
  [
    file(one(['type', text('I')]), none, [['input', none]]),
    "'/node': there is no field 'input' of a graph; expected type, nodes, edges, metadata",
  ],
  [
    file(one(['type', text('I')], ['r', dataset(Float64Array.of(1))]), dataset(['x', 'y'], [1, 2])),
    "edge x -> y: there is no node 'y'",
  ],
])('a file is refused %#', async (root, message) => {
  await expect(readNir(await writeHdf5(root))).rejects.toThrow(message);
});

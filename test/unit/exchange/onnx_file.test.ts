import fc from 'fast-check';
import { AHP, Linear, Readout, Sequential } from 'spiketape';
import { LSTM } from 'spiketape/gated';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeModel } from '../../../src/exchange/onnx/decode.ts';
import { modelOf } from '../../../src/exchange/onnx/export.ts';
import { encodeOnnx, inspectOnnx, replayOnnx } from '../../../src/exchange/onnx/index.ts';
import {
  type Attribute,
  encodeModel,
  type Graph,
  type Model,
  type Node,
  SIZE,
  type Tensor,
  TYPE,
  type ValueInfo,
} from '../../../src/exchange/onnx/model.ts';
import { Writer } from '../../../src/exchange/onnx/protobuf.ts';
import { readOnnx } from '../../../src/exchange/onnx/replay.ts';
import { numbersOf, tensorOf } from '../../../src/exchange/onnx/tensors.ts';

const named = fc.string({ minLength: 1, maxLength: 8 });
const text = fc.string({ maxLength: 8 });
const whole = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
const float = fc.float({ noNaN: true });
const raw = fc.uint8Array({ maxLength: 5 });

const tensor = (name: fc.Arbitrary<string>): fc.Arbitrary<Tensor> =>
  fc
    .tuple(
      name,
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      fc.constantFrom(...Object.values(TYPE)),
      text,
    )
    .chain(([own, dims, type, doc]) => {
      const length = SIZE[type]! * dims.reduce((a, b) => a * b, 1);
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes) => ({ name: own, dims, type, raw: bytes, doc }));
    });

const value: fc.Arbitrary<ValueInfo> = fc.oneof(
  fc.record({
    name: named,
    type: fc.constantFrom(...Object.values(TYPE)),
    shape: fc.option(fc.array(fc.oneof(fc.nat(), text), { maxLength: 3 })),
  }),
  fc.record({ name: named, type: fc.constant(0), shape: fc.constant(null) }),
);

const { graph } = fc.letrec<{ graph: Graph; node: Node; attribute: Attribute }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    fc.record({ name: named, kind: fc.constant('int' as const), value: whole }),
    fc.record({ name: named, kind: fc.constant('float' as const), value: float }),
    fc.record({ name: named, kind: fc.constant('ints' as const), value: fc.array(whole, { maxLength: 3 }) }),
    fc.record({ name: named, kind: fc.constant('floats' as const), value: fc.array(float, { maxLength: 3 }) }),
    fc.record({ name: named, kind: fc.constant('text' as const), value: raw }),
    fc.record({ name: named, kind: fc.constant('texts' as const), value: fc.array(raw, { maxLength: 2 }) }),
    fc.record({ name: named, kind: fc.constant('tensor' as const), value: tensor(text) }),
    fc.record({ name: named, kind: fc.constant('graph' as const), value: tie('graph') }),
  ),
  node: fc.record({
    name: text,
    op: named,
    domain: text,
    inputs: fc.array(text, { maxLength: 3 }),
    outputs: fc.array(text, { maxLength: 2 }),
    attributes: fc.uniqueArray(tie('attribute'), { maxLength: 3, selector: ({ name }) => name }),
    doc: text,
  }),
  graph: fc.record({
    name: text,
    doc: text,
    nodes: fc.array(tie('node'), { maxLength: 3 }),
    initializers: fc.array(tensor(named), { maxLength: 2 }),
    inputs: fc.array(value, { maxLength: 2 }),
    outputs: fc.array(value, { maxLength: 2 }),
  }),
}));

const model: fc.Arbitrary<Model> = fc.record({
  irVersion: fc.integer({ min: 3, max: 12 }),
  producer: text,
  producerVersion: text,
  doc: text,
  opsets: fc.array(fc.record({ domain: text, version: fc.nat() }), { maxLength: 2 }),
  graph,
  metadata: fc
    .uniqueArray(fc.tuple(text, text), { maxLength: 3, selector: ([key]) => key })
    .map((pairs) => new Map(pairs)),
});

describe('an ONNX file', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(model, (m) => {
        expect(decodeModel(encodeModel(m))).toEqual(m);
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it('may hold numbers one by one, packed or not, of all types', () => {
    const file = (fill: (w: Writer) => void): Uint8Array =>
      new Writer()
        .int(1, 8)
        .message(7, (g) => g.message(5, fill))
        .finish();
    const read = (fill: (w: Writer) => void): number[] => [
      ...numbersOf(decodeModel(file(fill)).graph.initializers[0]!),
    ];
    const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    expect(read((w) => w.int(1, 2).int(2, TYPE.float).bytes(4, floats).text(8, 'x'))).toEqual([1.5, -2]);
    expect(read((w) => w.int(1, 2).int(2, TYPE.float).float(4, 1.5).float(4, -2).text(8, 'x'))).toEqual([1.5, -2]);
    expect(
      read((w) =>
        w
          .packed(1, [1, 2])
          .int(2, TYPE.int64)
          .packed(7, [-1, 2 ** 40])
          .text(8, 'x'),
      ),
    ).toEqual([-1, 2 ** 40]);
    expect(read((w) => w.int(1, 2).int(2, TYPE.int32).int(5, -3).int(5, 4).text(8, 'x'))).toEqual([-3, 4]);
    expect(read((w) => w.int(1, 2).int(2, TYPE.bool).packed(5, [1, 0]).text(8, 'x'))).toEqual([1, 0]);
    const doubles = new Uint8Array(Float64Array.of(0.1).buffer);
    expect(read((w) => w.int(2, TYPE.double).bytes(10, doubles).text(8, 'x'))).toEqual([0.1]);
    expect(() => read((w) => w.int(1, 2).int(2, TYPE.float).packed(7, [1, 2]).text(8, 'x'))).toThrow(/int64_data/);
    expect(() => read((w) => w.int(1, 3).int(2, TYPE.float).bytes(9, floats).text(8, 'x'))).toThrow(
      /^ONNX file, byte \d+: tensor 'x' \[3\] must have 12 bytes, got 8$/,
    );
    expect(() => read((w) => w.int(1, -3).int(2, TYPE.float).text(8, 'x'))).toThrow(/a dimension of -3/);
    expect(() => read((w) => w.text(8, 'x').int(14, 1))).toThrow(/keeps its numbers in another file/);
  });
});

const net = (): Sequential =>
  new Sequential(new AHP(3, 4, { recurrent: true }), new Linear(4, 2), new LSTM(2, 2), new Readout(2, 2));
const sample = { T: 3, B: 1, N: 3, inputs: new Float32Array(9).fill(1) };

/** What the file of a net says once its graph was changed. */
const changed = (change: (graph: Graph, model: Model) => Partial<Graph>): Uint8Array => {
  const m = modelOf(net());
  return encodeModel({ ...m, graph: { ...m.graph, ...change(m.graph, m) } });
};

describe('a file that is no good', () => {
  let bytes: Uint8Array;
  beforeAll(async () => {
    bytes = (await encodeOnnx(net())).files[0]!.bytes;
  });

  it('is refused with the byte, wherever it ends', () => {
    for (let end = 0; end < bytes.length; end += 7) {
      let said = '';
      try {
        readOnnx(bytes.subarray(0, end));
      } catch (error) {
        said = (error as Error).message;
      }
      // the last fields tell what the file is: without them the graph is whole
      if (said) expect(said).toMatch(/^ONNX(?: file, byte \d+)?: /);
      else expect(end).toBeGreaterThan(bytes.length - 1200);
    }
  });

  it('is read or refused by name, whatever was changed in it', async () => {
    const outcomes = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        async (flips) => {
          const bad = bytes.slice();
          for (const [at, by] of flips) bad[at]! ^= by;
          try {
            await inspectOnnx(bad);
            await replayOnnx(bad, sample, { limits: { numbers: 1e6, work: 1e8 } });
            outcomes.read++;
          } catch (error) {
            outcomes.refused++;
            expect((error as Error).message).toMatch(/^ONNX(?: file, byte \d+)?: /);
          }
        },
      ),
      { seed: 6, numRuns: 200 },
    );
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(5);
  });

  it.each<[string, () => Uint8Array, RegExp]>([
    ['nothing', () => new Uint8Array(0), /^ONNX file, byte 0: the file is empty$/],
    ['zeros', () => new Uint8Array(100), /^ONNX file, byte 0: a field's number must be/],
    ['text', () => new TextEncoder().encode('{"a": 1}'), /^ONNX file, byte 0: field 15 has wire type 3/],
    ['an endless number', () => new Uint8Array(40).fill(255), /^ONNX file, byte 0: a number has more than ten bytes/],
    [
      'a length beyond the end',
      () => Uint8Array.of(8, 8, 58, 200, 1, 0),
      /^ONNX file, byte 2: field 7 says that it has 200 bytes, 1 are left$/,
    ],
    [
      'a negative length',
      () => Uint8Array.of(8, 8, 58, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
      /byte 2: field 7 says that it has -1 bytes/,
    ],
    ['no graph', () => new Writer().int(1, 8).finish(), /^ONNX file, byte 2: the file ends without a graph/],
    [
      'two graphs',
      () =>
        new Writer()
          .int(1, 8)
          .message(7, () => {})
          .message(7, () => {})
          .finish(),
      /^ONNX file, byte 4: the model has a second graph/,
    ],
    [
      'a graph that is a number',
      () => new Writer().int(1, 8).int(7, 3).finish(),
      /^ONNX file, byte 2: the graph must be something with a length, got a number/,
    ],
    [
      'a name that is no text',
      () =>
        new Writer()
          .int(1, 8)
          .message(7, (g) => g.bytes(2, Uint8Array.of(0xff)))
          .finish(),
      /^ONNX file, byte 4: the graph's name is not UTF-8/,
    ],
    [
      'no version of operators',
      () =>
        new Writer()
          .int(1, 8)
          .message(7, () => {})
          .finish(),
      /does not say the version of the operators/,
    ],
  ])('%s', (_, make, says) => {
    expect(() => readOnnx(make())).toThrow(says);
  });

  it('nests graphs only so far', () => {
    const nest = (w: Writer, depth: number): void => {
      if (depth)
        w.message(1, (n) => n.text(4, 'If').message(5, (a) => a.text(1, 'g').message(6, (g) => nest(g, depth - 1))));
    };
    const file = (depth: number): Uint8Array =>
      new Writer()
        .int(1, 8)
        .message(7, (g) => nest(g, depth))
        .finish();
    expect(decodeModel(file(10)).graph.nodes).toHaveLength(1);
    expect(() => decodeModel(file(100))).toThrow(/^ONNX file, byte \d+: graphs are nested more than 16 deep$/);
  });

  it('has values that lead nowhere, twice, or in a circle', () => {
    const node = (op: string, inputs: string[], outputs: string[]): Node => ({
      name: `my ${op}`,
      op,
      domain: '',
      inputs,
      outputs,
      attributes: [],
      doc: '',
    });
    const refused = (change: (g: Graph) => Partial<Graph>): string => {
      try {
        readOnnx(changed(change));
      } catch (error) {
        return (error as Error).message;
      }
      return 'read';
    };
    expect(refused(() => ({}))).toBe('read');
    expect(refused((g) => ({ nodes: [...g.nodes, node('Abs', ['nowhere'], ['y'])] }))).toBe(
      "ONNX: the graph: node 'my Abs' (Abs) reads 'nowhere', which nothing makes",
    );
    expect(refused((g) => ({ nodes: [...g.nodes, node('Abs', ['b'], ['a']), node('Neg', ['a'], ['b'])] }))).toBe(
      "ONNX: the graph: node 'my Abs' (Abs) reads 'b', which node 'my Neg' (Neg) makes only later: a cycle, or out of order",
    );
    expect(refused((g) => ({ nodes: [...g.nodes, node('Abs', ['input'], ['output'])] }))).toMatch(
      /gives a second value 'output'/,
    );
    expect(refused((g) => ({ initializers: [...g.initializers, g.initializers[0]!] }))).toMatch(
      /two initializers '0.weight'/,
    );
    expect(refused((g) => ({ nodes: g.nodes.filter(({ op }) => op !== 'Identity') }))).toMatch(
      /nothing makes the output 'output'/,
    );
    const inBody = (g: Graph): Partial<Graph> => ({
      nodes: g.nodes.map((n) => ({
        ...n,
        attributes: n.attributes.map((a) =>
          a.kind === 'graph' ? { ...a, value: { ...a.value, nodes: a.value.nodes.slice(1) } } : a,
        ),
      })),
    });
    expect(refused(inBody)).toMatch(
      /^ONNX: body of node '0.Scan \d+' \(Scan\): node '.*' \(\w+\) reads '.*', which nothing makes$/,
    );
  });

  it('asks for what cannot be run, or for too much of it', async () => {
    const run = (change: (g: Graph) => Partial<Graph>): Promise<unknown> =>
      replayOnnx(changed(change), sample, { limits: { numbers: 1e6, work: 1e8 } });
    const other =
      (from: string, to: string) =>
      (g: Graph): Partial<Graph> => ({
        nodes: g.nodes.map((n) => (n.op === from ? { ...n, op: to } : n)),
      });
    await expect(run(other('Expand', 'Loop'))).rejects.toThrow(
      /^ONNX: node '0.Expand \d+' \(Loop\): this operator is not known here/,
    );
    const huge =
      (value: number) =>
      (g: Graph): Partial<Graph> => ({
        initializers: g.initializers.map((t) =>
          /^shape\.\[4\]/.test(t.name) ? tensorOf(t.name, TYPE.int64, t.dims, [value]) : t,
        ),
      });
    await expect(run(huge(2 ** 50))).rejects.toThrow(/\(Expand\): .*do not go together/);
    const wide = (g: Graph): Partial<Graph> => ({
      ...huge(2 ** 50)(g),
      nodes: g.nodes.map((n) => (n.op === 'Expand' ? { ...n, inputs: ['constant', n.inputs[1]!] } : n)),
      ...{ initializers: [...(huge(2 ** 50)(g).initializers ?? []), tensorOf('constant', TYPE.float, [], [1])] },
    });
    await expect(run(wide)).rejects.toThrow(
      /\(Expand\): a tensor \[1, 1125899906842624\] beside \d+ numbers passes the limit of 1000000/,
    );
    await expect(
      replayOnnx(
        changed(() => ({})),
        sample,
        { limits: { work: 2000 } },
      ),
    ).rejects.toThrow(/more than the limit of 2000 operations/);
    const m = modelOf(net());
    await expect(replayOnnx(encodeModel({ ...m, metadata: new Map() }), sample)).rejects.toThrow(
      /is the file one that spiketape exported/,
    );
    for (const [layers, says] of [
      ['[', /is no JSON/],
      ['[{"label": 3}]', /must be a list of/],
    ] as const) {
      const metadata = new Map([...m.metadata, ['spiketape.layers', layers]]);
      await expect(replayOnnx(encodeModel({ ...m, metadata }), sample)).rejects.toThrow(says);
    }
    await expect(
      replayOnnx(
        changed(() => ({})),
        { ...sample, N: 9, T: 1 },
      ),
    ).rejects.toThrow(/cannot multiply \[1, 1, 9\] by \[3, 4\]/);
  });
});

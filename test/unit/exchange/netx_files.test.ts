import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/exchange/compare.ts';
import { readHdf5 } from '../../../src/exchange/hdf5/read.ts';
import { dataset, type Hdf5Group, type Hdf5Node } from '../../../src/exchange/hdf5/tree.ts';
import { netOf } from '../../../src/exchange/netx/decode.ts';
import { decodeNetx, encodeNetx, inspectNetx, replayNetx } from '../../../src/exchange/netx/index.ts';
import { readNetxTree } from '../../../src/exchange/netx/read.ts';
import { netxTree } from '../../../src/exchange/netx/write.ts';
import { Conv2d } from '../../../src/layers/conv2d.ts';
import { IF } from '../../../src/layers/if.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Sequential } from '../../../src/layers/sequential.ts';

import { integers, layersOf, onGrid, replay, spikes, zero } from './netx_nets.ts';

const lavas = (): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(new URL('../../fixtures/exchange/lava_dl.net.gz', import.meta.url))));

describe('files', () => {
  test('there and back through HDF5, read by no more than the net needs', async () => {
    const net = onGrid(new Sequential(new LIF(6, 4, { ...zero, beta: 0.75, recurrent: true }), new IF(4, 2, zero)), 2);
    const { files, lost } = await encodeNetx(net, { name: 'net' });
    expect(files.map(({ name }) => name)).toEqual(['net.net']);
    expect(lost).toHaveLength(1);
    const bytes = files[0]!.bytes;
    const tree = await readHdf5(bytes);
    expect(shapeOf(tree)).toEqual({
      layer: {
        0: {
          type: '[1] dense_rec',
          shape: 'BigInt64Array[1]',
          inFeatures: 'BigInt64Array[]',
          outFeatures: 'BigInt64Array[]',
          weight: 'Float32Array[4,6]',
          weight_rec: 'Float32Array[4,4]',
          neuron: NEURON,
        },
        1: {
          type: '[1] dense',
          shape: 'BigInt64Array[1]',
          inFeatures: 'BigInt64Array[]',
          outFeatures: 'BigInt64Array[]',
          weight: 'Float32Array[2,4]',
          neuron: NEURON,
        },
      },
      spiketape: { labels: '[2] 0 LIF,1 IF', scale: 'Float64Array[2]', record: '[2] before reset,before reset' },
    });
    const back = await decodeNetx(bytes);
    expect(back.notes.at(-1)).toContain('drops fractions');
    const again = await encodeNetx(back.net, { name: 'net' });
    // not their bytes: HDF5 keeps the second in which it was written
    expect(await readHdf5(again.files[0]!.bytes)).toEqual(tree);
    const sample = spikes(6, 2);
    const [one, other] = [await replayNetx(bytes, sample), await replayNetx(bytes, sample)];
    expect(one).toEqual(other);
    expect(one.layers.map(({ label }) => label)).toEqual(['0 LIF', '1 IF']);
    expect((await inspectNetx(bytes)).nodes[0]).toMatchObject({
      name: '0',
      type: 'dense_rec',
      shape: '[4, 6]',
      from: [],
    });
  });

  test("one of lava-dl's trainer", async () => {
    const bytes = lavas();
    const { net, notes } = await decodeNetx(bytes);
    expect(Object.entries(net.children).map(([place, l]) => `${place} ${l.config.kind}`)).toEqual([
      '0 Conv2d',
      '1 LIF',
      '2 Flatten',
      '3 CubaLIF',
      '4 IF',
    ]);
    expect(notes).toContain("64 of the file's units are 1");
    const of = (name: string) => net.namedParameters().get(name)!.data;
    expect([...of('1.threshold'), ...of('1.beta')]).toEqual([1.25, 3968 / 4096]);
    expect([...of('3.alpha'), ...of('3.beta')]).toEqual([0.75, 3968 / 4096]);
    expect([...of('4.bias')]).toEqual([3 / 64, 0, -5 / 64, 40 / 64]);
    const sample = spikes(32, 3, 100);
    const said = await replayNetx(bytes, sample);
    expect(said.layers.map(({ label }) => label)).toEqual(['1 LIF', '3 CubaLIF', '4 IF']);
    const whole = await compare(net, sample, said);
    expect(whole.silent).toEqual([]);
    expect(whole.differ).toBeLessThanOrEqual(5);
    // and back: the same integers
    const tree = readNetxTree(await readHdf5(bytes));
    expect(integers(layersOf(net))).toEqual(integers(tree.layers));
    const about = await inspectNetx(bytes);
    expect(about.facts).toMatchObject({ layers: 5, 'written by': 'another tool' });
    expect(about.nodes.map(({ type }) => type)).toEqual(['input', 'conv', 'flatten', 'dense_rec', 'dense']);
  });

  test('a replay needs spikes', async () => {
    const layers = layersOf(onGrid(new Sequential(new IF(2, 2, zero)), 1));
    const half = { T: 1, B: 1, N: 2, inputs: Float32Array.of(1, 0.5) };
    expect(() => replay(layers, half)).toThrow('sample.inputs[1] is 0.5');
    expect(() => replay(layers, { ...half, N: 1 })).toThrow();
  });
});

const NEURON = {
  type: '[] CUBA',
  iDecay: 'BigInt64Array[]',
  vDecay: 'BigInt64Array[]',
  vThMant: 'BigInt64Array[]',
  refDelay: 'BigInt64Array[]',
  gradedSpike: 'BigInt64Array[]',
};

function shapeOf(node: Hdf5Node): unknown {
  if (node.kind === 'group')
    return Object.fromEntries([...node.children].map(([name, child]) => [name, shapeOf(child)]));
  const { data, shape } = node;
  return ArrayBuffer.isView(data) ? `${data.constructor.name}[${shape}]` : `[${shape}] ${data}`;
}

describe('hostile files', () => {
  const good = (): Hdf5Group =>
    netxTree(
      layersOf(onGrid(new Sequential(new LIF(3, 2, { ...zero, beta: 0.5, recurrent: true }), new IF(2, 2, zero)), 1)),
    );

  /** The tree with a node at a path put in place, or taken away. */
  function put(root: Hdf5Group, path: string, node: Hdf5Node | null): Hdf5Group {
    const [first, ...rest] = path.split('/');
    const children = new Map(root.children);
    if (rest.length) children.set(first!, put(children.get(first!) as Hdf5Group, rest.join('/'), node));
    else if (node) children.set(first!, node);
    else children.delete(first!);
    return { kind: 'group', children };
  }
  const int = (...x: number[]) => dataset(BigInt64Array.from(x, BigInt));
  const text = (x: string) => dataset([x]);

  test.each<[string, Hdf5Node | null, string]>([
    ['layer', null, "netx: / has no 'layer'"],
    ['layer', int(1), "netx: / has 'layer' as a dataset, expected a group"],
    ['layer', { kind: 'group', children: new Map() }, '/layer has 0 groups'],
    ['layer/0', null, "netx: /layer has no '0'"],
    ['layer/0/type', text('average'), "netx: /layer/0 is of type 'average', which averages spikes"],
    ['layer/0/type', text('__proto__'), "netx: /layer/0 is of type '__proto__', which is unknown"],
    ['layer/0/type', int(1), "'type' that is not one text"],
    ['layer/1/type', text('input'), "is an 'input' behind other layers"],
    ['layer/0/shape', int(-2), "has [-2] as 'shape'"],
    ['layer/0/shape', int(4), 'has weights of shape [2, 3], expected [4, inputs]'],
    ['layer/0/shape', dataset(BigInt64Array.of(2n ** 62n)), "as 'shape', expected 1 whole numbers in 1 .. 1048576"],
    ['layer/0/inFeatures', int(5), "has 5 as 'inFeatures', its weights have 3"],
    [
      'layer/0/weight',
      dataset(Float32Array.of(1, 2, 3, 4, 5, 6.5), [2, 3]),
      "has 6.5 in 'weight' at 5, expected a whole number",
    ],
    ['layer/0/weight', dataset(Float32Array.of(1, 2, 3, 4, 5, NaN), [2, 3]), "has NaN in 'weight' at 5"],
    ['layer/0/weight', dataset(Float32Array.of(1, 2, 3, -4, 5, 400), [2, 3]), 'the largest weight is 400, above 254'],
    [
      'layer/0/weight',
      dataset(Float32Array.of(1, 2, 3, -4, 5, -300), [2, 3]),
      'the smallest weight is -300, below -256',
    ],
    ['layer/0/weight', dataset(new Float32Array(0), [0, 0]), 'has weights of shape [0, 0]'],
    ['layer/0/weight_rec', dataset(new Float32Array(9), [3, 3]), "has 9 numbers in 'weight_rec', expected at most 4"],
    ['layer/0/weight_rec', null, "netx: /layer/0 has no 'weight_rec'"],
    ['layer/0/bias', dataset(new Float32Array(3)), "has 3 numbers in 'bias'"],
    ['layer/0/bias', dataset(Float32Array.of(0, 5000)), 'has a bias of 5000, expected -4096 .. 4095'],
    ['layer/0/delay', int(0, 3), 'has delays'],
    ['layer/0/neuron', null, "has no 'neuron': it is a plain sum"],
    ['layer/0/neuron/type', text('ALIF'), "netx: /layer/0/neuron has neurons of type 'ALIF', expected CUBA or LOIHI"],
    ['layer/0/neuron/iDecay', int(0), "has 0 as 'iDecay', expected a whole number in 1 .. 4096"],
    ['layer/0/neuron/vDecay', dataset(Float32Array.of(0.5)), "has 0.5 as 'vDecay'"],
    ['layer/0/neuron/vThMant', int(131072), "has 131072 as 'vThMant', expected a whole number in 0 .. 131071"],
    ['layer/0/neuron/vThMant', null, "has no 'vThMant'"],
    ['layer/1/weight', dataset(new Float32Array(6), [2, 3]), "has 2 as 'inFeatures', its weights have 3"],
    ['spiketape/scale', dataset(Float64Array.of(64)), 'has 2 labels, 1 scales'],
    ['spiketape/scale', dataset(Float64Array.of(64, 0)), 'has a scale of 0, expected'],
    ['spiketape/record', dataset(['x', 'y']), "has record 'x', expected"],
    [
      'spiketape/units',
      { kind: 'group', children: new Map([['0', dataset(Float64Array.of(1))]]) },
      'has 2 neurons, /spiketape/units has 1',
    ],
  ])('%s: %#', (path, node, message) => {
    const tree = put(good(), path, node);
    expect(() => readNetxTree(tree)).toThrow(message);
    expect(() => readNetxTree(tree)).toThrow(/^netx: /);
  });

  test('planes that are not there, and planes without end', () => {
    const conv = new Conv2d([1, 4, 4], 2, 2);
    const tree = netxTree(layersOf(onGrid(new Sequential(conv, new IF(18, zero)), 1)));
    const read = (path: string, node: Hdf5Node | null) => () => readNetxTree(put(tree, path, node));
    expect(read('layer/0/shape', int(1, 1048576, 1))).toThrow(
      'the kernel spans 2 x 2, the padded input has only 1048576 x 1',
    );
    expect(read('layer/0/shape', int(1048576, 1048576, 1048576))).toThrow('expected at most 1048576');
    expect(read('layer/1/padding', int(4096, 4096))).toThrow('has shape [2, 3, 3], its convolution makes');
    expect(read('layer/1/stride', int(0, 1))).toThrow("has [0, 1] as 'stride'");
    expect(read('layer/1/groups', int(2))).toThrow('expected [2, 0.5, 2, 2] for planes [1, 4, 4]');
    expect(read('layer/1/kernelSize', int(9, 9))).toThrow('expected [2, 1, 9, 9]');
    expect(read('layer/0', null)).toThrow("has no '0'");
  });

  test('what the integers can say and the layers cannot', () => {
    const net = (path: string, node: Hdf5Node) => () => netOf(readNetxTree(put(good(), path, node)).layers);
    expect(net('layer/0/neuron/vThMant', int(0))).toThrow('netx: /layer/0 has a threshold of 0');
    expect(net('layer/0/weight_rec', dataset(Float32Array.of(2, 2, 0, 0), [2, 2]))).toThrow(
      'on themselves beside others',
    );
    const biased = put(put(good(), 'layer/1/neuron/iDecay', int(9)), 'layer/1/bias', dataset(Float32Array.of(0, 5)));
    expect(() => netOf(readNetxTree(biased).layers)).toThrow('has a bias on the voltage beside a synaptic current');
    const odd = put(good(), 'layer/0/weight', dataset(Float32Array.of(129, -3, 2, 4, -255, 0), [2, 3]));
    const { layers, notes } = readNetxTree(odd);
    expect([...(layers[0] as { weight: Int32Array }).weight]).toEqual([128, -4, 2, 4, -256, 0]);
    expect(notes[0]).toContain('must be even');
  });

  test('any numbers in any field: read or refused', () => {
    const conv = new Conv2d([1, 3, 3], 2, 2);
    const trees = [good(), netxTree(layersOf(onGrid(new Sequential(conv, new IF(8, zero), new IF(8, 2, zero)), 1)))];
    const odd = fc.oneof(
      fc.integer({ min: -3, max: 9 }),
      fc.constantFrom(4096, 4097, 2 ** 31, 2 ** 53, -(2 ** 62), 0.5, NaN, Infinity),
    );
    const node = fc.oneof(
      fc.array(odd, { maxLength: 6 }).map((x): Hdf5Node => dataset(Float64Array.from(x))),
      fc.array(odd.filter(Number.isInteger), { maxLength: 4 }).map((x): Hdf5Node => int(...x)),
      fc.constantFrom<Hdf5Node | null>(null, text('dense_rec'), text('conv'), { kind: 'group', children: new Map() }),
    );
    const changes = fc.array(fc.tuple(fc.nat(), node), { minLength: 1, maxLength: 3 });
    let read = 0;
    fc.assert(
      fc.property(fc.nat(1), changes, (which, list) => {
        let tree = trees[which]!;
        for (const [at, value] of list) {
          const all = [...pathsOf(tree)];
          tree = put(tree, all[at % all.length]!, value);
        }
        try {
          netOf(readNetxTree(tree).layers);
          read++;
        } catch (error) {
          expect((error as Error).message).toMatch(/^netx: \//);
        }
      }),
      { numRuns: 500, seed: 6 },
    );
    expect(read).toBeGreaterThan(5);
    expect([...pathsOf(trees[1]!)]).toContain('layer/1/kernelSize');
  });
});

function* pathsOf(node: Hdf5Node, path = ''): Generator<string> {
  if (node.kind === 'dataset') return;
  for (const [name, child] of node.children) {
    const at = path ? `${path}/${name}` : name;
    yield at;
    yield* pathsOf(child, at);
  }
}

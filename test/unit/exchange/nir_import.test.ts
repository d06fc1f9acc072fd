import { describe, expect, test } from 'vitest';
import type { NirGraph, NirNode } from '../../../src/exchange/nir/file/graph.ts';
import { array, scalar } from '../../../src/exchange/nir/file/values.ts';
import { KEYS } from '../../../src/exchange/nir/from_net/metadata.ts';
import { decodeNir, encodeNir, graphOf, netOf, runNir } from '../../../src/exchange/nir/index.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import {
  AdLIF,
  AHP,
  ALIF,
  AvgPool2d,
  Conv2d,
  CubaLIF,
  Flatten,
  IF,
  type Layer,
  LIF,
  Linear,
  loadModel,
  type Neuron,
  Parallel,
  PLIF,
  Readout,
  Residual,
  Sequential,
  saveModel,
} from '../../../src/index.ts';
import { off } from './nir_nets.ts';

/** Options of a layer, with lists for its numbers. */
const config = (layer: Layer): object => layer.config;

describe('what we wrote comes back as it was', () => {
  const N = 4;
  const nets: [string, Layer[], object?][] = [
    ['LIF', [new LIF(3, N, { reset: 'zero', tau: 7, threshold: 0.5 })]],
    [
      'LIF of several tau, Euler, dt 0.5',
      [new LIF(3, N, { semantics: 'norse', tau: [2, 3, 4, 5], dt: 0.5, bias: true, threshold: 0.25 })],
    ],
    ['LIF after a Linear', [new Linear(3, N), new LIF(N, { reset: 'zero', tau: 3 })]],
    ['recurrent LIF', [new LIF(3, N, { reset: 'zero', tau: 9, recurrent: true })]],
    ['one-to-one', [new LIF(3, N, { reset: 'zero', tau: 9, recurrent: 'one-to-one' })]],
    ['IF', [new IF(3, N, { reset: 'zero', threshold: 2 })]],
    ['PLIF', [new PLIF(3, N, { k: 0.75, threshold: 0.5 })]],
    ['CubaLIF', [new CubaLIF(3, N, { reset: 'zero', tau: 8, tauSyn: 3, synapticDelay: 1 })]],
    ['AHP', [new AHP(3, N, { recurrent: true, tau: 20, tauAhp: 700, beta: [0, 0.5, 0.25, 0.125] })], { compose: true }],
    [
      'AHP, flat',
      [new AHP(3, N, { recurrent: true, tau: 20, tauAhp: 700, beta: 0.5 })],
      { compose: true, recurrence: 'flat', gain: 'tau/dt' },
    ],
    ['LIF by subtraction', [new LIF(3, N, { tau: 20, semantics: 'snntorch' })], { compose: true }],
    ['AdLIF', [new AdLIF(3, N, { tau: 15, tauW: 75, a: -0.5, b: 1 })], { compose: true }],
    ['ALIF', [new ALIF(3, N, { tau: 20, tauAdaptation: 700, beta: 1.75, threshold: 0.125 })], { compose: true }],
    ['a readout', [new Readout(3, N, { tau: 15, delay: 1, bias: true })]],
  ];
  for (const [name, layers, options] of nets)
    test(name, () => {
      const net = new Sequential(...layers);
      for (const [key, p] of net.namedParameters()) if (/bias$/.test(key)) p.data.fill(0.3);
      const back = netOf(graphOf(net, options)).net;
      expect(back.layers.map((l) => l.config.kind)).toEqual(layers.map((l) => l.config.kind));
      const own = net.namedParameters();
      for (const [key, p] of back.namedParameters()) expect(off(p.data, own.get(key)!.data), key).toBeLessThan(2e-7);
      expect([...back.namedParameters().keys()].sort()).toEqual([...own.keys()].sort());
      // weights to the bit
      for (const [key, p] of back.namedParameters())
        if (/weight$/.test(key)) expect(p.data, key).toEqual(own.get(key)!.data);
    });

  test('from a file, in float32 too', async () => {
    const net = new Sequential(new AHP(3, N, { recurrent: true, beta: 0.5 }), new Readout(N, 2));
    for (const precision of ['float64', 'float32'] as const) {
      const { files } = await encodeNir(net, { compose: true, precision });
      const { net: back, notes } = await decodeNir(files[0]!.bytes);
      expect(back.layers.map((l) => l.config.kind)).toEqual(['AHP', 'Readout']);
      const own = net.namedParameters();
      for (const [key, p] of back.namedParameters()) expect(off(p.data, own.get(key)!.data), key).toBeLessThan(1e-5);
      expect(notes.slice(0, 2)).toEqual([
        'NIR 1.0.8',
        expect.stringMatching(/^read as NIR: Euler steps .* in steps of 0.0001 s$/),
      ]);
    }
    await expect(decodeNir(new Uint8Array(0), { semantik: 'nir' } as object)).rejects.toThrow(
      /no option 'semantik'; did you mean/,
    );
  });

  test('containers and planes', () => {
    const conv = new Conv2d([1, 5, 4], 2, [2, 2], { padding: 'same' });
    const pool = new AvgPool2d(conv.outputShape, 2);
    const net = new Sequential(
      conv,
      new LIF(conv.outputs, { reset: 'zero' }),
      pool,
      new Flatten(pool.outputShape),
      new Linear(pool.outputs, 6),
      new Residual(
        new LIF(6, { reset: 'zero', tau: 3 }),
        new Residual(new Linear(6, 6)),
        new Residual(new Linear(6, 6)),
      ),
      new Parallel([new Linear(6, 3), new LIF(6, 3, { reset: 'zero' })], { merge: 'sum' }),
    );
    const { net: back } = netOf(graphOf(net));
    expect(back.layers.map((l) => l.config.kind)).toEqual(net.layers.map((l) => l.config.kind));
    expect(Object.values(back.layers[5]!.children).map((l) => l.config.kind)).toEqual(['LIF', 'Residual', 'Residual']);
    expect(config(back.layers[0]!)).toMatchObject({ inputShape: [1, 5, 4], channels: 2, options: { padding: 'same' } });
  });

  test('not where the order of the nodes makes another thing of it', () => {
    const graph = graphOf(new Sequential(new ALIF(3, 4)), { compose: true });
    const unit = graph.nodes.get('alif_0') as NirGraph;
    const rank = (name: string): number => ['input', 'spike'].indexOf(name) + 1 || 3;
    const turned = { ...unit, nodes: new Map([...unit.nodes].sort(([a], [b]) => rank(a) - rank(b))) };
    expect(() => netOf({ ...graph, nodes: new Map([...graph.nodes, ['alif_0', turned]]) })).toThrow(
      /'alif_0\/spike'.*a Threshold needs a leaky integrator before it/,
    );
  });

  test('not as what it was where the numbers were changed since', () => {
    const graph = graphOf(new Sequential(new AHP(3, 4, { beta: 0.5 })), { compose: true, recurrence: 'flat' });
    const lif = graph.nodes.get('ahp_0_lif') as NirNode;
    const changed = { ...lif, fields: { ...lif.fields, v_reset: array([-1, -1, -1, -1]) } };
    expect(() => netOf({ ...graph, nodes: new Map([...graph.nodes, ['ahp_0_lif', changed]]) })).toThrow(
      /node 'ahp_0_lif' \(AHP\): no layer has such a trace/,
    );
    const plain = graphOf(new Sequential(new LIF(3, 4, { reset: 'zero' })));
    const node = plain.nodes.get('lif_0') as NirNode;
    const other = { ...node, metadata: { ...node.metadata, [KEYS.options]: '{"reset":"none"}' } };
    const { net, notes } = netOf({ ...plain, nodes: new Map([...plain.nodes, ['lif_0', other]]) });
    expect(config(net.layers[0]!)).toMatchObject({ kind: 'LIF' });
    expect(notes.join()).toMatch(/comes back as the LIF that it was/);
    const broken = {
      ...node,
      metadata: { ...node.metadata, [KEYS.options]: '{"tauu":3,"__proto__":{"reset":"none"}}' },
    };
    const again = netOf({ ...plain, nodes: new Map([...plain.nodes, ['lif_0', broken]]) });
    expect(again.notes.join()).toMatch(/there is no option/);
    expect(config(again.net.layers[0]!)).toMatchObject({ kind: 'LIF', options: { reset: 'zero' } });
  });
});

type Nodes = Record<string, NirNode>;
const graphFrom = (nodes: Nodes, edges: string): NirGraph => ({
  type: 'NIRGraph',
  nodes: new Map(Object.entries(nodes)),
  edges: edges.split(', ').map((e) => e.split(' ') as [string, string]),
});
const full = (value: number): ReturnType<typeof array> => array([value, value]);
const input: NirNode = { type: 'Input', fields: { shape: array([2]) } };
const output: NirNode = { type: 'Output', fields: { shape: array([2]) } };
const lif = (fields = {}): NirNode => ({
  type: 'LIF',
  fields: { tau: full(4e-4), r: full(1), v_leak: full(0), v_threshold: full(0.5), ...fields },
});
const linear = (...w: number[]): NirNode => ({ type: 'Linear', fields: { weight: array(w, [2, 2]) } });
const steps = { T: 30, B: 1, N: 2, inputs: Float32Array.from({ length: 60 }, (_, i) => (i * 7) % 5) };

/** A graph comes in as a net that does what the graph does. */
async function expectAlike(graph: NirGraph): Promise<Sequential> {
  const { net } = netOf(graph);
  const [a, b] = [await simulate(net, steps), await runNir(graph, steps)];
  expect(off(a.outputs, b.outputs)).toBeLessThan(1e-5);
  expect(b.outputs.some((x) => x !== 0)).toBe(true);
  return net;
}

describe('graphs of others', () => {
  test('a gain goes into the weights before, or into thresholds', async () => {
    const a = await expectAlike(
      graphFrom(
        { input, fc: linear(1, 2, 3, 4), lif: lif({ r: array([2, 8]) }), output },
        'input fc, fc lif, lif output',
      ),
    );
    expect(Array.from(a.params['0.weight']!.data)).toEqual([0.5, 1, 6, 8]);
    const b = await expectAlike(graphFrom({ input, lif: lif({ r: array([2, 8]) }), output }, 'input lif, lif output'));
    expect(Array.from(b.params['0.threshold']!.data)).toEqual([1, 0.25]);
  });

  test('a resting voltage becomes a bias', async () => {
    const net = await expectAlike(
      graphFrom(
        { input, fc: linear(1, 0, 0, 1), lif: lif({ v_leak: array([0.3, -1]) }), output },
        'input fc, fc lif, lif output',
      ),
    );
    expect(Array.from(net.params['0.bias']!.data, (x) => Number(x.toFixed(6)))).toEqual([0.075, -0.25]);
    await expectAlike(graphFrom({ input, lif: lif({ v_leak: full(0.2) }), output }, 'input lif, lif output'));
  });

  test('connections from neurons to themselves, and a bias that begins with the first spikes', async () => {
    const w: NirNode = {
      type: 'Affine',
      fields: { weight: array([0.5, -0.2, 0.3, 0.7], [2, 2]), bias: array([1, -0.5]) },
    };
    const net = await expectAlike(graphFrom({ input, lif: lif(), w, output }, 'input lif, lif w, w lif, lif output'));
    const layer = net.layers.at(-1) as Neuron;
    expect(layer.config.kind).toBe('Neuron');
    expect(Object.keys(layer.params)).toContain('ownWeight');
    // it is saved as any neurons of one's own, and written again
    expect(loadModel(saveModel(net), { neurons: [layer.definition] }).layers.at(-1)!.config).toEqual(layer.config);
    const again = graphOf(net);
    expect(
      off(
        (await runNir(again, steps)).outputs,
        (await runNir(graphFrom({ input, lif: lif(), w, output }, 'input lif, lif w, w lif, lif output'), steps))
          .outputs,
      ),
    ).toBe(0);
  });

  test('a Threshold alone, integrators in a row, scales, 1-d convolutions', async () => {
    const threshold: NirNode = { type: 'Threshold', fields: { threshold: array([1, 2]) } };
    await expectAlike(graphFrom({ input, threshold, output }, 'input threshold, threshold output'));
    const li: NirNode = { type: 'LI', fields: { tau: full(5e-4), r: full(3), v_leak: full(0) } };
    const scale: NirNode = { type: 'Scale', fields: { scale: array([2, -1]) } };
    await expectAlike(graphFrom({ input, li, scale, two: li, output }, 'input li, li scale, scale two, two output'));
    const cuba: NirNode = {
      type: 'CubaLI',
      fields: {
        tau_syn: full(3e-4),
        tau_mem: full(5e-4),
        r: array([1, 3]),
        v_leak: array([0, 0.5]),
        w_in: array([2, 1]),
      },
    };
    await expectAlike(graphFrom({ input, cuba, output }, 'input cuba, cuba output'));
    await expectAlike(graphFrom({ input, fc: linear(1, 2, 3, 4), cuba, output }, 'input fc, fc cuba, cuba output'));
    const conv: NirNode = {
      type: 'Conv1d',
      fields: {
        input_shape: scalar(2),
        weight: array([1, 2, 3, 4, 5, 6], [1, 1, 6]),
        stride: scalar(1),
        padding: scalar(3),
        dilation: scalar(1),
        groups: scalar(1),
        bias: array([1]),
      },
    };
    const line: NirNode = { type: 'Input', fields: { shape: array([1, 2]) } };
    const end: NirNode = { type: 'Output', fields: { shape: array([1, 3]) } };
    await expectAlike(graphFrom({ input: line, conv, output: end }, 'input conv, conv output'));
  });

  test('what no layer computes is an error with node and type', () => {
    const bad = (nodes: Nodes, edges: string, why: RegExp) =>
      expect(() => netOf(graphFrom({ input, ...nodes, output }, edges))).toThrow(why);
    const delay: NirNode = { type: 'Delay', fields: { delay: full(3e-4) } };
    bad(
      { delay },
      'input delay, delay output',
      /^NIR node 'delay' \(Delay\): no layer delays what it is given.*runNir/,
    );
    bad({ i: { type: 'I', fields: { r: full(1) } } }, 'input i, i output', /'i'.*(beta|decay)/);
    bad(
      { a: lif(), b: lif(), w: linear(1, 0, 0, 1) },
      'input a, a b, b w, w a, b output',
      /'a' \(LIF\): stands together with 'b', 'w', and 2 of them fire.*runNir/,
    );
    bad({ a: lif(), w: linear(1, 0, 0, 1) }, 'input a, a w, w a, w output', /'w' is read from outside/);
    bad({ a: lif({ r: full(-1) }) }, 'input a, a output', /node 'a'.*the gain of neuron 0 is .*, not above 0/);
    bad({ a: lif({ v_threshold: full(-1) }) }, 'input a, a output', /node 'a'.*threshold/);
    bad(
      { a: lif(), b: lif(), c: linear(1, 0, 0, 1), d: lif() },
      'input a, input b, a c, b c, a d, c output, d output',
      /what comes together at .*'output'.* is no sum of branches/,
    );
  });
});

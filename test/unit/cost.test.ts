import { expect, it } from 'vitest';
import { type Cost, type CostRow, costOf, horowitz, joules, loihi, lstmCost } from '../../src/cost/index.ts';
import {
  AHP,
  ALIF,
  AvgPool2d,
  BatchNorm,
  Conv2d,
  Dataset,
  type DatasetSource,
  Dropout,
  Encode,
  Engine,
  encode,
  Flatten,
  IF,
  LIF,
  Linear,
  Parallel,
  Readout,
  Residual,
  Sequential,
  SumPool2d,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Counts worked out by hand: nets whose weights make every neuron follow its inputs.

const run = (net: Sequential, source: DatasetSource, options = {}): Promise<Cost> =>
  costOf(new Engine(new ReferenceDevice()), net, new Dataset(source), options);

const spikes = (
  steps: number,
  inputs: number,
  rows: readonly string[],
  lengths?: readonly number[],
): DatasetSource => ({
  steps,
  inputs,
  form: 'bits',
  values: rows.flatMap((row) => [...row.replaceAll(' ', '')].map(Number)),
  labels: rows.map(() => 0),
  ...(lengths ? { lengths } : {}),
});

/** Gives a parameter its values. */
function set(net: Sequential, name: string, values: ArrayLike<number> | number): void {
  const p = net.namedParameters().get(name)!;
  if (typeof values === 'number') p.data.fill(values);
  else p.data.set(values);
}

const work = ({ steps, spikes: fired, synapticOperations, multiplyAccumulates, dense, updates }: CostRow): number[] => [
  steps,
  fired,
  synapticOperations,
  multiplyAccumulates,
  dense,
  updates,
];

/** Fires at every step at which its one strong input does, and forgets. */
const relay = { reset: 'zero', tau: 1e-3 } as const;

it('counts a feed-forward net as by hand', async () => {
  const net = new Sequential(new LIF(2, 3, relay), new Readout(3, 2));
  // neuron 0 follows input 0, neurons 1 and 2 follow input 1
  set(net, '0.weight', [10, 0, 0, 10, 0, 10]);
  const cost = await run(net, spikes(4, 2, ['10 11 00 01', '01 00 00 00']));
  // 5 input spikes, 2 of input 0 and 3 of input 1: 2 + 2 * 3 spikes, over 2 samples
  expect(cost.inputSpikes).toBe(2.5);
  expect(cost.samples).toBe(2);
  expect(cost.layers.map((l) => l.name)).toEqual(['0 LIF', '1 Readout']);
  expect(work(cost.layers[0]!)).toEqual([4, 4, (5 * 3) / 2, 0, 6 * 4, 3 * 4]);
  expect(work(cost.layers[1]!)).toEqual([4, 0, 4 * 2, 0, 6 * 4, 2 * 4]);
  expect(work(cost.total)).toEqual([4, 4, 7.5 + 8, 0, 48, 20]);
  expect(cost.total).toMatchObject({ weights: 12, weightBytes: 48, weightBytes8: 12, states: 5, stateBytes: 20 });
  expect(cost.total.perStep).toEqual({ spikes: 1, synapticOperations: 15.5 / 4, multiplyAccumulates: 0, dense: 12 });
  expect(cost.lstm).toBeNull();
});

it('counts a dense input as products at every step', async () => {
  const net = new Sequential(new LIF(3, 2, relay), new Linear(2, 2));
  set(net, '0.weight', 10);
  const cost = await run(net, { steps: 2, inputs: 3, values: [1, 0, 0, 0, 0, 0], labels: [0] });
  expect(cost.inputSpikes).toBeNull();
  expect(work(cost.layers[0]!)).toEqual([2, 2, 0, 12, 12, 4]);
  // its bias is added at every step
  expect(work(cost.layers[1]!)).toEqual([2, 0, 4, 0, 8, 0]);
  expect(cost.layers[1]!.adds).toBe(4);
});

it('leaves out what is past a sample’s length', async () => {
  const net = new Sequential(new LIF(1, 2, relay), new Readout(2, 1));
  set(net, '0.weight', 10);
  const cost = await run(net, spikes(4, 1, ['1111', '0100'], [2, 4]));
  expect(cost.inputSpikes).toBe(1.5);
  expect(work(cost.layers[0]!)).toEqual([3, 3, 3, 0, 6, 6]);
  expect(work(cost.layers[1]!)).toEqual([3, 0, 3, 0, 6, 3]);
});

it('counts recurrent spikes at the step after, and no connection to itself', async () => {
  const net = new Sequential(new LIF(1, 3, { ...relay, recurrent: true }));
  set(net, '0.weight', 10);
  set(net, '0.recurrent.weight', 0);
  const source = spikes(4, 1, ['1011', '1100'], [4, 2]);
  const { layers, lstm } = await run(net, source);
  // 15 spikes; those of the last steps, 3 of either sample, go nowhere: 9, each to 2 others; and 5 of the input to 3
  expect(work(layers[0]!)).toEqual([3, 15 / 2, (9 * 2 + 5 * 3) / 2, 0, 3 * (3 + 6), 9]);
  expect(layers[0]!.weights).toBe(3 + 6);
  expect(lstm).toMatchObject({ multiplyAccumulates: 3 * 4 * 3 * (1 + 3), functions: 3 * 5 * 3, states: 6 });
  const one = new Sequential(new LIF(1, 3, { ...relay, recurrent: 'one-to-one' }));
  set(one, '0.weight', 10);
  set(one, '0.recurrent.weight', 0);
  const alone = (await run(one, source)).layers[0]!;
  expect(work(alone)).toEqual([3, 15 / 2, (9 + 5 * 3) / 2, 0, 3 * (3 + 3), 9]);
  // the sum with the own spike is a synaptic operation, and not counted twice
  expect(alone.adds).toBe(layers[0]!.adds);
  expect(alone.weights).toBe(6);
});

it('counts only the connections that there are', async () => {
  const net = new Sequential(
    new LIF(2, 3, {
      ...relay,
      connections: { mask: ['10', '01', '10'] },
      recurrent: true,
      recurrentConnections: { mask: ['010', '000', '110'] },
    }),
    new Readout(3, 2, { connections: { mask: ['100', '001'] } }),
  );
  set(net, '0.weight', [10, 0, 0, 10, 10, 0]);
  set(net, '0.recurrent.weight', 0);
  const cost = await run(net, spikes(3, 2, ['10 01 11']));
  // input 0 reaches neurons 0 and 2, input 1 neuron 1; within the layer 0 reaches 2, 1 reaches 0 and 2
  // spikes: step 0 {0, 2}, step 1 {1}, step 2 all: 6, of which 3 go on: 1 + 0 + 2
  expect(work(cost.layers[0]!)).toEqual([3, 6, 2 * 2 + 2 + 3, 0, 3 * (3 + 3), 9]);
  expect(work(cost.layers[1]!)).toEqual([3, 0, 4, 0, 6, 6]);
  expect(cost.total.weights).toBe(3 + 3 + 2);
});

it('counts a convolution’s connections with their edges, and spikes through poolings', async () => {
  const conv = new Conv2d([1, 3, 3], 2, 2, { padding: 1, bias: false });
  const net = new Sequential(
    conv,
    new IF(conv.outputs, { reset: 'zero' }),
    new SumPool2d(conv.outputShape, 2),
    new Flatten([2, 2, 2]),
    new Linear(8, 3, { bias: false }),
  );
  set(net, '0.weight', 2);
  // one spike in the corner: with padding it is in 4 windows of either channel
  const cost = await run(net, spikes(2, 9, ['100 000 000 000 000 000']));
  const [made, fired, after] = cost.layers as [CostRow, CostRow, CostRow];
  expect(cost.layers.map((l) => l.name)).toEqual(['0 Conv2d', '1 IF', '4 Linear']);
  expect(work(made)).toEqual([2, 0, 8, 0, 2 * 9 * 8, 0]);
  expect(made.weights).toBe(8);
  expect(work(fired)).toEqual([2, 8, 0, 0, 0, 64]);
  // all 4 places of a channel are in the first window
  expect(work(after)).toEqual([2, 0, 8 * 3, 0, 2 * 24, 0]);
});

it('counts a strided, grouped and masked convolution tap by tap', async () => {
  const conv = new Conv2d([2, 3, 4], 2, [2, 3], { stride: [1, 2], padding: [0, 1], groups: 2, bias: false });
  const masked = new Conv2d([2, 2, 2], 1, 2, { bias: false, connections: { mask: ['10000010'] } });
  const all = await run(new Sequential(conv), spikes(1, 24, ['1'.repeat(24)]));
  // 2 channels, 2 rows of windows with 2 rows each, and of 2 windows along columns one is half outside: 2 + 3
  const taps = 2 * 2 * 2 * (2 + 3);
  // with a spike of every input, synaptic operations and products are the same
  expect([all.total.synapticOperations, all.total.dense]).toEqual([taps, taps]);
  const few = await run(new Sequential(masked), spikes(1, 8, ['1000 1110']));
  expect(work(few.total)).toEqual([1, 0, 2, 0, 2, 0]);
  expect(few.total.weights).toBe(2);
});

it('takes sums and concatenations of spikes for spikes, and other sums for products', async () => {
  const body = new Sequential(new LIF(2, 2, relay));
  const net = new Sequential(new Residual(body), new Linear(2, 3, { bias: false }));
  set(net, '0.body.0.0.weight', [10, 0, 0, 10]);
  const twice = await run(net, spikes(2, 2, ['10 11']));
  // each of the 3 spikes comes twice
  expect(twice.layers.map((l) => [l.name, l.synapticOperations])).toEqual([
    ['0.body.0.0 LIF', 6],
    ['1 Linear', 18],
  ]);
  const beside = new Sequential(
    new Parallel([new LIF(2, 2, relay), new LIF(2, 1, relay)]),
    new Dropout(3),
    new Linear(3, 2, { bias: false }),
  );
  set(beside, '0.0.weight', [10, 0, 0, 10]);
  set(beside, '0.1.weight', [10, 0]);
  const both = await run(beside, spikes(2, 2, ['10 11']));
  expect(both.layers.at(-1)!.synapticOperations).toBe((3 + 2) * 2);
  const mixed = new Sequential(new Residual(new Linear(2, 2)), new Linear(2, 3, { bias: false }));
  const dense = await run(mixed, spikes(2, 2, ['10 11']));
  expect(dense.layers.map((l) => [l.name, l.multiplyAccumulates, l.adds])).toEqual([
    ['0.body.0 Linear', 0, 4],
    ['0 Residual', 0, 4],
    ['1 Linear', 12, 0],
  ]);
});

it('takes a sum of spikes and of their means for no spikes', async () => {
  const pools = new Parallel([new AvgPool2d([1, 2, 2], 2), new SumPool2d([1, 2, 2], 2)], { merge: 'sum' });
  const cost = await run(new Sequential(pools, new Linear(1, 3, { bias: false })), spikes(2, 4, ['1110 0000']));
  expect(cost.layers.map((l) => [l.name, l.synapticOperations, l.multiplyAccumulates, l.adds])).toEqual([
    ['0 Parallel', 0, 0, 2],
    ['1 Linear', 0, 6, 0],
  ]);
});

it('takes pooled means for spikes, and a current of spikes for a connection each', async () => {
  const pool = new AvgPool2d([1, 2, 2], 2);
  const net = new Sequential(pool, new IF(1, { threshold: 0.2 }), new IF(1));
  const cost = await run(net, spikes(1, 4, ['1110']));
  expect(cost.layers.map((l) => [l.name, l.synapticOperations, l.spikes])).toEqual([
    ['1 IF', 3, 1],
    ['2 IF', 1, 0],
  ]);
});

it('counts normalisations, encoders and pools of dense values', async () => {
  const net = new Sequential(
    new Encode(4, encode.latency({ steps: 5 })),
    new SumPool2d([1, 2, 2], 2),
    new BatchNorm(1),
    new AvgPool2d([1, 1, 1], 1),
    new IF(1),
  );
  const cost = await run(net, { steps: 1, inputs: 4, values: [0.1, 0.5, 0.9, 0.7], labels: [0] });
  const [encoder, norm, pool] = cost.layers as [CostRow, CostRow, CostRow];
  expect(cost.layers.map((l) => l.kind)).toEqual(['Encode', 'BatchNorm', 'AvgPool2d', 'IF']);
  expect([encoder.spikes, encoder.steps]).toEqual([4, 5]);
  expect(norm).toMatchObject({ adds: 5, multiplies: 5, weights: 2 });
  expect(pool).toMatchObject({ adds: 0, multiplies: 0 });
  expect(cost.notes.join()).toContain('0 Encode: its spikes are counted');
});

it('counts weights once that stand in several places', async () => {
  const shared = new LIF(2, 2, relay);
  const cost = await run(new Sequential(shared, shared), spikes(1, 2, ['11']));
  expect(cost.layers.map((l) => l.weights)).toEqual([4, 4]);
  expect(cost.total.weights).toBe(4);
});

it('gives the same whatever the batches are', async () => {
  const net = new Sequential(new AHP(3, 5, { recurrent: true, weightGain: 3 }), new Readout(5, 2)).initialize(1);
  const rows = Array.from({ length: 5 }, (_, i) => '110 011 101 111'.slice(i) + '000 '.slice(0, i));
  const source = spikes(
    4,
    3,
    rows.map((r) => r.replaceAll(' ', '').padEnd(12, '1')),
    [4, 3, 2, 1, 4],
  );
  const whole = await run(net, source);
  const pieces = await costOf(new Engine(new ReferenceDevice()), net, new Dataset(source), { batchSize: 2 });
  expect(whole.total.spikes).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify(pieces))).toEqual(JSON.parse(JSON.stringify(whole)));
});

it('spreads the samples over the set', async () => {
  const net = new Sequential(new LIF(1, 1, relay));
  const cost = await run(net, spikes(1, 1, ['1', '0', '0', '1', '0', '0']), { samples: 2 });
  expect([cost.samples, cost.inputSpikes]).toEqual([2, 1]);
});

it('counts an LSTM by hand', () => {
  const { total, layers } = lstmCost({ inputs: 80, hidden: 240, outputs: 10, steps: 840 });
  const products = 4 * 240 * (80 + 240);
  expect(layers.map((l) => l.dense)).toEqual([840 * products, 840 * 2400]);
  expect(total).toMatchObject({
    multiplyAccumulates: 840 * (products + 2400),
    functions: 840 * 5 * 240,
    multiplies: 840 * 3 * 240,
    adds: 840 * (9 * 240 + 10),
    weights: products + 960 + 2410,
    states: 480,
  });
  expect(() => lstmCost({ inputs: 0, hidden: 1, steps: 1 })).toThrow('inputs must be a whole number above 0, got 0');
});

it('puts an LSTM in the place of a recurrent layer, with the matrix before it', async () => {
  const net = (...layers: ConstructorParameters<typeof Sequential>): Sequential => new Sequential(...layers);
  const source = spikes(2, 3, ['111 111']);
  const own = await run(net(new AHP(3, 5, { recurrent: true }), new Readout(5, 2)), source);
  const apart = await run(net(new Linear(3, 5), new AHP(5, { recurrent: true }), new Readout(5, 2)), source);
  const products = 2 * (4 * 5 * (3 + 5) + 10);
  expect(own.lstm!.multiplyAccumulates).toBe(products);
  expect(apart.lstm!.multiplyAccumulates).toBe(products);
  const alone = await run(net(new ALIF(3, { recurrent: true })), source);
  expect(alone.lstm!.multiplyAccumulates).toBe(2 * 4 * 3 * (3 + 3));
});

it('refuses what is no set, no number and no option', async () => {
  const net = new Sequential(new LIF(1, 1));
  const source = spikes(1, 1, ['1']);
  await expect(run(net, source, { sample: 3 })).rejects.toThrow("costOf: there is no option 'sample'");
  await expect(run(net, source, { samples: 0 })).rejects.toThrow('samples must be a whole number above 0, got 0');
  expect(() => horowitz({ memory: 'ram' as 'sram' })).toThrow("horowitz: memory is 'ram'");
  expect(() => horowitz({ arithmetic: 'float64' as 'int8' })).toThrow("did you mean 'float");
});

it('is plain data, and a table', async () => {
  const net = new Sequential(new LIF(1, 2, { ...relay, recurrent: true }), new Readout(2, 1));
  set(net, '0.weight', 10);
  const cost = await run(net, spikes(2, 1, ['11']));
  expect(JSON.parse(JSON.stringify(cost)).total.spikes).toBe(4);
  expect(String(cost).split('\n').slice(0, 6)).toEqual([
    'cost of an inference, mean of 1 sample, 2 spikes into the net',
    'layer                  steps  spikes  synaptic ops  MACs  without spikes  updates  weights  state',
    '0 LIF                      2       4             6     0               8        4     16 B    8 B',
    '1 Readout                  2       0             4     0               4        2     12 B    4 B',
    'in all                     2       4            10     0              12        6     28 B   12 B',
    'LSTM of the same size      2       0             0    52              52        0    140 B   16 B',
  ]);
  expect(joules(0.5)).toBe('0.500 pJ');
  expect(joules(363e6)).toBe('363 µJ');
  expect(loihi.source).toContain('23.6 pJ');
});

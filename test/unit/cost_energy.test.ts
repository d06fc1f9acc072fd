import { expect, it } from 'vitest';
import type { Op } from '../../src/autograd/op.ts';
import { perByte } from '../../src/cost/energy.ts';
import { type Cost, costOf, type Hardware, horowitz, loihi, lstmCost, updateOperations } from '../../src/cost/index.ts';
import { GRU, LSTM } from '../../src/gated/index.ts';
import {
  AHP,
  ALIF,
  Dataset,
  dense,
  Engine,
  Layer,
  LIF,
  Linear,
  Parameter,
  Readout,
  Sequential,
  slice,
  type Tensor,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

// Energies from counts, worked out by hand.

const relay = { reset: 'zero', tau: 1e-3 } as const;

/** 2.5 spikes into 2 inputs, 4 out of 3 neurons, over 4 steps; see the first case of cost.test.ts. */
async function costs(hardware: readonly Hardware[]): Promise<Cost> {
  const net = new Sequential(new LIF(2, 3, relay));
  net.namedParameters().get('0.weight')!.data.set([10, 0, 0, 10, 0, 10]);
  const values = [...'1011000101000000'].map(Number);
  const set = new Dataset({ steps: 4, inputs: 2, form: 'bits', values, labels: [0, 0] });
  return costOf(new Engine(new ReferenceDevice()), net, set, { hardware });
}

it('counts what a step of a neuron takes', () => {
  const of = (layer: LIF | AHP | ALIF | Readout) => Object.values(updateOperations(layer.definition));
  // alpha v + I, the comparison, and what the reset takes off: additions, multiplications, functions
  expect(of(new LIF(1, 1))).toEqual([3, 1, 0]);
  // v (1 - z) only selects
  expect(of(new LIF(1, 1, { reset: 'zero' }))).toEqual([2, 1, 0]);
  // the weight on the own spike is a synaptic operation
  expect(of(new LIF(1, 1, { recurrent: 'one-to-one' }))).toEqual([3, 1, 0]);
  // a period that is counted down: two comparisons and a subtraction more
  expect(of(new LIF(1, 1, { refractory: 5 }))).toEqual([6, 1, 0]);
  expect(of(new LIF(1, 1, { refractory: 1 }))).toEqual([3, 1, 0]);
  // rho a - beta z ; alpha v (1 - z) + I + a ; the comparison
  expect(of(new AHP(1, 1))).toEqual([4, 2, 0]);
  // rho b + (1 - rho) z ; theta + beta b ; alpha v + (1 - alpha) I - z theta ; the comparison
  expect(of(new ALIF(1, 1))).toEqual([5, 4, 0]);
  expect(of(new Readout(1, 1))).toEqual([1, 1, 0]);
});

it('prices operations and every access to memory', async () => {
  const { estimates } = await costs([horowitz(), horowitz({ memory: 'none' }), loihi]);
  const [full, operations, chip] = estimates;
  // 7.5 synaptic operations, 12 updates of 2 additions and a multiplication
  const arithmetic = 7.5 * 0.9 + 12 * (2 * 0.9 + 3.7);
  // weights; sums read and written, states and sum read, states written; addresses of 1 and of 2 bits; 10 pJ for 8 bytes
  const moved = (7.5 * 4 + (2 * 7.5 + 12 * 3) * 4 + (2.5 * 1 + 4 * 2) / 8) * (10 / 8);
  expect(full!.spiking!.operations).toBeCloseTo(arithmetic, 9);
  expect(full!.spiking!.memory).toBeCloseTo(moved, 9);
  expect(full!.spiking!.total).toBeCloseTo(arithmetic + moved, 9);
  expect(full!.dense!.operations).toBeCloseTo(24 * 4.6, 9);
  expect(full!.dense!.memory).toBeCloseTo((24 + 24 + 12) * 4 * (10 / 8), 9);
  expect(operations!.spiking).toMatchObject({ memory: 0, total: full!.spiking!.operations });
  expect(operations!.dense).toMatchObject({ memory: 0, total: full!.dense!.operations });
  expect(chip!.spiking).toEqual({
    operations: expect.closeTo(7.5 * 23.6 + 12 * 81 + 4 * 1.7, 9),
    memory: 0,
    total: expect.closeTo(1155.8, 9),
  });
});

it('has weights alone cost more when they are in DRAM, and less with 8 bits', async () => {
  const { estimates } = await costs([horowitz(), horowitz({ memory: 'dram' }), horowitz({ arithmetic: 'int8' })]);
  const [full, outside, narrow] = estimates.map((e) => e.spiking!);
  expect(outside!.operations).toBe(full!.operations);
  expect(outside!.memory - full!.memory).toBeCloseTo(7.5 * 4 * (1300 / 8 - 10 / 8), 9);
  expect(full!.memory - narrow!.memory).toBeCloseTo(7.5 * 3 * (10 / 8), 9);
  expect(narrow!.operations).toBeCloseTo(7.5 * 0.1 + 12 * (2 * 0.1 + 3.1), 9);
  expect(estimates[2]!.dense!.operations).toBeCloseTo(24 * 0.3, 9);
});

it('has a byte cost more in a larger memory', () => {
  const { memory } = horowitz();
  const at = (bytes: number): number => Number((8 * perByte(memory!, bytes)).toPrecision(12));
  expect([1, 8192, 32768, 2 ** 20, 2 ** 24].map(at)).toEqual([10, 10, 20, 100, 100]);
  expect(at(16384)).toBeCloseTo(10 * Math.SQRT2, 9);
  expect(at(2 ** 18)).toBeGreaterThan(40);
  expect(at(2 ** 18)).toBeLessThan(60);
});

it('says what has no figure, and estimates nothing where products have none', async () => {
  const lstm = lstmCost({ inputs: 2, hidden: 3, steps: 5 }, [horowitz({ memory: 'none' }), loihi]);
  expect(lstm.estimates[0]!.spiking!.total).toBeCloseTo(5 * (60 * 4.6 + 27 * 0.9 + 9 * 3.7), 9);
  expect(lstm.estimates[0]!.dense).toEqual(lstm.estimates[0]!.spiking);
  expect(lstm.estimates[0]!.leftOut[0]).toBe('75 exponentials, quotients and the like of the net');
  expect(lstm.estimates[1]!.spiking).toBeNull();
  expect(lstm.estimates[1]!.leftOut).toEqual([
    '300 multiply-accumulates of the net',
    '300 multiply-accumulates of the same without spikes',
  ]);
  expect(String(lstm)).toContain('energy, Loihi: no estimate, without spikes no estimate');
});

it('counts gated layers that run as those that do not', async () => {
  const set = new Dataset({
    steps: 4,
    inputs: 3,
    values: new Float32Array(24).fill(1),
    labels: [0, 0],
    lengths: [4, 2],
  });
  const of = (...layers: ConstructorParameters<typeof Sequential>) =>
    costOf(new Engine(new ReferenceDevice()), new Sequential(...layers), set, { hardware: [horowitz()] });
  const lstm = await of(new LSTM(3, 5), new Linear(5, 2));
  const counted = lstmCost({ inputs: 3, hidden: 5, outputs: 2, steps: 3 });
  for (const what of ['multiplyAccumulates', 'dense', 'adds', 'multiplies', 'functions', 'weights', 'states'] as const)
    expect([what, lstm.total[what]]).toEqual([what, counted.total[what]]);
  expect([lstm.notes, lstm.layers.map((l) => l.name)]).toEqual([[], ['0 LSTM', '1 Linear']]);
  // n = tanh(a + r (s + b)), h = (1 - z) n + z h
  const gru = await of(new GRU(3, 5));
  expect(gru.total).toMatchObject({
    multiplyAccumulates: 3 * 3 * 5 * (3 + 5),
    multiplies: 3 * 3 * 5,
    functions: 3 * 3 * 5,
  });
});

it('takes a user’s own figures', async () => {
  const mine: Hardware = {
    ...loihi,
    name: 'mine',
    picojoules: { ...loihi.picojoules, synapticOperation: 1, update: 0, spike: 10 },
  };
  expect((await costs([mine])).estimates[0]!.spiking!.total).toBe(7.5 + 40);
});

/** The input as it is, by an operation with a matrix that says of its cost what it is told. */
class Own extends Layer {
  readonly config = { kind: 'Own' };
  readonly inputs = 3;
  readonly outputs = 3;
  readonly params: { weight?: Parameter };
  readonly #op: Op<null>;

  constructor(cost?: NonNullable<Op<null>['cost']>, weights = true) {
    super();
    this.params = weights ? { weight: new Parameter([4, 3], { fill: 1 }) } : {};
    this.#op = {
      name: 'own',
      key: () => '',
      forward: (low, node) => low.give(node.outputs[0]!, low.of(node.inputs[0]!)),
      ...(cost ? { cost } : {}),
    };
  }

  forward(x: Tensor): Tensor {
    const params = this.params.weight ? [this.params.weight] : [];
    const spec = { form: 'f32' as const, shape: x.shape, requiresGrad: true, lengths: x.lengths };
    return x.tape.record(this.#op, [dense(x)], params, null, [spec], this.label)[0]!;
  }
}

/** The first of two steps. */
class First extends Own {
  override forward(x: Tensor): Tensor {
    return slice(x, 0, 0, 1);
  }
}

it('takes an operation’s word for what it takes, or says that it assumes', async () => {
  const of = async (layer: Own) => {
    const net = new Sequential(layer, new Linear(3, 2, { bias: false }));
    const set = new Dataset({ steps: 2, inputs: 3, form: 'bits', values: [1, 0, 1, 0, 1, 0], labels: [0] });
    return costOf(new Engine(new ReferenceDevice()), net, set, { hardware: [horowitz()] });
  };
  const said = await of(new Own(() => ({ multiplyAccumulates: 7, adds: 3, functions: 2, states: 5 })));
  expect(said.layers[0]).toMatchObject({
    multiplyAccumulates: 14,
    dense: 14,
    adds: 6,
    functions: 4,
    states: 5,
    weights: 12,
  });
  expect(said.notes).toEqual([]);
  expect(said.estimates[0]!.leftOut[0]).toBe('4 exponentials, quotients and the like of the net');
  // what follows gets no spikes
  expect(said.layers[1]).toMatchObject({ synapticOperations: 0, multiplyAccumulates: 12 });
  const silent = await of(new Own());
  expect(silent.layers[0]).toMatchObject({ multiplyAccumulates: 24 });
  expect(silent.notes[0]).toContain(
    "0 Own: the operation 'own' does not say what it takes; products with its matrices",
  );
  const sums = await of(new Own(() => ({ sums: true }), false));
  expect(sums.layers.map((l) => [l.name, l.synapticOperations])).toEqual([['1 Linear', 6]]);
  const part = await of(new First(undefined, false));
  expect(part.layers.map((l) => [l.name, l.synapticOperations, l.dense])).toEqual([['1 Linear', 4, 6]]);
});

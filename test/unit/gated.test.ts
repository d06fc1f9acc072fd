import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { type Gated, GRU, LSTM } from '../../src/gated/index.ts';
import { lstmCell } from '../../src/gated/lstm_cell.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { chooseGatedPath } from '../../src/kernels/gated.ts';
import { defineGated, fromInput, fromStates, logistic } from '../../src/kernels/gated_cell.ts';
import { registered } from '../../src/layers/kinds.ts';
import { CarriedState } from '../../src/layers/layer.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { state } from '../../src/neurons/definition.ts';
import { tanh } from '../../src/neurons/expr.ts';
import { Adam } from '../../src/optim/adam.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { gatedBackward } from '../../src/reference/gated.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { Stepper } from '../../src/train/stepper.ts';
import { weightedSum } from '../gpu/cases/engine-support/ops.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { gradient64, parameterGradient64, read64 } from '../support/float64.ts';
import { type OverGated, overGated } from '../support/gated.ts';
import { Random } from '../support/random.ts';

const kinds: Readonly<Record<string, new (inputs: number, H: number) => Gated>> = { LSTM, GRU };
const layerOf = (kind: string, inputs: number, H: number): Gated => new kinds[kind]!(inputs, H);

interface Measured {
  readonly parameters: Readonly<Record<string, number[]>>;
  readonly gradients: Readonly<Record<string, number[]>>;
  readonly x: number[];
  readonly start: number[];
  readonly w: number[];
  readonly v: number[];
  readonly output: number[];
  readonly final: number[];
}

const near = (actual: ArrayLike<number>, expected: readonly number[], what: string): void => {
  expect(actual.length, what).toBe(expected.length);
  const worst = expected.reduce((most, e, i) => Math.max(most, Math.abs(e - actual[i]!)), 0);
  expect(worst, what).toBeLessThan(1e-10);
};

describe('PyTorch', () => {
  const file = new URL('../fixtures/torch_gated.json', import.meta.url);
  const fixture = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const [T, B, inputs, H] = [fixture.T, fixture.B, fixture.inputs, fixture.H] as [number, number, number, number];
  const weighted: Twin = (c) => {
    const [x, weights, result, gradient] = ['x', 'weights', 'result', 'gradient'].map((n) => c.of(n));
    const factor = c.slot(c.dims.slot!);
    x!.forEach((value, i) => {
      gradient![i] = factor * weights![i]!;
      result![i] = gradient![i]! * value;
    });
  };

  it.each(Object.keys(kinds))('%s has its outputs, final states and gradients', async (kind) => {
    const given = fixture[kind] as Measured;
    const layer = layerOf(kind, inputs, H);
    const net = new Sequential(layer);
    expect(Object.keys(layer.params)).toEqual(Object.keys(given.parameters));
    for (const [name, values] of Object.entries(given.parameters)) layer.params[name]!.data.set(values);
    const engine = new Engine(new ReferenceDevice({ twins: new Map([['weighted_sum', weighted]]) }));
    engine.bind(net);
    const tape = engine.tape();
    const x = tape.input(given.x, { shape: [T, B, inputs], requiresGrad: true });
    const start = tape.input(given.start, { shape: [given.start.length / B / H, B, H], requiresGrad: true });
    x.keepGradient();
    start.keepGradient();
    const { h, final } = layer.run(x, start);
    h.keep();
    final.keep();
    const loss = weightedSum(h, given.w).add(weightedSum(final, given.v));
    loss.backward();
    await tape.run();
    near(await read64(h), given.output, 'output');
    near(await read64(final), given.final, 'final states');
    near(await gradient64(x, loss), given.gradients.x!, 'gradient of x');
    near(await gradient64(start, loss), given.gradients.start!, 'gradient of the initial states');
    for (const [name, p] of Object.entries(layer.params))
      near(parameterGradient64(tape, p), given.gradients[name]!, `gradient of ${name}`);
  });
});

describe('finite differences', () => {
  const shapes: [string, OverGated & { inputs: number; H: number }][] = [
    ['one step', { inputs: 2, H: 5, T: 1, B: 1, start: true }],
    ['start and unequal lengths', { inputs: 3, H: 5, T: 7, B: 3, start: true, lengths: [7, 0, 4] }],
    ['spikes, the final states alone', { inputs: 6, H: 3, T: 6, B: 2, spikes: true, of: 'final' }],
    ['the outputs alone', { inputs: 2, H: 8, T: 5, B: 2, of: 'outputs' }],
  ];
  for (const kind of Object.keys(kinds)) {
    it.each(shapes)(`${kind}, %s`, async (_, { inputs, H, ...options }) => {
      const agreements = await finiteDifferences(overGated(layerOf(kind, inputs, H), options));
      for (const { name, size, error } of agreements) {
        expect(error, name).toBeLessThan(1e-7);
        expect(size, name).toBeGreaterThan(1e-4);
      }
      const params = Object.keys(layerOf(kind, 1, 1).params).map((n) => `0.${n}`);
      expect(agreements.map((a) => a.name)).toEqual(expect.arrayContaining([...params, 'x']));
    });

    it(`${kind}: an error in what goes back in time is found`, async () => {
      const wrong: Twin = (c) => {
        gatedBackward(c);
        const values = c.of('gates');
        // the last gate of the first unit in the first step
        values[3 * 4]! *= 1.01;
      };
      const twins = new Map([['gated_backward', wrong]]);
      const agreements = await finiteDifferences(overGated(layerOf(kind, 3, 4), { T: 4, B: 1 }), { twins });
      expect(Math.max(...agreements.map((a) => a.error))).toBeGreaterThan(1e-5);
    });
  }
});

describe('what is dispatched', () => {
  const callsOf = async (layer: Gated, form: 'f32' | 'bits', training = true) => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    const net = new Sequential(layer, new Readout(layer.outputs, 3));
    engine.bind(net);
    const tape = engine.tape({ training });
    const [T, B] = [50, 4];
    const x = tape.input(new Float32Array(T * B * layer.inputs), { shape: [T, B, layer.inputs], form });
    const y = net.forward(x).keep();
    if (training) {
      crossEntropy(y, [0, 1, 2, 0]).loss.backward();
      await new Adam().step(tape);
    } else await tape.run();
    return recorder.steps[0]!.calls.map((c) => c.label);
  };

  it('a training step is one call forward and one backward through time, and gradients of weights', async () => {
    expect(await callsOf(new LSTM(20, 33), 'bits')).toEqual([
      'effective weights',
      '0 LSTM (linear_spikes)',
      '0 LSTM forward (gated_forward)',
      '1 Readout (linear)',
      '1 Readout forward (cell_forward)',
      'cross entropy (loss)',
      '1 Readout backward (cell_backward)',
      '1 Readout weight gradient (weight_gradient)',
      '1 Readout input gradient (linear)',
      '0 LSTM backward (gated_backward)',
      '0 LSTM recurrent weight gradient (weight_gradient)',
      '0 LSTM bias gradient (sum_rows)',
      '0 LSTM weight gradient (weight_gradient_spikes)',
      'update (adam)',
    ]);
    const gru = await callsOf(new GRU(20, 33), 'f32');
    expect(gru.filter((label) => label.startsWith('0 '))).toEqual([
      '0 GRU (linear)',
      '0 GRU forward (gated_forward)',
      '0 GRU backward (gated_backward)',
      '0 GRU recurrent weight gradient (weight_gradient)',
      '0 GRU recurrent bias gradient (sum_rows)',
      '0 GRU weight gradient (weight_gradient)',
      '0 GRU bias gradient (sum_rows)',
    ]);
    expect((await callsOf(new LSTM(20, 33), 'f32', false)).filter((label) => label.startsWith('0 '))).toEqual([
      '0 LSTM (linear)',
      '0 LSTM forward (gated_forward)',
    ]);
  });

  it('is two calls more for each further chunk of time', async () => {
    const count = async (chunk: number) => (await callsOf(new LSTM(20, 33, { chunk }), 'bits')).length;
    expect([await count(50), await count(25), await count(7)]).toEqual([14, 16, 14 + 2 * 7]);
  });

  it('chunks are chosen by the budget, samples share weights where there are many, and too wide a layer is refused', () => {
    const gpu = { maxWorkgroup: 256 };
    const path = (H: number, B: number, T: number, limits: Parameters<typeof chooseGatedPath>[2] = gpu) =>
      chooseGatedPath(lstmCell, { H, B, T }, limits);
    expect(path(240, 64, 840)).toMatchObject({ workgroup: 64, samples: 1 });
    expect(path(240, 64, 840, { ...gpu, budget: 1e9 }).chunk).toBe(64);
    expect([511, 512, 1024].map((B) => path(240, B, 1).samples)).toEqual([1, 2, 4]);
    // four times 1,024 bytes of errors for each quad do not fit
    expect([512, 1024].map((H) => path(H, 1024, 1).samples)).toEqual([2, 1]);
    expect([8, 16, 64].map((B) => path(64, B, 1, { ...gpu, software: true }).samples)).toEqual([1, 2, 2]);
    expect(path(1024, 1, 1).workgroup).toBe(256);
    expect(() => path(1025, 1, 1)).toThrow('LSTM: has 1025 units, a workgroup has room for 1024');
  });
});

/** [T, B, 3]: which of three symbols comes first, then noise on a fourth input. */
function memoryTask(T: number, B: number, seed: string): { x: number[]; labels: number[] } {
  const random = new Random(seed);
  const labels = Array.from({ length: B }, (_, b) => b % 3);
  const x = Array.from({ length: T }, (_, t) =>
    labels.flatMap((label) => [...[0, 1, 2].map((k) => (t === 0 && k === label ? 1 : 0)), ...random.normals(1, 0.5)]),
  );
  return { x: x.flat(), labels };
}

describe('in a net', () => {
  it.each(Object.keys(kinds))('a %s learns to remember the first of twelve symbols', async (kind) => {
    const [T, B] = [12, 9];
    const net = new Sequential(layerOf(kind, 4, 8), new Linear(8, 3)).initialize(3);
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const optimizer = new Adam({ lr: 0.05 });
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const { x, labels } = memoryTask(T, B, `memory ${i}`);
      const tape = engine.tape();
      const y = net.forward(tape.input(x, { shape: [T, B, 4] }));
      const { loss } = crossEntropy(y, labels, { at: 'last' });
      loss.backward();
      await optimizer.step(tape);
      losses.push(await loss.value());
    }
    expect(losses[0]).toBeGreaterThan(0.9);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it.each(Object.keys(kinds))('a %s in windows of one step has the gradients of the whole sequence', async (kind) => {
    const [T, B] = [7, 2];
    const net = new Sequential(layerOf(kind, 4, 5)).initialize(2);
    const { x } = memoryTask(T, B, 'windows');
    const gradients = async (cut: number[]): Promise<Float32Array[]> => {
      const engine = new Engine(new ReferenceDevice());
      const arena = engine.bind(net);
      const tape = engine.tape();
      const carried = new CarriedState();
      let y = null;
      for (const [i, to] of cut.entries()) {
        const from = cut[i - 1] ?? 0;
        const part = tape.input(x.slice(from * B * 4, to * B * 4), { shape: [to - from, B, 4] });
        y = net.forward(part, { state: carried });
      }
      crossEntropy(y!, [1, 2], { at: 'last' }).loss.backward();
      await tape.run();
      const all = [...(await arena.gradients()).values()];
      engine.unbind(net);
      return all;
    };
    const [whole, parts] = [await gradients([T]), await gradients([2, 3, T])];
    expect(whole.length).toBeGreaterThan(2);
    whole.forEach((g, i) => {
      expect(g.some((v) => v !== 0)).toBe(true);
      g.forEach((v, k) => {
        expect(parts[i]![k]).toBeCloseTo(v, 6);
      });
    });
  });

  it('runs step by step as the whole sequence', async () => {
    const [T, B] = [6, 2];
    const net = new Sequential(new LSTM(4, 5), new GRU(5, 3)).initialize(4);
    const { x } = memoryTask(T, B, 'steps');
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape({ training: false });
    const y = net.forward(tape.input(x, { shape: [T, B, 4] })).keep();
    await tape.run();
    const stepper = new Stepper(engine, net, { batch: B });
    const steps: number[] = [];
    for (let t = 0; t < T; t++) steps.push(...(await stepper.step(x.slice(t * B * 4, (t + 1) * B * 4))));
    expect(steps).toEqual([...(await y.read())]);
    expect(Object.entries(await stepper.state()).map(([place, s]) => [place, s.length])).toEqual([
      ['0', 2 * B * 5],
      ['1', B * 3],
    ]);
  });

  it('is saved and loaded with its options', () => {
    const net = new Sequential(
      new LSTM(4, 5, { forgetBias: 2, recurrentInit: 'orthogonal', chunk: 3 }),
      new GRU(5, 3, { bias: false }),
    ).initialize(3);
    const saved = saveModel(net);
    const again = loadModel(saved);
    expect(again.layers.map((l) => l.config)).toEqual(net.layers.map((l) => l.config));
    expect([...again.namedParameters().keys()]).toEqual([
      ...['0.weight', '0.recurrent.weight', '0.bias', '1.weight', '1.recurrent.weight'],
    ]);
    expect(again.parameters().map((p) => p.data)).toEqual(net.parameters().map((p) => p.data));
    const known = registered.get('GRU')!;
    registered.delete('GRU');
    try {
      expect(() => loadModel(saved)).toThrow(/layer 1 is of unknown kind "GRU"; known are .*'spiketape\/gated'/);
    } finally {
      registered.set('GRU', known);
    }
  });
});

describe('a layer', () => {
  it('begins as its documentation says', () => {
    const H = 5;
    const [lstm, gru] = [new LSTM(3, H), new GRU(3, H)];
    new Sequential(lstm, gru.inputs === H ? gru : new Linear(H, 3), gru).initialize(1);
    expect([...lstm.params.bias!.data]).toEqual(Array.from({ length: 20 }, (_, i) => (i >= 5 && i < 10 ? 1 : 0)));
    for (const p of [lstm.params.weight!, lstm.params['recurrent.weight']!, gru.params.weight!]) {
      const most = Math.max(...p.data.map(Math.abs));
      expect(most).toBeLessThanOrEqual(1 / Math.sqrt(H));
      expect(most).toBeGreaterThan(0.8 / Math.sqrt(H));
    }
    expect(lstm.params['recurrent.weight']!.shape).toEqual([20, 5]);
    expect(gru.params['recurrent.bias']!.shape).toEqual([15]);
    expect(Object.keys(new LSTM(3, 5, { bias: false }).params)).toEqual(['weight', 'recurrent.weight']);
  });

  it('says what is wrong with its arguments', () => {
    const wrong: [() => unknown, string][] = [
      [() => new LSTM(0, 5), 'LSTM: inputs must be a whole number above 0, got 0'],
      [() => new GRU(3, 1.5), 'GRU: H must be a whole number above 0, got 1.5'],
      [() => new LSTM(3, 5, { forgetBais: 1 } as never), "there is no option 'forgetBais'; did you mean 'forgetBias'?"],
      [() => new GRU(3, 5, { forgetBias: 1 } as never), "GRU: there is no option 'forgetBias'"],
      [() => new LSTM(3, 5, { forgetBias: Number.NaN }), 'forgetBias must be a finite number, got NaN'],
      [() => new LSTM(3, 5, { forgetBias: 1, bias: false }), 'forgetBias is given, but there are no biases'],
      [() => new GRU(3, 5, { bias: 1 as never }), 'GRU: bias must be true or false, got 1'],
      [() => new GRU(3, 5, { chunk: 0 }), 'GRU: chunk must be a whole number above 0, got 0'],
      [() => new LSTM(3, 5, { init: 'xavir' as never }), "init names 'xavir'; did you mean 'xavier'?"],
    ];
    for (const [make, message] of wrong) expect(make).toThrow(message);
    const engine = new Engine(new ReferenceDevice());
    const layer = new LSTM(3, 5);
    engine.bind(new Sequential(layer));
    const tape = engine.tape();
    const x = tape.input(new Float32Array(6), { shape: [2, 1, 3] });
    const start = tape.input(new Float32Array(5), { shape: [1, 1, 5] });
    expect(() => layer.run(x, start)).toThrow('the initial state must be f32[2, 1, 5], got');
  });

  it('a cell that keeps too little is refused when it is defined', () => {
    const gate = logistic(fromInput('z').add(fromStates('z')));
    const h = gate.value.mul(tanh(state('h').add(state('m'))));
    const cell = { name: 'Odd', gates: ['z'], states: ['h', 'm'], next: { h, m: h }, kept: { z: gate.kept } };
    expect(() => defineGated({ ...cell, keptBeside: [] })).toThrow(
      "defineGated('Odd'): the backward step needs 'state.m', which is not kept",
    );
    expect(defineGated({ ...cell, keptBeside: [state('m')] }).key).toMatch(/^Odd:/);
  });
});

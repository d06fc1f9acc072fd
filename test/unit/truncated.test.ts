import { describe, expect, it } from 'vitest';
import {
  AHP,
  CarriedState,
  ConstantCurrent,
  Dataset,
  Encode,
  Engine,
  encode,
  evaluate,
  type FitOptions,
  type FitResult,
  fit as fitNet,
  LIF,
  Linear,
  loss,
  Readout,
  regularize,
  Sequential,
  SGD,
  slice,
  type Truncation,
} from '../../src/index.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { Random } from '../support/random.ts';

// Sequences in windows: the state goes on, the gradient does not.

const [T, B, K] = [11, 4, 3];
const random = new Random('truncated');
const x = Float32Array.from(random.normals(T * B * K, 2));
const labels = [0, 1, 1, 0];
const lengths = [11, 7, 4, 8];
const answer = loss.crossEntropy();

const net = (): Sequential =>
  new Sequential(
    new AHP(K, 9, { recurrent: true, learn: ['tau'] }),
    new LIF(9, 6, { weightGain: 3, bias: true }),
    new Readout(6, 2, { tau: 5 }),
  ).initialize(3);

/** [T, B, K] as the data set has it: one sequence after the other. */
const bySequence = Float32Array.from({ length: x.length }, (_, i) => {
  const [b, t, k] = [Math.floor(i / (T * K)), Math.floor(i / K) % T, i % K];
  return x[(t * B + b) * K + k]!;
});
const set = (options: { lengths?: number[] } = {}): Dataset =>
  new Dataset({ steps: T, inputs: K, values: bySequence, labels, ...options });

const engineFor = (...nets: Sequential[]): Engine => {
  const engine = new Engine(new ReferenceDevice());
  for (const n of nets) engine.bind(n);
  return engine;
};

const weights = async (engine: Engine, n: Sequential): Promise<number[]> => {
  await engine.pull(n);
  return n.parameters().flatMap((p) => [...p.data]);
};

const expectClose = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((a, i) => {
    expect(a).toBeCloseTo(expected[i]!, 6);
  });
};

describe('a loop of one’s own', () => {
  const windows = [
    [0, 4],
    [4, 5],
    [5, 11],
  ] as const;

  it.each([false, true])(
    'gives the outputs of the whole sequence bit for bit; unequal lengths: %s',
    async (unequal) => {
      const model = net();
      const engine = engineFor(model);
      const run = async (from: number, to: number, state?: CarriedState): Promise<Float32Array> => {
        const tape = engine.tape();
        const here = lengths.map((n) => Math.min(to, Math.max(from, n)) - from);
        const input = tape.input(x.subarray(from * B * K, to * B * K), {
          shape: [to - from, B, K],
          ...(unequal ? { lengths: here } : {}),
        });
        const y = model.forward(input, state ? { state } : {}).keep();
        await tape.run();
        return y.read();
      };
      const whole = await run(0, T);
      const state = new CarriedState();
      const parts: number[] = [];
      for (const [from, to] of windows) parts.push(...(await run(from, to, state)));
      expect(parts).toEqual([...whole]);
      expect(new Set(whole).size).toBeGreaterThan(20);
    },
  );

  it('has the gradient of the whole sequence in one window, and that of a constant state in several', async () => {
    const model = net();
    const engine = engineFor(model);
    const arena = engine.bind(model);
    const gradients = async (from: number, to: number, state?: CarriedState): Promise<number[][]> => {
      const tape = engine.tape();
      const input = tape.input(x.subarray(from * B * K, to * B * K), { shape: [to - from, B, K] });
      answer(model.forward(input, state ? { state } : {}), labels).loss.backward();
      await tape.run();
      return [...(await arena.gradients()).values()].map((g) => [...g]);
    };
    const whole = await gradients(0, T);
    expect(await gradients(0, T, new CarriedState())).toEqual(whole);
    const state = new CarriedState();
    await gradients(0, 6, state);
    // what the first window left, as numbers: no gradient can pass
    const plain = new CarriedState();
    for (const [place, t] of state.final) plain.final.set(place, await (t as { read(): Promise<Float32Array> }).read());
    const cut = await gradients(6, T, state);
    expectClose(cut.flat(), (await gradients(6, T, plain)).flat());
    expect(cut).not.toEqual(whole);
    // within one step it does pass: the same cut is no cut
    const tape = engine.tape();
    const input = tape.input(x, { shape: [T, B, K] });
    const within = new CarriedState();
    model.forward(slice(input, 0, 0, 6), { state: within });
    answer(model.forward(slice(input, 0, 6, T), { state: within }), labels).loss.backward();
    await tape.run();
    expectClose(
      [...(await arena.gradients()).values()].flatMap((g) => [...g]),
      whole.flat(),
    );
  });
});

describe('fit with truncate', () => {
  const train = async (
    options: Partial<FitOptions>,
    data = set(),
  ): Promise<{ after: number[]; result: FitResult; model: Sequential }> => {
    const model = net();
    const engine = engineFor(model);
    const common = { loss: answer, optimizer: new SGD({ lr: 0.1, momentum: 0.5 }), epochs: 2, batchSize: B };
    const result = await fitNet(engine, model, data, { ...common, ...options });
    return { after: await weights(engine, model), result, model };
  };

  it('longer than the sequences trains as without', async () => {
    const plain = await train({});
    for (const truncate of [T, T + 5, { steps: T, loss: 'each' as const }])
      expect((await train({ truncate })).after).toEqual(plain.after);
    expect((await train({ truncate: T - 1 })).after).not.toEqual(plain.after);
  });

  // the same by hand: what each window's loss is over, and the part of the samples that it stands for
  const byHand = async (
    steps: number,
    each: boolean,
    ends: readonly number[] | undefined,
    regularized: boolean,
  ): Promise<{ after: number[]; updates: number }> => {
    const model = net();
    const engine = engineFor(model);
    const optimizer = new SGD({ lr: 0.1, momentum: 0.5 });
    let updates = 0;
    for (let epoch = 0; epoch < 2; epoch++) {
      const state = new CarriedState();
      for (let from = 0; from < T; from += steps) {
        const to = Math.min(T, from + steps);
        const tape = engine.tape();
        const valid = (n: number): number => Math.min(to, Math.max(from, n)) - from;
        const y = model.forward(
          tape.input(x.subarray(from * B * K, to * B * K), {
            shape: [to - from, B, K],
            ...(ends ? { lengths: ends.map(valid) } : {}),
          }),
          { state },
        );
        // one loss a sample, so that samples can be left out
        const judged = [...Array(B).keys()].filter((b) => {
          const n = ends?.[b] ?? T;
          return n > from && (each || n <= to);
        });
        const losses = judged.map((b) => answer(slice(y, 1, b, b + 1), [labels[b]!]).loss.scale(1 / B));
        if (regularized) losses.push(regularize.voltage({ weight: 0.1 })(tape));
        if (losses.length === 0) {
          for (const { final } of tape.cells) final.keep();
          await tape.run();
          continue;
        }
        losses.reduce((a, b) => a.add(b)).backward();
        await optimizer.step(tape);
        updates++;
      }
    }
    return { after: await weights(engine, model), updates };
  };

  it.each([
    [false, false, 2],
    [true, false, 6],
    [false, true, 6],
  ])(
    'updates after each window that has a loss: each %s, regularised %s: %i times',
    async (each, regularized, times) => {
      const expected = await byHand(4, each, undefined, regularized);
      const regularizers = regularized ? [regularize.voltage({ weight: 0.1 })] : [];
      const { after } = await train({ truncate: { steps: 4, loss: each ? 'each' : 'end' }, regularizers });
      expect(expected.updates).toBe(times);
      expectClose(after, expected.after);
    },
  );

  it.each([
    ['end', B],
    ['each', B],
    ['each', 1],
  ] as const)('counts each sample once, where it ends: loss %s, batches of %i', async (which, batchSize) => {
    const data = set({ lengths });
    const frozen = new SGD({ lr: 0 });
    const { result, model } = await train(
      { truncate: { steps: 4, loss: which }, optimizer: frozen, epochs: 1, batchSize },
      data,
    );
    const expected = await evaluate(engineFor(model), model, data, { loss: answer });
    const [epoch] = result.epochs;
    expect(epoch!.samples).toBe(B);
    expect(epoch!.loss).toBeCloseTo(expected.loss, 6);
    expect(epoch!.accuracy).toBe(expected.accuracy);
    expect(epoch!.spikeRate).toBeCloseTo(expected.spikeRate, 12);
    expect([epoch!.voltageMin, epoch!.voltageMax]).toEqual([expected.voltageMin, expected.voltageMax]);
  });

  it.each([
    ['end', 6],
    ['each', 6],
  ] as const)('weighs a sample the same in whichever window it ends: loss %s', async (which, times) => {
    // ends where windows do, so that the loss by hand needs no lengths
    const ends = [11, 8, 4, 8];
    const expected = await byHand(4, which === 'each', ends, true);
    const regularizers = [regularize.voltage({ weight: 0.1 })];
    const { after } = await train({ truncate: { steps: 4, loss: which }, regularizers }, set({ lengths: ends }));
    expect(expected.updates).toBe(times);
    expectClose(after, expected.after);
  });

  it('cuts targets that are one a step', async () => {
    const model = new Sequential(new Linear(1, 1, { bias: false }));
    model.parameters()[0]!.data[0] = 0.5;
    const engine = engineFor(model);
    const values = [1, 2, 3, 4, 5];
    const targets = { shape: [5, 1], values: [0, 1, 2, 1, 0] };
    const data = new Dataset({ steps: 5, inputs: 1, values, labels: [0], targets });
    const { epochs } = await fitNet(engine, model, data, {
      loss: loss.squaredError({ targets: 'values' }),
      optimizer: new SGD({ lr: 0 }),
      epochs: 1,
      batchSize: 1,
      truncate: { steps: 3, loss: 'each' },
    });
    // the last window: (2 - 1)^2 and (2.5 - 0)^2
    expect(epochs[0]!.loss).toBeCloseTo((1 + 6.25) / 2, 6);
  });

  // the last window is [4, 6), of which the mask counts the step 5 alone: (5 - 0)^2
  it.each([
    ['of the loss', [1, 1, 1, 0, 0, 1], undefined],
    ['of the data', undefined, [1, 1, 1, 0, 0, 1]],
  ])('cuts a mask %s', async (_, own, given) => {
    const model = new Sequential(new Linear(1, 1, { bias: false }));
    model.parameters()[0]!.data[0] = 1;
    const targets = { shape: [1], values: [0] };
    const values = [9, 9, 9, 9, 9, 5];
    const data = new Dataset({ steps: 6, inputs: 1, values, targets, ...(given ? { mask: given } : {}) });
    const lossOf = loss.squaredError({ targets: 'values', ...(own ? { mask: own } : {}) });
    for (const which of ['end', 'each'] as const) {
      const { epochs } = await fitNet(engineFor(model), model, data, {
        loss: lossOf,
        optimizer: new SGD({ lr: 0 }),
        epochs: 1,
        batchSize: 1,
        truncate: { steps: 4, loss: which },
      });
      expect(epochs[0]!.loss, which).toBeCloseTo(25, 5);
    }
  });

  it('reads windows that are one form as one, as those of a net without state are', async () => {
    const data = new Dataset({ steps: 6, inputs: 1, values: [1, 1, 1, 3, 3, 3], targets: { shape: [1], values: [0] } });
    const model = new Sequential(new Linear(1, 1, { bias: false }));
    model.parameters()[0]!.data[0] = 1;
    const { epochs } = await fitNet(engineFor(model), model, data, {
      loss: loss.squaredError({ targets: 'values' }),
      optimizer: new SGD({ lr: 0 }),
      epochs: 1,
      batchSize: 1,
      truncate: { steps: 3, loss: 'each' },
    });
    expect(epochs[0]!.loss).toBeCloseTo(9, 6);
  });

  it.each([
    [new Encode(K, encode.delta({ threshold: 1 })), 2 * K, /0 Encode: encode.delta compares each step/],
    [new ConstantCurrent(K, 8), K, /truncate cuts the steps of the data; the net makes 8 steps of 1/],
  ])('refuses an encoder that it would cut through', async (encoder, width, message) => {
    const still = encoder instanceof ConstantCurrent;
    const model = new Sequential(encoder, new LIF(width, 2));
    const values = still ? bySequence.subarray(0, B * K) : bySequence;
    const data = new Dataset({ steps: still ? 1 : T, inputs: K, values, labels });
    const options = { loss: answer, optimizer: new SGD(), epochs: 1, batchSize: B, truncate: 4 };
    await expect(fitNet(engineFor(model), model, data, options)).rejects.toThrow(message);
  });

  it.each([
    [0, /truncate must be a whole number of steps above 0, got 0/],
    [{ steps: 2, los: 'each' } as Truncation, /fit: truncate: there is no option 'los'; did you mean 'loss'/],
    [{ steps: 2.5 }, /truncate must be a whole number of steps above 0, got 2.5/],
    [{ steps: 2, loss: 'last' as 'end' }, /truncate.loss must be 'end' or 'each', got 'last'/],
  ])('refuses %j', async (truncate, message) => {
    await expect(train({ truncate })).rejects.toThrow(message);
  });
});

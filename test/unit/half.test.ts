import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { byteLength } from '../../src/device/storage.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Conv2d } from '../../src/layers/conv2d.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import * as loss from '../../src/loss/index.ts';
import * as regularize from '../../src/loss/regularize.ts';
import { SGD } from '../../src/optim/sgd.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { halfValue, roundToHalf } from '../../src/reference/half.ts';
import { Dataset } from '../../src/train/dataset.ts';
import { fit as train } from '../../src/train/fit.ts';
import { Stepper } from '../../src/train/stepper.ts';
import { Random } from '../support/random.ts';

// Weights in half precision: what is rounded, and how.

describe('rounding to half precision', () => {
  it('is that of IEEE 754, to nearest even, at most the largest number', () => {
    for (const [x, expected] of [
      [0, 0],
      [1, 1],
      [-2.5, -2.5],
      [1 / 3, 0.333251953125],
      [0.1, 0.0999755859375],
      // halfway between two: the one whose last bit is 0
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
      [2048 + 1, 2048],
      [2048 + 3, 2052],
      // just below a power of two
      [1 - 2 ** -12, 1],
      [1 - 2 ** -12 - 2 ** -40, 1 - 2 ** -11],
      // below the smallest normal number
      [2 ** -14, 2 ** -14],
      [2 ** -24, 2 ** -24],
      [2 ** -25, 0],
      [2 ** -25 + 2 ** -50, 2 ** -24],
      [3 * 2 ** -25, 2 ** -23],
      [-1e-30, 0],
      [65504, 65504],
      [65519, 65504],
      [65520, 65504],
      [-1e30, -65504],
      [Number.POSITIVE_INFINITY, 65504],
    ] as const)
      expect(roundToHalf(x) + 0, String(x)).toBe(expected);
    expect(roundToHalf(Number.NaN)).toBeNaN();
  });

  it('leaves every number of half precision as it is', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfValue(bits);
      if (Number.isFinite(value)) expect(roundToHalf(value)).toBe(value);
    }
  });

  it('finds the nearest of them all', () => {
    const all = Array.from({ length: 0x7c00 }, (_, bits) => halfValue(bits));
    for (const u of new Random('halves').between(3000, -26, 15.9)) {
      const x = Math.fround(2 ** u);
      const above = all.findIndex((h) => h >= x);
      const [low, high] = [all[above - 1]!, all[above]!];
      expect(roundToHalf(x), String(x)).toBe(x - low < high - x ? low : high);
    }
  });
});

const [T, B, K] = [9, 3, 8];

/** All that multiplies by a matrix: gathered, recurrent, dense, convolved. */
const makeNet = (): Sequential =>
  new Sequential(
    new Conv2d([2, 2, 2], 3, 2, { padding: 1, bias: true }),
    new Linear(27, 7),
    new AHP(7, 9, { recurrent: true, weightGain: 4, bias: true, tau: 7.3, learn: ['tau'] }),
    new LIF(9, 6, { weightGain: 4 }),
    new Readout(6, 3, { bias: true }),
  ).initialize(3);

const x = new Random('half x').spikes(T * B * K, 0.5);

async function gradients(net: Sequential, precision: 'full' | 'half', regularized = false) {
  const engine = new Engine(new ReferenceDevice());
  const arena = engine.bind(net);
  const tape = engine.tape({ precision });
  const y = net.forward(tape.input(x, { shape: [T, B, K], form: 'bits' })).keep();
  const { loss: own } = loss.ceMean()(y, [0, 1, 2]);
  const whole = regularized ? own.add(regularize.l2({ weight: 0.5 })(tape)) : own;
  whole.backward();
  await tape.run();
  return { y: await y.read(), loss: await whole.value(), gradients: await arena.gradients() };
}

/** The net with rounded matrices. */
function rounded(): Sequential {
  const net = makeNet();
  for (const p of net.parameters()) if (p.shape.length > 1) p.data.set(Float32Array.from(p.data, roundToHalf));
  return net;
}

describe("precision: 'half'", () => {
  it('is the step with every matrix rounded and nothing else', async () => {
    const half = await gradients(makeNet(), 'half');
    const full = await gradients(makeNet(), 'full');
    expect(half).toEqual(await gradients(rounded(), 'full'));
    expect(half.y).not.toEqual(full.y);
  });

  it('penalties of weights are those of the weights as they are stored', async () => {
    const difference = async (precision: 'full' | 'half') =>
      (await gradients(makeNet(), precision, true)).loss - (await gradients(makeNet(), precision)).loss;
    expect(await difference('half')).toBeCloseTo(await difference('full'), 12);
  });

  it('trains the stored weights, which stay float32', async () => {
    const net = makeNet();
    const before = net.parameters().map((p) => p.data.slice());
    const { gradients: g } = await gradients(makeNet(), 'half');
    const set = new Dataset({ steps: T, inputs: K, values: batchMajor(x), form: 'bits', labels: [0, 1, 2] });
    const engine = new Engine(new ReferenceDevice());
    await train(engine, net, set, {
      loss: loss.ceMean(),
      optimizer: new SGD({ lr: 1e-3 }),
      epochs: 1,
      batchSize: 3,
      precision: 'half',
      onWarning: () => undefined,
    });
    for (const [i, p] of net.parameters().entries()) {
      if (!p.trainable) continue;
      const expected = Float32Array.from(before[i]!, (w, k) => w - 1e-3 * g.get(p.name)![k]!);
      p.data.forEach((w, k) => expect(w).toBeCloseTo(expected[k]!, 6));
      if (p.shape.length > 1) expect(p.data.some((w) => roundToHalf(w) !== w)).toBe(true);
    }
  });

  it('what a Stepper puts out is that of the whole sequence', async () => {
    const net = makeNet();
    const stepper = new Stepper(new Engine(new ReferenceDevice()), net, { batch: B, form: 'bits', precision: 'half' });
    expect((await stepper.step(x)).slice()).toEqual((await gradients(makeNet(), 'half')).y);
  });

  it('is another step than that in full precision, and refused when misspelt', async () => {
    const engine = new Engine(new Recorder());
    expect(() => engine.tape({ precision: 'f16' as 'half' })).toThrow("precision: must be 'full' or 'half', got 'f16'");
    expect(() => engine.tape({ memory: 'lo' as 'low' })).toThrow("memory: must be 'full' or 'low', got 'lo'");
    const misspelt = { memroy: 'low' } as object;
    expect(() => engine.tape(misspelt)).toThrow("engine.tape: there is no option 'memroy'; did you mean 'memory'?");
    const net = makeNet();
    engine.bind(net);
    for (const precision of ['full', 'half'] as const) {
      const tape = engine.tape({ precision });
      net.forward(tape.input(x, { shape: [T, B, K], form: 'bits' })).keep();
      await tape.run();
    }
    expect(engine.device.steps).toHaveLength(2);
  });

  it('packed, weights take half the bytes', async () => {
    const bytes = async (precision: 'full' | 'half', packedWeights: boolean): Promise<number> => {
      const recorder = new Recorder({ maxWorkgroup: 256, maxBinding: 2 ** 27, packedWeights });
      const engine = new Engine(recorder);
      const net = new Sequential(new AHP(64, 128, { recurrent: true }), new Readout(128, 8));
      engine.bind(net);
      const tape = engine.tape({ precision, training: false });
      net.forward(tape.input(new Float32Array(128), { shape: [2, 1, 64], form: 'bits' })).keep();
      await tape.run();
      return byteLength(recorder.steps[0]!.calls[0]!.buffers.effective!);
    };
    const [full, half] = [await bytes('full', true), await bytes('half', true)];
    expect(full - half).toBe(2 * (64 * 128 + 128 * 128 + 128 * 8));
    expect(await bytes('half', false)).toBe(full);
  });
});

/** [T, B, K] to [B, T, K]. */
function batchMajor(values: Float32Array): Float32Array {
  return values.map((_, i) => values[(Math.floor(i / K) % T) * B * K + Math.floor(i / (T * K)) * K + (i % K)]!);
}

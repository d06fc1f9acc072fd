import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/device/recorder.ts';
import {
  Dropout,
  Engine,
  type Layer,
  LIF,
  Linear,
  loadModel,
  Sequential,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { uniform } from '../../src/kernels/random.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { dropout as twin } from '../../src/reference/dropout.ts';
import { composed } from '../support/composed.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { Random } from '../support/random.ts';

// Dropout on the reference: one mask for the whole sequence, made of seed, stream, step and index.

interface Run {
  readonly T?: number;
  readonly B?: number;
  readonly N?: number;
  readonly p?: number;
  readonly seed?: number;
  readonly step?: number;
  readonly training?: boolean;
  readonly form?: 'f32' | 'bits';
}

/** What dropout makes of ones [T, B, N]. */
async function ones(options: Run): Promise<Float32Array> {
  const { T = 5, B = 3, N = 7, p = 0.4, seed = 1, step = 2, training = true, form = 'f32' } = options;
  const engine = new Engine(new ReferenceDevice());
  const net = new Sequential(new Dropout(N, p));
  engine.bind(net);
  const tape = engine.tape({ seed, step, training });
  const y: Tensor = net.forward(tape.input(new Float32Array(T * B * N).fill(1), { shape: [T, B, N], form })).keep();
  await tape.run();
  return y.read();
}

describe('dropout', () => {
  it('drops a neuron of a sample at all steps or at none, and scales the others', async () => {
    const [T, B, N, p] = [5, 3, 7, 0.4];
    const y = await ones({ T, B, N, p });
    const row = y.subarray(0, B * N);
    for (let t = 1; t < T; t++) expect(y.subarray(t * B * N, (t + 1) * B * N)).toEqual(row);
    // the mask as documented: the only operation of the step is number 0
    row.forEach((value, i) => {
      expect(value).toBeCloseTo(uniform(1, 0, 2, i) < p ? 0 : 1 / (1 - p), 6);
    });
    expect(new Set(row).size).toBe(2);
    expect(await ones({ T, B, N, p, form: 'bits' })).toEqual(y);
  });

  it('drops a share p, other neurons at other steps and seeds, the same ones again for the same', async () => {
    const large = { T: 1, B: 40, N: 100, p: 0.3 };
    const y = await ones(large);
    const dropped = y.filter((v) => v === 0).length / y.length;
    // three standard deviations of 4000 draws
    expect(Math.abs(dropped - 0.3)).toBeLessThan(3 * Math.sqrt((0.3 * 0.7) / 4000));
    expect(await ones(large)).toEqual(y);
    for (const other of [{ seed: 2 }, { step: 3 }]) {
      const z = await ones({ ...large, ...other });
      const both = y.filter((v, i) => v === 0 && z[i] === 0).length / y.length;
      expect(Math.abs(both - 0.09)).toBeLessThan(3 * Math.sqrt((0.09 * 0.91) / 4000));
    }
  });

  it('drops differently in two places of one net', async () => {
    const engine = new Engine(new ReferenceDevice());
    const layer = new Dropout(50, 0.5);
    const net = new Sequential(layer, layer);
    engine.bind(net);
    const tape = engine.tape();
    const y = net.forward(tape.input(new Float32Array(200).fill(1), { shape: [1, 4, 50] })).keep();
    await tape.run();
    const kept = [...(await y.read())].filter((v) => v !== 0);
    expect(kept.every((v) => v === 4)).toBe(true);
    expect(Math.abs(kept.length / 200 - 0.25)).toBeLessThan(0.1);
  });

  it('is the identity in inference and for p = 0, without a dispatch', async () => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    for (const [p, training] of [
      [0.5, false],
      [0, true],
    ] as const) {
      const net = new Sequential(new Dropout(3, p));
      const tape = engine.tape({ training });
      const x = tape.input(new Float32Array(3), { shape: [1, 1, 3] });
      expect(net.forward(x)).toBe(x);
    }
    expect([...(await ones({ training: false }))].every((v) => v === 1)).toBe(true);
  });

  it('on spikes before neurons without weights: a spike is a current of 1, in training and in inference', async () => {
    const run = async (training: boolean, ...between: Layer[]): Promise<number[]> => {
      const engine = new Engine(new ReferenceDevice());
      const net = new Sequential(...between, new LIF(5, { tau: 3, threshold: 1.3 }));
      engine.bind(net);
      const tape = engine.tape({ training });
      const x = tape.input(new Random('spikes').spikes(8 * 2 * 5, 0.7), { shape: [8, 2, 5], form: 'bits' });
      const y = net.forward(x).keep();
      await tape.run();
      return [...(await y.read())];
    };
    const one = new Linear(5, 5, { bias: false });
    for (let i = 0; i < 5; i++) one.params.weight!.data[6 * i] = 1;
    const expected = await run(false, one);
    expect(new Set(expected)).toEqual(new Set([0, 1]));
    expect(await run(false, new Dropout(5, 0.5))).toEqual(expected);
    // so little that nothing is dropped: 1 / (1 - p) is 1
    expect(await run(true, new Dropout(5, 1e-9))).toEqual(expected);
    for (const { name, size, error } of await finiteDifferences(
      composed(new Sequential(new LIF(9, { tau: 4 }), new Linear(9, 3)), { spikes: true }),
    )) {
      expect(size, name).toBeGreaterThan(1e-6);
      expect(error, name).toBeLessThan(1e-6);
    }
  });

  it('compiles nothing anew for another p', async () => {
    const recorder = new Recorder();
    const engine = new Engine(recorder);
    for (const p of [0.2, 0.3]) {
      const tape = engine.tape();
      new Dropout(3, p).forward(tape.input(new Float32Array(3), { shape: [1, 1, 3] }));
      await tape.run();
    }
    expect(recorder.steps).toHaveLength(1);
  });

  it.each([false, true])('has the gradients of finite differences (spikes: %s)', async (spikes) => {
    const net = (): Sequential =>
      new Sequential(new Dropout(9, 0.4), new Linear(9, 5), new Dropout(5, 0.2), new Linear(5, 3));
    for (const { name, size, error } of await finiteDifferences(composed(net(), { spikes }))) {
      expect(size, name).toBeGreaterThan(1e-6);
      expect(error, name).toBeLessThan(1e-6);
    }
    // a gradient that goes through another mask
    const planted = new Map([
      ['dropout', (c: Parameters<typeof twin>[0]) => twin(c.call.label.includes('gradient') ? { ...c, seed: 9 } : c)],
    ]);
    const found = await finiteDifferences(composed(net(), { spikes }), { twins: planted });
    expect(Math.max(...found.map((f) => f.error))).toBeGreaterThan(1e-3);
  });

  it('is saved and loaded, and refuses a p out of range and inputs that it cannot read', () => {
    const net = loadModel(saveModel(new Sequential(new Dropout(4, 0.25))));
    expect(net.layers[0]!.config).toEqual({ kind: 'Dropout', inputs: 4, p: 0.25 });
    for (const p of [-0.1, 1, Number.NaN])
      expect(() => new Dropout(4, p)).toThrow(`Dropout: p must be in [0, 1), got ${p}`);
    expect(() => new Dropout(2.5)).toThrow('Dropout: inputs must be a whole number above 0, got 2.5');
    const tape = new Engine(new Recorder()).tape();
    const x = tape.input(new Uint8Array(4), { shape: [1, 1, 4], form: 'bytes', name: 'x' });
    expect(() => net.forward(x)).toThrow('0 Dropout: expects dense floats or spikes, got x bytes[1, 1, 4]');
  });
});

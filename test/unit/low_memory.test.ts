import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import type { Op } from '../../src/autograd/op.ts';
import { referenceGradients } from '../../src/check/reference_gradients.ts';
import type { Trial } from '../../src/check/trial.ts';
import type { Step } from '../../src/device/device.ts';
import { Recorder } from '../../src/device/recorder.ts';
import { planMemory } from '../../src/gpu/plan.ts';
import { chooseSegments, type Segment } from '../../src/kernels/segments.ts';
import { quads } from '../../src/kernels/sizes.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Conv2d } from '../../src/layers/conv2d.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { LIF } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import type { Experiment } from '../support/experiment.ts';
import { C, K, type LowMemoryOptions, nets, stepOf } from '../support/low_memory.ts';
import { Random } from '../support/random.ts';

// Low memory in nets of several layers: the same gradients as with full memory, from far less of it.

type Options = Omit<LowMemoryOptions, 'memory'>;

const gradientsOf = async (name: string, options: Options, memory: 'full' | 'low') =>
  referenceGradients({ experiment: stepOf(nets[name]!(options.T), { ...options, memory }) } as Trial);

async function recorded(layers: readonly Layer[], options: LowMemoryOptions): Promise<Step> {
  const recorder = new Recorder();
  const engine = new Engine(recorder);
  const { module, record } = stepOf(layers, options);
  engine.bind(module);
  const tape = engine.tape({ memory: options.memory });
  record(tape).loss.backward();
  await tape.run();
  return recorder.steps[0]!;
}

const bytesOf = async (make: (T: number) => readonly Layer[], options: LowMemoryOptions): Promise<number> =>
  planMemory(await recorded(make(options.T), options)).buffers.reduce((sum, b) => sum + b.bytes, 0);

const options: Record<string, Options> = {
  'spikes in': { T: 40, B: 3 },
  'dense inputs, their gradient wanted': { T: 31, B: 2, dense: true, inputGradient: true },
  'samples of several lengths, regularised': { T: 50, B: 3, lengths: [50, 31, 7], regularized: true },
  'few steps': { T: 9, B: 2 },
  'fewer than have parts': { T: 6, B: 2, lengths: [6, 3] },
};

describe.each(Object.keys(nets))('low memory: %s', (name) => {
  it.each(Object.entries(options))('%s: the gradients of full memory', async (_, o) => {
    const [full, low] = [await gradientsOf(name, o, 'full'), await gradientsOf(name, o, 'low')];
    expect(full.spikes!.some((z) => z === 1)).toBe(true);
    expect(low.loss).toBeCloseTo(full.loss, 12);
    for (const [of, expected] of full.gradients) {
      const largest = expected.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
      expect(largest, of).toBeGreaterThan(0);
      const off = expected.map((x, i) => Math.abs(x - low.gradients.get(of)![i]!)).reduce((a, x) => Math.max(a, x), 0);
      expect(off / largest, of).toBeLessThan(1e-11);
    }
  });

  it('takes no more than full memory', async () => {
    for (const T of [1, 2, 5, 7, 8, 14, 26, 50]) {
      const full = await bytesOf(nets[name]!, { T, B: 64, memory: 'full' });
      expect(await bytesOf(nets[name]!, { T, B: 64, memory: 'low' }), `T ${T}`).toBeLessThanOrEqual(full);
    }
  });
});

describe('low memory of a net of several layers', () => {
  it.each([
    ['layers with weights of their own, a readout of more neurons than one multiplies in the time loop', 0.4],
    ['a linear layer before each', 0.25],
    ['two linear layers, one after the other; then a layer of few neurons', 0.7],
    ['convolutions of spikes and of floats, a pooling between', 0.4],
    ['dropouts before weights, before neurons and before the readout', 0.3],
  ])('%s: at T 200 at most %s of full memory', async (name, most) => {
    const [low, full] = [
      await bytesOf(nets[name]!, { T: 200, B: 64, memory: 'low' }),
      await bytesOf(nets[name]!, { T: 200, B: 64, memory: 'full' }),
    ];
    console.log(`${name}: ${(low / full).toFixed(2)} of full memory`);
    expect(low / full).toBeLessThan(most);
  });

  it('in 5 steps helps a net of two layers, which share what they run again', async () => {
    const two = (): Layer[] => [new LIF(K, 256), new LIF(256, 256), new Readout(256, C)];
    const bytes = (memory: 'full' | 'low') => bytesOf(two, { T: 5, B: 64, memory });
    expect((await bytes('low')) / (await bytes('full'))).toBeLessThan(0.85);
  });

  it('layers of neurons with one state and with two have the same parts, whose gradients are never whole', async () => {
    const mixed = (): Layer[] => [new Linear(K, 64), new AHP(64), new Linear(64, 64), new LIF(64), new Readout(64, C)];
    for (const T of [8, 13, 16, 19, 50]) {
      const { calls } = await recorded(mixed(), { T, B: 3, memory: 'low' });
      const whole = calls.flatMap((c) => Object.values(c.buffers)).filter((s) => /^gradient of/.test(s?.name ?? ''));
      const longest = Math.max(...whole.filter((s) => s!.shape.at(-1) === 64).map((s) => s!.shape[0]!));
      expect(longest, `T ${T}`).toBe(
        T < 16
          ? T
          : chooseSegments({ T, planes: 1, states: 1 }, { bound: T, run: T }, { low: true, split: true }).list[0]!.t1,
      );
    }
  });

  it('in 4 steps helps a deep net, whose layers share what they run again', async () => {
    const planes = [4, 8, 8] as const;
    const deep = (): Layer[] => [
      new Linear(K, 256),
      new LIF(256),
      ...Array.from({ length: 6 }, () => [new Conv2d(planes, 4, 3, { padding: 1 }), new LIF(256)]).flat(),
      new Readout(256, C),
    ];
    const [low, full] = [
      await bytesOf(deep, { T: 4, B: 64, memory: 'low' }),
      await bytesOf(deep, { T: 4, B: 64, memory: 'full' }),
    ];
    console.log(`${(low / full).toFixed(2)} of full memory`);
    expect(low / full).toBeLessThan(0.85);
  });
});

describe("an operation of one's own before neurons", () => {
  /** y = x, made part by part: where it is told to, or in memory of its own. */
  const copy = (parts: 'none' | 'into' | 'own'): Op<null> => ({
    name: 'copied',
    key: () => parts,
    forward(low, { inputs: [x], outputs: [y] }) {
      const count = y!.shape[0]! * y!.shape[1]! * quads(y!.shape[2]!);
      low.copy(low.of(x!), low.give(y!, low.make('copied', 'f32', y!.shape)), { count, label: 'copied' });
    },
    backward(low, { inputs: [x], outputs: [y] }) {
      const g = low.gradient(y!);
      if (g && low.needs(x!)) low.addGradient(x!, g);
    },
    ...(parts !== 'none' && {
      forwardPart(low, { inputs: [x], outputs: [y] }, { t0, t1 }: Segment, to) {
        const [, B, N] = y!.shape as [number, number, number];
        const part = (parts === 'into' && to) || low.make('copied', 'f32', [t1 - t0, B, N]);
        const [row, steps] = [B * quads(N), t1 - t0];
        low.copy(low.of(x!), part, { source: t0 * row, count: steps * row, label: 'copied' });
        return part;
      },
    }),
  });

  it.each(['full', 'low'] as const)('gives the same with %s memory, made whole or in parts', async (memory) => {
    const [T, B, N] = [19, 2, 7];
    const gradients: Float64Array[] = [];
    for (const parts of ['none', 'into', 'own'] as const) {
      const layers = [new LIF(N), new Readout(N, C)];
      const experiment: Experiment = {
        ...stepOf(layers, { T, B, memory }),
        record(tape) {
          const shape = [T, B, N];
          const x = tape.input(new Random('own').normals(T * B * N, 2), { shape, requiresGrad: true, name: 'x' });
          const spec = { form: 'f32' as const, shape, requiresGrad: true };
          const [current] = tape.record(copy(parts), [x], [], null, [spec], 'copy');
          const y = layers.reduce((t, layer) => layer.forward(t), current!);
          return { loss: crossEntropy(y, [0, 1], { at: 'mean' }).loss, inputs: [x], values: [] };
        },
      };
      const found = await referenceGradients({ experiment } as Trial);
      expect(found.spikes!.some((z) => z === 1)).toBe(true);
      gradients.push(found.gradients.get('x')!);
    }
    expect(gradients[0]!.some((g) => g !== 0)).toBe(true);
    for (const g of gradients.slice(1)) g.forEach((value, i) => expect(value).toBeCloseTo(gradients[0]![i]!, 12));
  });
});

import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { budgetOf, partsOf, whole } from '../../src/kernels/budget.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { Linear } from '../../src/layers/linear.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

describe('what is done at a time', () => {
  it('is more on a GPU than on a CPU that plays one, where no thread waits for reads', () => {
    const [gpu, software] = [budgetOf({}), budgetOf({ software: true })];
    expect(gpu.dispatch).toBeGreaterThan(software.dispatch);
    expect(gpu.submit).toBeGreaterThan(gpu.dispatch);
    expect(Number.isFinite(gpu.reads)).toBe(true);
    expect(software.reads).toBe(Number.POSITIVE_INFINITY);
    expect(budgetOf({ software: true, budget: 50 })).toMatchObject({ dispatch: 50, submit: 200 });
  });

  it('is whole words, or what fits, and never nothing', () => {
    expect([100, 64, 63.9, 31.9, 2.5, 0.1].map((n) => whole(n, 32))).toEqual([96, 64, 32, 31, 2, 1]);
  });
});

describe('parts', () => {
  it('is one where everything fits', () => {
    expect(partsOf(7, 10, 70)).toEqual([{ first: 0, last: 7, work: 70 }]);
    expect(partsOf(7, 10, 70, { multiple: 32 })).toEqual([{ first: 0, last: 7, work: 70 }]);
  });

  it('cover all rows once, within operations and rows, at multiples', () => {
    expect(partsOf(7, 10, 69)).toEqual([
      { first: 0, last: 6, work: 60 },
      { first: 6, last: 7, work: 10 },
    ]);
    expect(partsOf(70, 1, 50, { multiple: 32 }).map((p) => p.last)).toEqual([32, 64, 70]);
    expect(partsOf(70, 1, 1e9, { multiple: 8, limit: 24 }).map((p) => p.last)).toEqual([24, 48, 70]);
    expect(partsOf(3, 100, 50, { multiple: 32 }).map((p) => p.last)).toEqual([1, 2, 3]);
  });
});

describe('a step whose work is cut', () => {
  /** Kernels of its calls, and gradients, in float64. */
  async function run(budget?: number) {
    const device = new ReferenceDevice();
    Object.assign(device, { limits: { ...device.limits, ...(budget ? { budget } : {}) } });
    const kernels: string[] = [];
    const compile = device.compile.bind(device);
    device.compile = (step) => {
      kernels.push(...step.calls.map((c) => c.kernel.name));
      return compile(step);
    };
    const engine = new Engine(device);
    const net = new Sequential(
      new Linear(19, 21),
      new AHP(21, { recurrent: true }),
      new Linear(21, 9),
      new AHP(9, 7),
      new Readout(7, 3),
    ).initialize(3);
    const arena = engine.bind(net);
    const tape = engine.tape();
    const [T, B] = [70, 2];
    const values = Float32Array.from({ length: T * B * 19 }, (_, i) => ((i * 37) % 101) / 30 - 1);
    const x = tape.input(values, { shape: [T, B, 19], requiresGrad: true }).keepGradient();
    crossEntropy(net.forward(x), [0, 2]).loss.backward();
    await tape.run();
    const gradients = [await x.readGradient(), ...(await arena.gradients()).values()].flatMap((g) => Array.from(g));
    return { gradients, count: (name: string) => kernels.filter((k) => k === name).length };
  }

  it('has the gradients of one that is not', async () => {
    const [once, cut] = [await run(), await run(2000)];
    for (const name of ['linear', 'linear_spikes', 'weight_gradient', 'weight_gradient_spikes', 'cell_forward'])
      expect(cut.count(name), name).toBeGreaterThan(once.count(name));
    const largest = Math.max(...once.gradients.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    for (const [i, g] of once.gradients.entries())
      expect(Math.abs(cut.gradients[i]! - g), `gradient ${i}`).toBeLessThan(1e-6 * largest);
  });
});

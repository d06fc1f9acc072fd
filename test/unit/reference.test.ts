import { describe, expect, expectTypeOf, it } from 'vitest';
import type { CellPlan } from '../../src/autograd/ops/cell_plan.ts';
import type { CellStep as Cell } from '../../src/kernels/cell.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { LIF, type LIFOptions } from '../../src/layers/lif.ts';
import { fastSigmoid, type Surrogate, triangle } from '../../src/neurons/surrogates.ts';
import { cellBackward } from '../../src/reference/cell_backward.ts';
import type { Twin } from '../../src/reference/twin.ts';
import { weightGradientSpikes } from '../../src/reference/weight_gradient.ts';
import { type Agreement, finiteDifferences } from '../support/finite_differences.ts';
import { inPieces, type TwoLayers, twoLayers } from '../support/network.ts';
import { Random } from '../support/random.ts';

const wide = triangle({ gamma: 0.8 });
const soft = fastSigmoid({ slope: 3 });
const per = (N: number, low: number, high: number): number[] => new Random(`${N} ${low}`).between(N, low, high);
const common = { recurrent: true, bias: true, weightGain: 1.5, recurrentGain: 1.2 };

const lif = (options: LIFOptions) => (K: number, N: number) =>
  new LIF(K, N, {
    ...common,
    surrogate: wide,
    tau: per(N, 3, 9),
    threshold: 0.8,
    learn: ['tau', 'threshold'],
    ...options,
  });
const alif = (surrogate: Surrogate) => (K: number, N: number) =>
  new ALIF(K, N, {
    ...common,
    weightGain: 6,
    surrogate,
    tau: per(N, 3, 9),
    tauAdaptation: 12,
    beta: per(N, 0.5, 1.8),
    learn: ['tau', 'tauAdaptation', 'beta', 'threshold'],
  });
const ahp = (surrogate: Surrogate, chunk?: number) => (K: number, N: number) =>
  new AHP(K, N, {
    ...common,
    ...(chunk ? { chunk } : {}),
    surrogate,
    tau: per(N, 3, 9),
    tauAhp: 15,
    beta: per(N, 0.1, 0.5),
    learn: ['tau', 'tauAhp', 'beta', 'threshold'],
  });

const networks: Record<string, TwoLayers> = {
  'AHP, initial state, all else plain': { first: ahp(wide), surrogate: wide, start: true },
  'AHP, dense input, delayed readout, lengths': {
    first: ahp(wide),
    surrogate: wide,
    dense: true,
    readout: { delay: 1 },
    lengths: [7, 4],
    start: true,
    at: { cue: 3 },
  },
  'AHP, fast sigmoid, mean of the outputs, in chunks': {
    first: ahp(soft, 3),
    surrogate: soft,
    at: 'mean',
    start: true,
  },
  'AHP, output sliced, joined and gathered': { first: ahp(wide), surrogate: wide, mixed: true, at: 'mean' },
  'AHP, a sample without steps': { first: ahp(wide), surrogate: wide, lengths: [0, 6], start: true },
  'ALIF, initial state, cue': { first: alif(wide), surrogate: wide, start: true, at: { cue: 2 } },
  'ALIF, fast sigmoid, lengths, delayed readout in chunks': {
    first: alif(soft),
    surrogate: soft,
    lengths: [5, 7],
    readout: { delay: 1, chunk: 2, inputGain: 'one minus alpha' },
    start: true,
  },
  'LIF, reset by subtraction': { first: lif({}), surrogate: wide, start: true },
  'LIF, reset to zero, recorded after it': {
    first: lif({ reset: 'zero', record: 'after reset' }),
    surrogate: wide,
    start: true,
  },
  'LIF, recorded after subtraction, dense input': {
    first: lif({ record: 'after reset', surrogate: soft }),
    surrogate: soft,
    dense: true,
    lengths: [6, 7],
  },
  'LIF, no reset': { first: lif({ reset: 'none' }), surrogate: wide, mixed: true, start: true, at: { cue: 4 } },
  'LIF, subtraction in the next step': {
    first: lif({ resetMoment: 'next step after leak' }),
    surrogate: wide,
    start: true,
    at: 'mean',
  },
  'LIF, zero in the next step': {
    first: lif({ reset: 'zero', resetMoment: 'next step after leak' }),
    surrogate: soft,
    start: true,
  },
  'LIF, Euler decay and input gain': {
    first: lif({ decay: 'euler', inputGain: 'one minus alpha', weightGain: 5, dt: 0.5 }),
    surrogate: wide,
    readout: { decay: 'euler', inputGain: 'one minus alpha', delay: 1 },
    start: true,
  },
};

const LIMIT = 1e-6;

function check(agreements: readonly Agreement[]): void {
  for (const { name, size, error } of agreements) {
    expect(size, `size of the derivative by ${name}`).toBeGreaterThan(1e-4);
    expect(error, `relative error of the gradient of ${name}`).toBeLessThan(LIMIT);
  }
}

describe('smooth mode: every gradient against central differences of the loss', () => {
  for (const [name, network] of Object.entries(networks)) {
    it(name, async () => {
      const agreements = await finiteDifferences(twoLayers(network));
      const parameters = agreements.length;
      expect(parameters, 'gradients compared').toBeGreaterThan(12);
      check(agreements);
    });
  }

  for (const [name, make] of Object.entries({ AHP: ahp(wide), ALIF: alif(wide), LIF: lif({ reset: 'zero' }) })) {
    it(`${name} in two pieces, with the gradient through the state between them`, async () => {
      check(await finiteDifferences(inPieces(make(5, 6))));
    });
  }

  it('a detached reset is not the derivative of the smooth net, and the check says so', async () => {
    const detached = (K: number, N: number) =>
      new LIF(K, N, { ...common, surrogate: wide, tau: 5, threshold: 0.8, detachReset: true });
    const agreements = await finiteDifferences(twoLayers({ first: detached, surrogate: wide }));
    expect(errorOf(agreements, '0.weight')).toBeGreaterThan(1e-3);
  });
});

describe('planted errors make the check fail', () => {
  const network = twoLayers({ first: ahp(wide), surrogate: wide, start: true });

  it('a surrogate whose derivative is 1 % too large', async () => {
    const wrong: Surrogate = { ...wide, derivative: (x) => wide.derivative(x).mul(1.01) };
    // put in after the layer's construction, which would refuse it
    const first = (K: number, N: number): AHP => Object.assign(ahp(wide)(K, N), { surrogate: wrong });
    const agreements = await finiteDifferences(twoLayers({ first, surrogate: wide }));
    expect(errorOf(agreements, '0.weight')).toBeGreaterThan(1e-4);
    expect(errorOf(agreements, '2.weight')).toBeLessThan(LIMIT);
  });

  it('a wrong sign of what the recurrent weights send back', async () => {
    const twins = new Map<string, Twin>([
      [
        'cell_backward',
        (c) => {
          // the recurrent weights are read for nothing else there
          const { effective } = { effective: c.of('effective').slice() };
          const from = c.flag('RECURRENT') ? 4 * c.constant('W_REC') : effective.length;
          const end = from + 4 * (c.call.twin as { N: number; Q: number }).N * (c.call.twin as { Q: number }).Q;
          for (let i = from; i < Math.min(end, effective.length); i++) effective[i]! *= -1;
          cellBackward({ ...c, of: (name) => (name === 'effective' ? effective : c.of(name)) });
        },
      ],
    ]);
    const agreements = await finiteDifferences(network, { twins });
    expect(errorOf(agreements, '0.weight')).toBeGreaterThan(1e-3);
    expect(errorOf(agreements, '2.weight')).toBeLessThan(LIMIT);
  });

  it("recurrent weights' gradient from spikes of the same step", async () => {
    const twins = new Map<string, Twin>([
      [
        'weight_gradient_spikes',
        (c) => weightGradientSpikes({ ...c, dims: { ...c.dims, shift_0: 0, shift_1: 0, shift_2: 0 } }),
      ],
    ]);
    const agreements = await finiteDifferences(network, { twins });
    expect(errorOf(agreements, '0.recurrent.weight')).toBeGreaterThan(1e-3);
    expect(errorOf(agreements, '0.weight')).toBeLessThan(LIMIT);
  });

  it('an initial state that is forgotten on the way back', async () => {
    const twins = new Map<string, Twin>([
      ['cell_backward', (c) => cellBackward({ ...c, flag: (name) => name !== 'HAS_START' && c.flag(name) })],
    ]);
    const agreements = await finiteDifferences(network, { twins });
    expect(errorOf(agreements, '0.tauAhp')).toBeGreaterThan(1e-3);
  });
});

it('what a cell hands to its twins is what the twins expect', () => {
  expectTypeOf<CellPlan>().toExtend<Cell>();
});

const errorOf = (agreements: readonly Agreement[], name: string): number => {
  const found = agreements.find((a) => a.name === name);
  if (!found) throw new Error(`no gradient of ${name} was compared`);
  return found.error;
};

import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { describe, expect, test } from 'vitest';
import type { Activity } from '../../../src/exchange/activity.ts';
import { isGraph, type NirGraph } from '../../../src/exchange/nir/file/graph.ts';
import { graphOf, type NirOptions } from '../../../src/exchange/nir/index.ts';
import { replayGraph } from '../../../src/exchange/nir/run/replay.ts';
import { netOf } from '../../../src/exchange/nir/to_net/import.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import {
  AdLIF,
  AHP,
  AvgPool2d,
  BatchNorm,
  Conv2d,
  CubaLIF,
  Dropout,
  Flatten,
  IF,
  LIF,
  Linear,
  Parallel,
  PLIF,
  Readout,
  Residual,
  Sequential,
  SumPool2d,
} from '../../../src/index.ts';
import type { Neurons } from '../../../src/layers/neurons.ts';
import { busy, expectSame, off } from './nir_nets.ts';

describe('what a net fires is what its graph fires', () => {
  const nets: Record<string, () => Sequential> = {
    'LIF, exponential decay, reset to 0': () => new Sequential(new LIF(6, 8, { reset: 'zero' }), new Readout(8, 3)),
    'LIF after a Linear with a bias': () => new Sequential(new Linear(6, 8), new LIF(8, { reset: 'zero', tau: 5 })),
    'LIF in Euler steps, gain dt/tau, a bias': () =>
      new Sequential(new LIF(6, 8, { semantics: 'norse', bias: true, threshold: 0.2, tau: 3 })),
    'LIF with heterogeneous constants': () =>
      new Sequential(
        new LIF(6, 5, {
          tau: [2, 5, 10, 20, 40],
          threshold: [0.5, 1, 1, 1.5, 2],
          reset: 'value',
          resetTo: [0, 0.1, -1, 0.2, 0],
        }),
      ),
    'LIF, reset in the next step': () =>
      new Sequential(new LIF(6, 8, { reset: 'zero', resetMoment: 'next step before leak', record: 'after reset' })),
    'LIF, v after the reset': () =>
      new Sequential(new LIF(6, 8, { reset: 'value', resetTo: 0.25, record: 'after reset' })),
    'LIF from its decay': () =>
      new Sequential(new LIF(6, 8, { reset: 'zero', beta: 0.8, inputGain: 'one minus alpha', threshold: 0.3 })),
    'recurrent LIF': () =>
      new Sequential(new LIF(6, 8, { reset: 'zero', recurrent: true }), new Readout(8, 3, { inputGain: 'dt/tau' })),
    'one-to-one recurrence': () => new Sequential(new LIF(6, 8, { reset: 'zero', recurrent: 'one-to-one' })),
    'recurrent LIF with a mask and signs': () =>
      new Sequential(
        new LIF(6, 8, {
          reset: 'zero',
          recurrent: true,
          connections: { density: 0.5 },
          recurrentConnections: { density: 0.4, excitatory: 0.5 },
        }),
      ),
    IF: () => new Sequential(new IF(6, 8, { reset: 'zero', recurrent: true }), new Readout(8, 2)),
    PLIF: () => new Sequential(new PLIF(6, 8, { threshold: 0.4 })),
    CubaLIF: () => new Sequential(new CubaLIF(6, 8, { reset: 'zero' }), new Readout(8, 2)),
    'CubaLIF with gains, recurrent': () =>
      new Sequential(
        new CubaLIF(6, 8, {
          reset: 'zero',
          inputGain: 'dt/tau',
          synapticGain: 'dt/tau',
          threshold: 0.05,
          decay: 'euler',
          recurrent: true,
        }),
      ),
    'CubaLIF with a delay, recurrent': () =>
      new Sequential(new CubaLIF(6, 8, { reset: 'zero', synapticDelay: 1, recurrent: true })),
    'Readout with a delay': () =>
      new Sequential(new LIF(6, 8, { reset: 'zero' }), new Readout(8, 3, { delay: 1, bias: true })),
    'neurons on spikes without weights': () => new Sequential(new LIF(6, { reset: 'zero', tau: 4 })),
    Residual: () =>
      new Sequential(
        new Linear(6, 8),
        new LIF(8, { reset: 'zero' }),
        new Residual(new Linear(8, 8), new LIF(8, { reset: 'zero' })),
        new LIF(8, { reset: 'zero' }),
      ),
    'Residual of nothing but dropout': () =>
      new Sequential(
        new LIF(6, 8, { reset: 'zero' }),
        new Residual(new Dropout(8, 0.5)),
        new Linear(8, 4),
        new LIF(4, { reset: 'zero' }),
      ),
    'Parallel, summed': () =>
      new Sequential(
        new Parallel([new Linear(6, 8), new Sequential(new LIF(6, 5, { reset: 'zero' }), new Linear(5, 8))], {
          merge: 'sum',
        }),
        new LIF(8, { reset: 'zero' }),
      ),
    'Parallel, side by side': () =>
      new Sequential(
        new Parallel([new Linear(6, 3), new Linear(6, 5)]),
        new LIF(8, { reset: 'zero' }),
        new Linear(8, 2),
      ),
    BatchNorm: () => new Sequential(new Linear(6, 8), statistics(new BatchNorm(8)), new LIF(8, { reset: 'zero' })),
    'BatchNorm on spikes': () =>
      new Sequential(statistics(new BatchNorm(6)), new Linear(6, 8), new LIF(8, { reset: 'zero' })),
    convolutions: () => {
      const conv = new Conv2d([2, 6, 5], 4, 3, { padding: 1, stride: [2, 1] });
      const pool = new SumPool2d(conv.outputShape, [1, 2]);
      const second = new Conv2d(pool.outputShape, 4, 2, { padding: 'same', groups: 2, dilation: 1 });
      const mean = new AvgPool2d(second.outputShape, 2);
      return new Sequential(
        conv,
        statistics(new BatchNorm(conv.outputs, { channels: 4 })),
        new LIF(conv.outputs, { reset: 'zero', tau: 4, threshold: 0.5 }),
        pool,
        second,
        mean,
        new LIF(mean.outputs, { reset: 'zero', tau: 3, threshold: 0.1 }),
        new Flatten(mean.outputShape),
        new Linear(mean.outputs, 7),
        new LIF(7, { reset: 'zero', threshold: 0.3 }),
      );
    },
    'convolution, then neurons with weights of their own': () => {
      const conv = new Conv2d([1, 4, 4], 3, 3);
      return new Sequential(
        conv,
        new LIF(conv.outputs, { reset: 'zero' }),
        new LIF(conv.outputs, 5, { reset: 'zero', recurrent: true }),
      );
    },
    'a layer in two places': () => {
      const hidden = new LIF(6, 6, { reset: 'zero' });
      return new Sequential(hidden, hidden, new Readout(6, 2));
    },
  };
  for (const [name, make] of Object.entries(nets))
    test(name, () => expectRoundTrips(make(), name.includes('recurren'), {}));

  const composed: Record<string, () => Sequential> = {
    AHP: () => new Sequential(new AHP(6, 8, { tauAhp: 30, beta: 0.3 }), new Readout(8, 2)),
    'AHP, recurrent, some plain': () =>
      new Sequential(new AHP(6, 8, { recurrent: true, adaptive: 3, beta: 0.2, tauAhp: 50 })),
    'subtraction, same step': () => new Sequential(new LIF(6, 8, {}), new Readout(8, 2)),
    'subtraction, recurrent, v after it': () =>
      new Sequential(new LIF(6, 8, { recurrent: true, record: 'after reset' })),
    'subtraction in the next step, after the leak': () =>
      new Sequential(new LIF(6, 8, { semantics: 'snntorch', tau: 4, threshold: [1, 1, 2, 1, 1, 0.5, 1, 1] })),
    'subtraction in the next step, before the leak': () =>
      new Sequential(new LIF(6, 8, { resetMoment: 'next step before leak' })),
    'no reset': () => new Sequential(new LIF(6, 8, { reset: 'none', tau: 3 })),
    'CubaLIF with subtraction': () =>
      new Sequential(new CubaLIF(6, 8, { synapticGain: 'dt/tau', threshold: 0.3, recurrent: true })),
    'CubaLIF with subtraction and delay': () => new Sequential(new CubaLIF(6, 8, { synapticDelay: 1 })),
    'CubaLIF with subtraction on spikes': () => new Sequential(new CubaLIF(6, { inputGain: 'dt/tau', threshold: 0.3 })),
    AdLIF: () => new Sequential(new AdLIF(6, 8, { threshold: 0.1, recurrent: true })),
    'subtraction on spikes': () => new Sequential(new LIF(6, { inputGain: 'one minus alpha', tau: 5, threshold: 0.3 })),
  };
  for (const [name, make] of Object.entries(composed))
    test(`composed: ${name}`, () => expectRoundTrips(make(), true, { compose: true }));
});

/** By both gains, and with recurrence in both forms. */
async function expectRoundTrips(net: Sequential, cycles: boolean, options: NirOptions): Promise<void> {
  const { sample, own } = await busy(net);
  for (const gain of ['unit', 'tau/dt'] as const)
    for (const recurrence of cycles ? (['nested', 'flat'] as const) : (['nested'] as const)) {
      const graph = graphOf(net, { gain, recurrence, ...options });
      expectSame(await replayGraph(graph, sample), own);
      // nir.write has nodes by name
      expectSame(await replayGraph(byName(graph), sample), own);
      if (gain === 'unit' || recurrence === 'nested') expectBack(graph, await simulate(netOf(graph).net, sample), own);
    }
}

const byName = (graph: NirGraph): NirGraph => ({
  ...graph,
  nodes: new Map(
    [...graph.nodes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, node]) => [name, isGraph(node) ? byName(node) : node]),
  ),
});

test('random nets: what their graphs fire, and what comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(layer, { minLength: 1, maxLength: 3 }),
      fc.nat(1000),
      options,
      async (parts, seed, chosen) => {
        let width = 5;
        const layers = parts.map(({ N, make }) => {
          const made = make(width, N);
          width = N;
          return made;
        });
        const net = new Sequential(...layers).initialize(seed);
        const random = seedrandom(String(seed));
        const sample = {
          T: 25,
          B: 1,
          N: 5,
          inputs: Float32Array.from({ length: 125 }, () => (random() < 0.4 ? 4 : 0)),
        };
        const own = await simulate(net, sample);
        const graph = graphOf(net, { ...chosen, compose: true });
        expectSame(await replayGraph(graph, sample), own);
        expectBack(graph, await simulate(netOf(graph).net, sample), own);
      },
    ),
    { seed: 11, numRuns: 30 },
  );
});

/** A layer of any kind that a graph can say exactly. */
const layer = fc
  .record({
    N: fc.integer({ min: 1, max: 6 }),
    tau: fc.array(fc.double({ min: 1.1, max: 60, noNaN: true }), { minLength: 6, maxLength: 6 }),
    threshold: fc.double({ min: 0.05, max: 2, noNaN: true }),
    recurrent: fc.constantFrom(false, true, 'one-to-one' as const),
    bias: fc.boolean(),
    decay: fc.constantFrom('exponential' as const, 'euler' as const),
    inputGain: fc.constantFrom('one' as const, 'one minus alpha' as const, 'dt/tau' as const),
    reset: fc.constantFrom('zero' as const, 'subtract' as const, 'none' as const, 'value' as const),
    resetMoment: fc.constantFrom('same step' as const, 'next step before leak' as const),
    spikeTest: fc.constantFrom('>' as const, '>=' as const),
    kind: fc.constantFrom('LIF', 'IF', 'CubaLIF', 'AHP', 'AdLIF', 'PLIF'),
  })
  .map(({ N, tau, kind, threshold, recurrent, bias, decay, inputGain, reset, resetMoment, spikeTest }) => ({
    N,
    make: (inputs: number, n: number): Neurons => {
      const common = { recurrent, bias, threshold, spikeTest };
      const fires = { ...common, reset, resetMoment };
      const times = tau.slice(0, n);
      if (kind === 'IF') return new IF(inputs, n, { ...common, reset: 'zero' });
      if (kind === 'CubaLIF') return new CubaLIF(inputs, n, { ...fires, tau: times, tauSyn: 3, decay, inputGain });
      if (kind === 'AHP') return new AHP(inputs, n, { ...common, tau: times, tauAhp: 40, beta: 0.1, decay });
      if (kind === 'AdLIF') return new AdLIF(inputs, n, { ...common, a: -0.2, b: 0.7 });
      if (kind === 'PLIF')
        return new PLIF(inputs, n, { ...common, reset: reset === 'none' ? 'zero' : reset, tau0: times });
      return new LIF(inputs, n, { ...fires, tau: times, decay, inputGain });
    },
  }));
const options = fc.record({
  gain: fc.constantFrom('unit' as const, 'tau/dt' as const),
  recurrence: fc.constantFrom('nested' as const, 'flat' as const),
  dt: fc.constantFrom(1e-4, 1e-3),
});

/** What comes back fires the same spikes, layer by layer, wherever it stands in the net. */
function expectBack(graph: NirGraph, back: Activity, own: Activity): void {
  expect(off(back.outputs, own.outputs)).toBeLessThan(1e-5);
  const spikes = (a: Activity): string[] => a.layers.flatMap((l) => (l.spikes ? [l.spikes.join('')] : [])).sort();
  expect(spikes(back), [...graph.nodes.keys()].join()).toEqual(spikes(own));
}

/** Running statistics as a trained net has them. */
function statistics(norm: BatchNorm): BatchNorm {
  norm.params.running_mean!.data.forEach((_, i, of) => {
    of[i] = 0.1 * (i % 3);
  });
  norm.params.running_var!.data.forEach((_, i, of) => {
    of[i] = 0.5 + 0.2 * (i % 4);
  });
  norm.params.bias!.data.forEach((_, i, of) => {
    of[i] = 0.1 * (i % 2);
  });
  return norm;
}

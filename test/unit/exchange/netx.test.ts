import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/exchange/compare.ts';
import { netOf } from '../../../src/exchange/netx/decode.ts';
import { checkNetx } from '../../../src/exchange/netx/index.ts';
import { hasNeurons, type NetxLayer } from '../../../src/exchange/netx/layers.ts';
import { planOf } from '../../../src/exchange/netx/plan.ts';
import { truncationOf } from '../../../src/exchange/netx/quantise.ts';
import { readNetxTree } from '../../../src/exchange/netx/read.ts';
import { netxTree } from '../../../src/exchange/netx/write.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import { CubaLIF } from '../../../src/layers/cuba_lif.ts';
import { IF } from '../../../src/layers/if.ts';
import type { Layer } from '../../../src/layers/layer.ts';
import { LIF } from '../../../src/layers/lif.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { Sequential } from '../../../src/layers/sequential.ts';

import { integers, layersOf, onGrid, replay, spikes, zero } from './netx_nets.ts';

const cells = fc.record({
  kind: fc.constantFrom('IF', 'LIF', 'CubaLIF'),
  wide: fc.integer({ min: 1, max: 5 }),
  recurrent: fc.constantFrom(false, 'dense' as const, 'one-to-one' as const),
  bias: fc.boolean(),
  linear: fc.boolean(),
  threshold: fc.integer({ min: 20, max: 300 }).map((n) => n / 64),
  record: fc.constantFrom('before reset' as const, 'after reset' as const),
  vDecay: fc.integer({ min: 1, max: 4096 }),
  iDecay: fc.integer({ min: 1, max: 4095 }),
});
type Cells = typeof cells extends fc.Arbitrary<infer C> ? C : never;

function netOfCells(list: readonly Cells[], exact: boolean): Sequential {
  let width = 6;
  const layers: Layer[] = [];
  for (const { kind, wide, recurrent, bias, linear, threshold, record, vDecay, iDecay } of list) {
    const own = { ...zero, record, threshold, ...(recurrent ? { recurrent } : {}) };
    const biased = bias && (exact || kind !== 'CubaLIF');
    if (linear) layers.push(new Linear(width, wide, { bias: biased }));
    const sizes = (linear ? [wide] : [width, wide]) as [number, number];
    const options = { ...own, ...(linear ? {} : { bias: biased }) };
    const beta = (4096 - vDecay) / 4096;
    if (kind === 'IF') layers.push(new IF(...sizes, options));
    else if (exact) layers.push(new LIF(...sizes, { ...options, beta: 0 }));
    else if (kind === 'LIF') layers.push(new LIF(...sizes, { ...options, beta }));
    else layers.push(new CubaLIF(...sizes, { ...options, beta, alpha: (4096 - iDecay) / 4096 }));
    width = wide;
  }
  return new Sequential(...layers);
}

const lists = fc.array(cells, { minLength: 1, maxLength: 3 });

describe('nets on the integer grid', () => {
  test('without decays between none and all: the same spikes and voltages as in integers', async () => {
    let fired = 0;
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(1000), async (list, seed) => {
        const net = onGrid(netOfCells(list, true), seed);
        const sample = spikes(6, seed);
        const plan = planOf(net);
        expect([plan.refused, plan.lost]).toEqual([[], []]);
        const said = await compare(net, sample, replay(plan.layers, sample));
        expect(said).toMatchObject({ apart: 0, differ: 0, voltage: 0, output: 0 });
        fired += said.spikes;
      }),
      { numRuns: 15, seed: 6 },
    );
    expect(fired).toBeGreaterThan(1000);
  });

  test('with any decays: net, file and net again are the same; what is dropped stays within what is said', async () => {
    let [fired, differ] = [0, 0];
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(1000), async (list, seed) => {
        const net = onGrid(netOfCells(list, false), seed);
        const sample = spikes(6, seed);
        const plan = planOf(net);
        expect(plan.refused).toEqual([]);
        for (const line of plan.lost) expect(line).toMatch(/Loihi drops what is below/);

        const tree = netxTree(plan.layers);
        const read = readNetxTree(tree);
        expect(read).toEqual({ layers: plan.layers, notes: [] });
        const back = netOf(read.layers).net;
        expect(integers(layersOf(back))).toEqual(integers(plan.layers));
        const [one, other] = await Promise.all([simulate(net, sample), simulate(back, sample)]);
        one.layers.forEach((layer, i) => {
          expect(other.layers[i]!.spikes).toEqual(layer.spikes);
          expect(other.layers[i]!.voltage).toEqual(layer.voltage);
        });

        const said = replay(plan.layers, sample);
        const whole = await compare(net, sample, said);
        const bounds = plan.layers
          .filter(hasNeurons)
          .map(({ neurons, meaning }) => truncationOf(neurons, meaning.scale) ?? 0);
        const driven = await simulate(net, sample, { spikes: new Map(said.layers.map((l) => [l.label, l.spikes!])) });
        driven.layers.forEach(({ voltage }, k) => {
          const off = voltage!.reduce((most, v, i) => Math.max(most, Math.abs(v - said.layers[k]!.voltage![i]!)), 0);
          // of a spike that differs, one of the two was reset
          if (whole.differ === 0) expect(off).toBeLessThanOrEqual(bounds[k]!);
        });
        expect(whole.distance).toBeLessThanOrEqual(Math.max(...bounds) / (20 / 64));
        fired += whole.spikes;
        differ += whole.differ;
      }),
      { numRuns: 15, seed: 6 },
    );
    expect(fired).toBeGreaterThan(1000);
    expect(differ).toBeLessThan(fired / 100);
  });

  test('nets beside the grid: the file of the net read from a file is that file', () => {
    fc.assert(
      fc.property(lists, fc.nat(1000), fc.constantFrom(undefined, 64, 100), (list, seed, scale) => {
        const net = netOfCells(list, false).initialize(seed);
        const { layers, lost, refused } = planOf(net, scale);
        fc.pre(refused.length === 0);
        expect(lost.join()).toMatch(/weights are rounded/);
        const back = netOf(readNetxTree(netxTree(layers)).layers).net;
        expect(integers(layersOf(back, scale))).toEqual(integers(layers));
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe('integers', () => {
  const weights = (values: readonly number[], threshold = 1): Sequential => {
    const net = new Sequential(new IF(values.length, 1, { ...zero, threshold }));
    net.parameters()[0]!.data.set(values);
    return net;
  };
  const dense = (net: Sequential, scale?: number) => layersOf(net, scale)[0] as NetxLayer & { type: 'dense' };

  test('64 units in 1 where that is exact, even weights', () => {
    const { weight, neurons, meaning } = dense(weights([1 / 32, -4, 254 / 64], 1.25));
    expect([[...weight], neurons.vThMant, meaning.scale]).toEqual([[2, -256, 254], 80, 64]);
  });

  test('finer where the weights allow it, rounded to the even one of two', () => {
    const { weight, neurons, meaning } = dense(weights([0.25, 1.5 / 1024, 2.5 / 1024, -1.5 / 1024]));
    expect([meaning.scale, neurons.vThMant]).toEqual([512, 512]);
    expect([...weight]).toEqual([128, 0, 2, 0]);
  });

  test('at the end of the range: -256 alone, and odd weights', () => {
    const again = (net: Sequential): unknown =>
      integers(layersOf(netOf(readNetxTree(netxTree(layersOf(net))).layers).net));
    // -4 + 1/100 is -256 units of 1/64 when it is rounded, and a file with -256 has that unit
    for (const values of [[-3.99], [-7.97], [-3.99, 2], [63 / 64], [255 / 64, 0.25], [-255 / 64]]) {
      const net = weights(values);
      expect(again(net)).toEqual(integers(layersOf(net)));
    }
    expect(dense(weights([255 / 64, 0.25]))).toMatchObject({ weight: Int32Array.of(255, 16), meaning: { scale: 64 } });
    expect(dense(weights([63 / 64, -0.25]))).toMatchObject({
      weight: Int32Array.of(126, -32),
      meaning: { scale: 128 },
    });
  });

  test('coarser where they do not fit, threshold and all', () => {
    const net = weights([9.5, -1 / 3], 2);
    const { weight, neurons, meaning } = dense(net);
    expect([[...weight], neurons.vThMant, meaning.scale]).toEqual([[152, -6], 32, 16]);
    expect(checkNetx(net).lost).toEqual(['0 IF: weights are rounded to multiples of 0.125, by up to 0.0416667']);
  });

  test('a scale of the user', () => {
    expect([...dense(weights([1 / 3]), 64).weight]).toEqual([22]);
    expect(checkNetx(weights([5]), { weightScale: 64 }).refused).toEqual([
      '0 IF: a weight of 5 is beyond -256 .. 254 at a scale of 64',
    ]);
    expect(() => checkNetx(weights([5]), { weightScale: -1 })).toThrow(
      'weightScale must be a number in 2^-20 .. 2^20, got -1',
    );
    expect(() => checkNetx(weights([5]), { weightscale: 1 } as object)).toThrow("did you mean 'weightScale'?");
  });

  test('decays, with what they become', () => {
    const net = onGrid(new Sequential(new CubaLIF(2, 1, { ...zero, tau: 20, tauSyn: 5 })), 1);
    const { neurons } = dense(net);
    expect(neurons).toEqual({ iDecay: 742, vDecay: 200, vThMant: 64 });
    const { lost } = checkNetx(net);
    expect(lost).toHaveLength(3);
    expect(lost[0]).toBe("0 CubaLIF: the voltage's decay 0.951229 becomes 0.951172, 3896 of 4096");
    // v is off by 4096/742 + 1 units of 1/4096, 4096/200 times as much in the end
    expect(lost[2]).toBe(
      '0 CubaLIF: Loihi drops what is below 0.000244141 whenever a state decays: v is off by up to 0.033',
    );
  });

  test('different thresholds are different units; different decays are lost', async () => {
    const thresholds = [1, 0.5, 2];
    const net = onGrid(new Sequential(new IF(4, 3, { ...zero, threshold: thresholds })), 4);
    // so that they are on the grid behind the division
    for (const p of net.parameters()) if (p.shape.length === 2) p.data.set(p.data.map((w) => Math.round(w * 4) / 8));
    const sample = spikes(4, 4);
    expect(checkNetx(net).lost).toEqual([]);
    const said = await compare(net, sample, replay(layersOf(net), sample));
    expect(said).toMatchObject({ apart: 0, voltage: 0 });
    expect(said.spikes).toBeGreaterThan(5);
    const slow = onGrid(new Sequential(new LIF(4, 3, { ...zero, beta: [0.5, 0.75, 0.25] })), 1);
    expect(checkNetx(slow).lost[0]).toBe(
      '0 LIF: the decays of the voltages of its neurons, 0.2500 .. 0.7500, become their mean, 0.5000: NetX has one a layer',
    );
  });
});

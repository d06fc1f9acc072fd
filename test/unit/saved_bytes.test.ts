import { describe, expect, it } from 'vitest';
import { AdLIF } from '../../src/layers/adlif.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { Alpha } from '../../src/layers/alpha.ts';
import { BRF } from '../../src/layers/brf.ts';
import { CubaLIF } from '../../src/layers/cuba_lif.ts';
import { GLIF } from '../../src/layers/glif.ts';
import { IF } from '../../src/layers/if.ts';
import { LIF } from '../../src/layers/lif.ts';
import type { NeuronOptions, Neurons } from '../../src/layers/neurons.ts';
import { Neuron } from '../../src/layers/own.ts';
import { PLIF } from '../../src/layers/plif.ts';
import { Readout } from '../../src/layers/readout.ts';
import { RF } from '../../src/layers/rf.ts';
import { savedBytes } from '../../src/layers/saved_bytes.ts';
import { SEAdLIF } from '../../src/layers/se_adlif.ts';
import { defineNeuron } from '../../src/neurons/definition.ts';
import { cos, exp, sin, spike } from '../../src/neurons/expr.ts';

// What the forward pass keeps for the backward pass, in bytes a neuron and step: 4 a value, 1/8 the spike.

/** Planes with fixed constants, then with all of them learned. */
const expected: Record<string, [make: (options: NeuronOptions) => Neurons, fixed: string, learned: string]> = {
  IF: [(o) => new IF(3, o), 'v', 'v'],
  LIF: [(o) => new LIF(3, o), 'v', 'v'],
  'LIF, reset to 0, recorded after it': [
    (o) => new LIF(3, { ...o, reset: 'zero', record: 'after reset' }),
    'inner',
    'inner',
  ],
  'LIF, reset before the leak': [(o) => new LIF(3, { ...o, resetMoment: 'next step before leak' }), 'v', 'v'],
  'LIF, refractory for a step': [(o) => new LIF(3, { ...o, refractory: 1 }), 'v', 'v'],
  'LIF, refractory for three': [(o) => new LIF(3, { ...o, refractory: 3 }), 'v refractory', 'v refractory'],
  CubaLIF: [(o) => new CubaLIF(3, o), 'v', 'v i'],
  Alpha: [(o) => new Alpha(3, o), 'inner inner', 'inner inner'],
  'LI (readout)': [(o) => new Readout(3, o), '', 'v'],
  ALIF: [(o) => new ALIF(3, o), 'v b', 'v b I'],
  AHP: [(o) => new AHP(3, o), 'v', 'v a'],
  AdLIF: [(o) => new AdLIF(3, o), 'v', 'v w I'],
  SEAdLIF: [(o) => new SEAdLIF(3, o), 'v', 'v w I'],
  PLIF: [(o) => new PLIF(3, { learn: [], ...o }), 'v', 'v I'],
  // the current is what its gate lets through a part of
  GLIF: [(o) => new GLIF(3, { steps: 4, learn: false, ...o }), 'v current', 'v current'],
  RF: [(o) => new RF(3, o), 'v', 'v re'],
  BRF: [(o) => new BRF(3, o), 'v im q', 'v im q'],
};

describe('bytes saved for the backward pass', () => {
  const cases = Object.entries(expected).flatMap(([name, [make, fixed, learned]]) => [
    [`${name}, fixed`, make({}), fixed] as const,
    [`${name}, all learned`, make({ learn: true }), learned] as const,
  ]);
  it.each(cases)('%s', (name, layer, planes) => {
    const saved = savedBytes(layer);
    console.log(`${name}: ${saved.bytes} bytes a neuron and step (${saved.planes.join(', ') || 'no value'})`);
    expect(saved.planes.map((p) => p.replace(/\d+$/, '')).join(' ')).toBe(planes);
    const values = planes === '' ? 0 : planes.split(' ').length;
    expect(saved.bytes).toBe(4 * values + (layer.definition.z ? 0.125 : 0));
  });

  it.each(cases)(
    '%s: with a weight on its own last spike and a gradient of its voltage, no more',
    (_, layer, planes) => {
      if (!layer.definition.z) return;
      const own = new Neuron(layer.definition, 3, {
        recurrent: 'one-to-one',
        learn: Object.keys(layer.definition.params).filter((n) => layer.params[n]!.trainable),
      });
      const { bytes } = savedBytes(own, { recordGradient: true });
      expect(bytes).toBe(4 * (planes.split(' ').length - layer.keptBeside.length) + 0.125);
    },
  );

  it('is found quickly for a neuron of four states, each of which enters every equation', () => {
    const tangled = defineNeuron({
      name: 'Tangled',
      params: Object.fromEntries(
        ['k', 'l', 'm', 'n'].map((p) => [p, { default: 1, unit: '', min: 0, max: 9, meaning: p }]),
      ),
      states: ['a', 'b', 'c', 'd'],
      equations({ I, z, param, state }) {
        const { a, b, c, d } = state;
        const [k, l, m, n] = [param.k!, param.l!, param.m!, param.n!];
        const next = {
          a: k
            .mul(a)
            .sub(l.mul(b).mul(z))
            .add(sin(c.mul(d)))
            .add(I),
          b: cos(a.mul(b))
            .add(m.mul(c))
            .sub(exp(d.mul(n).neg())),
          c: c.mul(d).add(a.mul(a)).sub(b.mul(k)).mul(l),
          d: d.add(a.mul(c)).mul(m).add(exp(b.neg()).mul(n)),
        };
        return { next, z: spike(next.a.add(next.d).sub(1)), v: next.a };
      },
    });
    const layer = new Neuron(tangled, 3, { learn: true });
    const { planes } = savedBytes(layer);
    // the best of several, since other work may share the processor
    const times = Array.from({ length: 7 }, () => {
      const begin = performance.now();
      savedBytes(layer);
      return performance.now() - begin;
    });
    const ms = Math.min(...times);
    console.log(`Tangled: ${planes.join(', ')}, found in ${ms.toFixed(1)} ms`);
    expect(planes).toEqual(['v', 'b', 'c', 'd']);
    expect(ms).toBeLessThan(100);
  });
});

describe('bytes saved with low memory', () => {
  const low = (layer: Neurons, T: number): number => {
    const { bytes } = savedBytes(layer, { lowMemory: T });
    return bytes;
  };

  it.each([
    ['LIF', new LIF(3), 16],
    ['AHP', new AHP(3), 26],
  ])('%s: under 2.2 from a few steps on, under 1 from 500 on', (_, layer, from) => {
    for (let T = from; T < 500; T += T < 60 ? 1 : 37) expect(low(layer, T)).toBeLessThan(2.2);
    for (const T of [500, 840, 3200]) expect(low(layer, T)).toBeLessThan(1);
  });

  it.each([
    ['LIF', new LIF(3)],
    ['AHP', new AHP(3)],
  ])('%s: what the forward pass leaves is under 2.2 at any length, under 1 from 500 on', (_, layer) => {
    const left = (T: number): number => {
      const { bytes, shared } = savedBytes(layer, { lowMemory: T });
      return bytes - shared;
    };
    for (let T = 1; T <= 3200; T += T < 60 ? 1 : 37) expect(left(T), `T ${T}`).toBeLessThan(2.2);
    for (const T of [500, 840, 3200]) expect(left(T)).toBeLessThan(1);
  });

  it('is never more than without', () => {
    for (const T of [1, 2, 3, 5, 10]) expect(low(new ALIF(3), T)).toBeLessThanOrEqual(savedBytes(new ALIF(3)).bytes);
  });

  it('refuses a number of steps that is none', () => {
    expect(() => savedBytes(new LIF(3), { lowMemory: 0.5 })).toThrow(
      'lowMemory must be a whole number of steps, got 0.5',
    );
  });
});

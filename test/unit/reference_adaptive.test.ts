import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { AdLIF } from '../../src/layers/adlif.ts';
import { BRF } from '../../src/layers/brf.ts';
import { GLIF } from '../../src/layers/glif.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { PLIF } from '../../src/layers/plif.ts';
import { RF } from '../../src/layers/rf.ts';
import { SEAdLIF } from '../../src/layers/se_adlif.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { brf } from '../../src/neurons/brf.ts';
import { compile } from '../../src/neurons/evaluate.ts';
import { leaf } from '../../src/neurons/expr.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { gateBackward } from '../../src/reference/gate.ts';
import { moduleOf } from '../support/experiment.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { read64 } from '../support/float64.ts';
import { adaptive } from '../support/layers_adaptive.ts';
import { single } from '../support/single.ts';

const wide = { tau: [1, 100], tauW: [1, 100] } as const;
/** Decays 1/2 and 3/4. */
const slow = { decay: 'euler', tau: 2, tauW: 4, ranges: wide } as const;

interface Trace {
  readonly layer: Neurons;
  readonly currents: readonly number[];
  readonly v: readonly number[];
  readonly z: readonly number[];
}

/** Worked out step by step from the equations of the papers. */
const traces: Record<string, Trace> = {
  // w: 0 | 0.5 2 + 0.25 | 0.75 1.25 - 0.5 0.125 | 0.75 0.875 + 0.5 1.5 + 0.25
  // v: 0.5 4 | 0.5 (2 - 1) - 0.5 1.25 | -0.0625 + 0.5 (4 - 0.875) | 0.5 0.5 - 0.5 1.65625
  AdLIF: {
    layer: new AdLIF(1, { ...slow, a: 0.5, b: 0.25 }),
    currents: [4, 0, 4, 0],
    v: [2, -0.125, 1.5, -0.578125],
    z: [1, 0, 1, 0],
  },
  // u: 0.5 4 | 0.5 (0 - 0.5) | 0.5 (-0.25) + 0.5 (6 - 0.3125) | 0.5 (2 - 0.734375)
  // w = 0.75 w + 0.25 2 (0.5 v + z): 0.5 | 0.375 - 0.0625 | 0.234375 + 0.5
  SEAdLIF: {
    layer: new SEAdLIF(1, { ...slow, a: 0.5, b: 1, q: 2 }),
    currents: [4, 0, 6, 2],
    v: [2, -0.25, 2.71875, 0.6328125],
    z: [1, 0, 1, 0],
  },
  // half of the way to the input at every step; fires at the threshold
  PLIF: { layer: new PLIF(1), currents: [1, 1.5, 1, 3], v: [0.5, 1, 0.5, 1.75], z: [0, 1, 0, 1] },
  // the leak is towards the value of the reset: 0.5 (1 + 0.5) | 0.75 + 0.5 (1 - 0.25) | 0.5
  'PLIF with a value': {
    layer: new PLIF(1, { resetTo: 0.5 }),
    currents: [1, 1, 0],
    v: [0.75, 1.125, 0.5],
    z: [0, 1, 0],
  },
  // all gates half: the input counts 0.75, d is 0.75, a step loses 0.25, a spike 0.375 v + 0.25
  GLIF: {
    layer: new GLIF(1, { steps: 4, a: 0.5, b: 0.5, c: 0.5, tau: 0.5, l: 0.5, r: 0.5, g: 0.5 }),
    currents: [2, 0, 1, 1],
    v: [1.25, -0.03125, 0.4765625, 0.857421875],
    z: [1, 0, 0, 1],
  },
  // a quarter of a turn and half the size at every step: 4 | 2i | -1 | -0.5i
  RF: {
    layer: new RF(1, { period: 4, tau: 2, decay: 'euler' }),
    currents: [4, 0, 0, 0],
    v: [0, 2, 0, -0.5],
    z: [0, 1, 0, 0],
  },
  // dt omega 0.6, so p is -0.4 and b -0.5 - q; q: 1 | 0.5 | 0.25 | 0.125, what is kept: 0.75 - q/2 of the step before
  // im: 0 | 0.6 2 | 0.5 1.2 + 0.6 0.5 | 0.625 0.9 - 0.6 0.47; 1.16625 is below the threshold of 1.25
  BRF: {
    layer: new BRF(1, { dt: 0.5, omega: 1.2, bOffset: 0.1, gamma: 0.5 }),
    currents: [4, 0, 0, 4, 2],
    v: [2, 0.5, -0.47, 1.16625, 1.633496875],
    z: [1, 0, 0, 0, 1],
  },
};

describe('adaptive and resonating neurons, by hand', () => {
  it.each(Object.entries(traces))('%s', async (_, { layer, currents, v, z }) => {
    const engine = new Engine(new ReferenceDevice());
    engine.bind(moduleOf([layer], 'trace'));
    const tape = engine.tape({ training: false });
    const run = layer.run(tape.input(currents, { shape: [currents.length, 1, 1], name: 'current' }));
    run.v.keep();
    run.z!.keep();
    await tape.run();
    expect([...(await read64(run.z!))]).toEqual(z);
    (await read64(run.v)).forEach((x, t) => {
      // constants are float32 numbers
      expect(x, `v at step ${t}`).toBeCloseTo(v[t]!, 6);
    });
  });

  it('BRF’s p(omega) is finite and exact up to the edge of its range', () => {
    const { params, next } = brf();
    expect(params.omega!.max).toBe(99.9);
    const nextRe = (omega: number, round?: (x: number) => number): number => {
      // with re 1 and all else 0 the next re is 1 + dt p
      const values = { omega, bOffset: 0, gamma: 0.9, re: 1, im: 0, q: 0, input: 0 };
      const leaves = Object.entries(values).map(
        ([name, value]) =>
          [leaf(name === 'input' ? name : `${name in params ? 'param' : 'state'}.${name}`), value] as const,
      );
      const program = compile(
        [next.re!],
        leaves.map(([e]) => e),
        () => 0,
        round,
      );
      for (const [e, value] of leaves) program.set(e, round ? round(value) : value);
      program.run();
      return program.get(next.re!);
    };
    for (const omega of [0, 1e-3, 10, 60, params.omega!.max]) {
      const exact = Math.sqrt(1 - (0.01 * omega) ** 2);
      expect(nextRe(omega)).toBeCloseTo(exact, 14);
      expect(Math.abs(nextRe(omega, Math.fround) - exact)).toBeLessThan(2e-6);
    }
  });
});

describe('adaptive and resonating neurons: every gradient agrees with finite differences in the smooth mode', () => {
  const forms = ['feed-forward', 'dense', 'one-to-one'] as const;
  it.each(Object.entries(adaptive).flatMap(([name, make]) => forms.map((form) => [name, form, make] as const)))(
    '%s, %s',
    async (_, form, make) => {
      const layer = make(5, 3, form === 'feed-forward' ? {} : { recurrent: form });
      const found = await finiteDifferences(
        single(layer, { T: 9, B: 2, full: true, start: true, dense: form === 'dense', lengths: [9, 6] }),
      );
      for (const { name, error, size } of found) {
        expect(size, name).toBeGreaterThan(0);
        expect(error, name).toBeLessThan(1e-6);
      }
      const worst = found.reduce((a, b) => (a.error > b.error ? a : b));
      console.log(`${found.length} gradients, worst ${worst.error.toExponential(1)} (${worst.name})`);
    },
  );

  it('a gate that forgets how far it was open makes the check fail', async () => {
    const planted = new Map([
      [
        'gate_backward',
        (c: Parameters<typeof gateBackward>[0]) => {
          gateBackward(c);
          c.of('dx').forEach((_, i, dx) => {
            dx[i]! *= 1.01;
          });
        },
      ],
    ]);
    const found = await finiteDifferences(single(adaptive.GLIF(5, 3), { T: 9, B: 2 }), { twins: planted });
    expect(found.filter((f) => f.error > 1e-3).map((f) => f.name)).toEqual(['0.weight', '0.bias', 'x']);
  });
});

describe('adaptive and resonating neurons refuse', () => {
  it.each<[() => unknown, RegExp]>([
    [() => new AdLIF(3, { tau: 30 }), /AdLIF: tau must be in 5 .. 25 ms, got 30/],
    [() => new AdLIF(3, { a: -1.5 }), /AdLIF: a must be in -1 .. 1, got -1.5/],
    [() => new AdLIF(3, { ranges: { tua: [1, 2] } as object }), /AdLIF: ranges names 'tua'; did you mean 'tau'/],
    [() => new AdLIF(3, { ranges: { tau: [9, 2] } }), /the range of tau must be \[min, max\], got \[9,2\]/],
    [() => new AdLIF(3, { dt: 0 }), /AdLIF: dt must be a finite number of ms above 0, got 0/],
    [
      () => new AdLIF(3, { dt: 7, decay: 'euler' }),
      /AdLIF: tau must be at least dt, 7 ms, with decay 'euler'; its range begins at 5/,
    ],
    [
      () => new AdLIF(3, { ranges: { threshold: [-1, 2] } as object }),
      /AdLIF: ranges names 'threshold'; known are tau/,
    ],
    [() => new AdLIF(3, { ranges: { tau: 9 } as object }), /the range of tau must be \[min, max\], got 9/],
    [() => new SEAdLIF(3, { ranges: { tauW: [0, 9] } }), /SEAdLIF: tauW must be above 0; its range begins at 0/],
    [() => new SEAdLIF(3, { b: 2.5 }), /SEAdLIF: b must be in 0 .. 2, got 2.5/],
    [() => new SEAdLIF(3, { rest: 'zero' } as object), /SEAdLIF: there is no option 'rest'/],
    [() => new PLIF(3, { tau0: 1 }), /PLIF: tau0 must be a finite number of steps above 1, got 1/],
    [() => new PLIF(3, { tau0: 2, k: 0 }), /tau0 and k are two names of one constant/],
    [() => new PLIF(3, { threshold: 0 }), /PLIF: threshold must be in/],
    [() => new GLIF(3, { steps: 0 }), /GLIF: steps must be a whole number above 0, got 0/],
    [() => new GLIF(3, { steps: 4, b: 1 }), /GLIF: b must be above 0 and below 1.* got 1/],
    [() => new GLIF(3, { steps: 4, g: [0.5, 0.5] }), /GLIF: g must be one number or 3/],
    [() => new GLIF(3, { steps: 4, learn: ['gg'] }), /GLIF: learn names 'gg'/],
    [
      () => new GLIF(3, { steps: 4, learn: 'a' as never }),
      /GLIF: learn must be true, false or a list of names, got "a"/,
    ],
    [() => new GLIF(3, { steps: 4, threshold: -1 }), /GLIF: threshold must be above 0, got -1/],
    [() => new RF(3, { period: 1 }), /RF: period must be in 2 .. /],
    [() => new RF(3, { tau: [1, 2] }), /RF: tau must be one number or 3/],
    [() => new BRF(3, { omega: 100 }), /BRF: omega must be in 0 .. 99.9 rad\/time, got 100/],
    [() => new BRF(3, { gamma: 1 }), /BRF: gamma must be in/],
  ])('%#', (make, message) => {
    expect(make).toThrow(message);
  });

  it('a sequence that is longer than GLIF’s gate', () => {
    const engine = new Engine(new ReferenceDevice());
    const net = new Sequential(new GLIF(2, { steps: 3 }));
    engine.bind(net);
    const x = engine.tape().input(new Float32Array(8), { shape: [4, 1, 2], name: 'x' });
    expect(() => net.forward(x)).toThrow(/0 GLIF: has a gate for each of 3 steps, got 4 steps/);
  });
});

describe('PLIF and GLIF', () => {
  it('learn what the papers learn unless told otherwise', () => {
    const learned = (layer: Neurons): string[] =>
      Object.entries(layer.params)
        .filter(([, p]) => p.trainable)
        .map(([n]) => n);
    expect(learned(new PLIF(3))).toEqual(['k']);
    expect(new PLIF(3, { tau0: 5 }).params.k!.data[0]).toBeCloseTo(-Math.log(4), 6);
    expect(new PLIF(3).params.k!.shape).toEqual([1]);
    expect(learned(new GLIF(3, { steps: 2 }))).toEqual(['a', 'c', 'tau', 'l', 'r', 'threshold', 'b', 'g']);
    expect(learned(new GLIF(3, { steps: 2, learn: ['g', 'a'] }))).toEqual(['a', 'g']);
    expect(learned(new GLIF(3, { steps: 2, learn: false }))).toEqual([]);
  });

  it('and all others come back from their files', () => {
    const net = new Sequential(
      new AdLIF(4, 3, { ranges: wide, tau: 30, b: { uniform: [0.5, 1] } }),
      new SEAdLIF(3, 3, { surrogate: 'exponential', record: 'after reset' }),
      new PLIF(3, 3, { tau0: [2, 3, 4], resetTo: 0.1 }),
      new GLIF(3, 3, { steps: 5, c: 0.2 }),
      new RF(3, 3, { period: Float32Array.from([4, 5, 6]) }),
      new BRF(3, 3, { omega: { uniform: [5, 10] }, recurrent: true }),
    );
    const saved = saveModel(net.initialize(4));
    const loaded = loadModel(saved);
    expect(saveModel(loaded)).toEqual(saved);
    loaded.layers.forEach((layer, i) => {
      expect((layer as Neurons).definition.key).toBe((net.layers[i] as Neurons).definition.key);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/autograd/engine.ts';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { AHP } from '../../src/layers/ahp.ts';
import { ALIF } from '../../src/layers/alif.ts';
import { Alpha } from '../../src/layers/alpha.ts';
import { BatchNorm } from '../../src/layers/batch_norm.ts';
import { BRF } from '../../src/layers/brf.ts';
import { Conv2d } from '../../src/layers/conv2d.ts';
import { CubaLIF } from '../../src/layers/cuba_lif.ts';
import { IF } from '../../src/layers/if.ts';
import { LIF, type LIFOptions } from '../../src/layers/lif.ts';
import { Linear } from '../../src/layers/linear.ts';
import type { Neurons } from '../../src/layers/neurons.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { crossEntropy } from '../../src/loss/cross_entropy.ts';
import { deriveAdjoint } from '../../src/neurons/adjoint.ts';
import { input, lastSpike, parameter } from '../../src/neurons/definition.ts';
import { leaf } from '../../src/neurons/expr.ts';
import { lif } from '../../src/neurons/lif.ts';
import { oneToOne } from '../../src/neurons/recurrence.ts';
import { substitute } from '../../src/neurons/rewrite.ts';
import { triangle } from '../../src/neurons/surrogates.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';
import { gradient64 } from '../support/float64.ts';

/** Spikes, voltages and the gradient by the current of a sum of spikes, of one neuron from a given start. */
async function run(layer: Neurons, currents: readonly number[], start: readonly number[] = []) {
  const net = new Sequential(layer);
  const engine = new Engine(new ReferenceDevice());
  engine.bind(net);
  const tape = engine.tape();
  const x = tape.input(currents, { shape: [currents.length, 1, 1], name: 'current', requiresGrad: true });
  const begin = start.length ? tape.input(start, { shape: [start.length, 1, 1], name: 'start' }) : null;
  const { z, v, final } = layer.run(x, begin);
  for (const t of [z!, v, final]) t.keep();
  await tape.run();
  return { z: [...(await z!.read())], v: [...(await v.read())], final: [...(await final.read())] };
}

describe('refractory period', () => {
  // without a leak and a reset v only grows, so that nothing but the period keeps the neuron from firing
  const grows = (refractory: number): IF => new IF(1, { reset: 'none', refractory });
  const ones = Array.from({ length: 9 }, () => 1.5);

  it.each([
    [0, [1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [1, [1, 0, 1, 0, 1, 0, 1, 0, 1]],
    [2, [1, 0, 0, 1, 0, 0, 1, 0, 0]],
    [5, [1, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %d steps bars as many', async (refractory, z) => {
    expect((await run(grows(refractory), ones)).z).toEqual(z);
  });

  it('the membrane goes on integrating, and loses a threshold at each spike that there is', async () => {
    const { z, v } = await run(new LIF(1, { beta: 0.5, refractory: 2 }), [2, 2, 2, 2]);
    // 2 | 1/2 + 2 | 1.25 + 2 | 1.625 + 2
    expect([z, v]).toEqual([
      [1, 0, 0, 1],
      [2, 2.5, 3.25, 3.625],
    ]);
  });

  it('goes on in a state that is carried over', async () => {
    const first = await run(grows(3), ones.slice(0, 2));
    // v, the steps left to wait, the last spike
    expect(first.final).toEqual([3, 2, 0]);
    expect((await run(grows(3), ones.slice(2), first.final)).z).toEqual([0, 0, 1, 0, 0, 0, 1]);
    expect((await run(grows(1), [1.5, 1.5], [1.5, 1])).z).toEqual([0, 1]);
  });

  it.each([0, 1, 3])('no gradient passes through a spike that is barred: %d steps', async (refractory) => {
    const net = new Sequential(new IF(1, { reset: 'none', refractory }), new Linear(1, 2));
    const engine = new Engine(new ReferenceDevice());
    engine.bind(net);
    const tape = engine.tape();
    // it fires in the first step; in the second, which alone is scored, v is 1.1, where the surrogate is not 0
    const x = tape.input([1.2, -0.1], { shape: [2, 1, 1], name: 'x', requiresGrad: true }).keepGradient();
    const { loss } = crossEntropy(net.forward(x), [0]);
    loss.backward();
    await tape.run();
    const passed = (await gradient64(x, loss)).some((g) => g !== 0);
    expect(passed).toBe(refractory === 0);
  });

  it.each([-1, 1.5, Number.NaN])('%d steps are refused', (refractory) => {
    expect(() => new LIF(1, { refractory })).toThrow(/LIF: refractory must be a whole number of steps, 0 or more, got/);
  });
});

describe('recurrent one to one', () => {
  it("adds a weight times the neuron's own last spike", async () => {
    const layer = new IF(1, { recurrent: 'one-to-one', reset: 'zero' });
    new Sequential(layer).parameters()[0]!.data.set([0.75]);
    // 1.5 fires | 0.5 + 0.75 fires | 0 + 0.75 | 0.75 + 0.2
    const { z, v } = await run(layer, [1.5, 0.5, 0, 0.2]);
    expect(z).toEqual([1, 1, 0, 0]);
    [1.5, 1.25, 0.75, 0.95].forEach((x, t) => {
      expect(v[t]).toBeCloseTo(x, 6);
    });
  });

  it('has a weight for each neuron, drawn and trained', () => {
    const layer = new LIF(3, 4, { recurrent: 'one-to-one', recurrentGain: 0.5 });
    const p = layer.params['recurrent.weight']!;
    expect([p.shape, p.trainable, layer.recurrence]).toEqual([[4], true, 'one-to-one']);
    const net = new Sequential(layer);
    expect(net.parameters().map((q) => q.name)).toContain('0.recurrent.weight');
    expect(new Set(p.data).size).toBe(4);
  });

  it('true is dense', () => {
    expect(new LIF(3, 4, { recurrent: true }).recurrence).toBe('dense');
    expect(new LIF(3, 4, { recurrent: 'dense' }).params['recurrent.weight']!.shape).toEqual([4, 4]);
    expect(new LIF(3, 4).recurrence).toBeNull();
  });

  it('needs no further plane', () => {
    const planes = deriveAdjoint(oneToOne(lif()), { surrogate: triangle(), learned: ['recurrentWeight'] }).planes;
    expect(planes.map((p) => p.name)).toEqual(['v']);
  });

  it('substitution leaves what it does not concern, and enters what it puts in no more', () => {
    const [a, b] = [leaf('a'), leaf('b')];
    const e = a.mul(b).add(b);
    expect(substitute([e], new Map())[0]).toBe(e);
    expect(substitute([e], new Map([[a, a.add(b)]]))[0]).toBe(a.add(b).mul(b).add(b));
    expect(oneToOne(lif()).next.v).toBe(
      substitute([lif().next.v!], new Map([[input, input.add(parameter('recurrentWeight').mul(lastSpike))]]))[0],
    );
  });
});

describe('constants', () => {
  it('may be drawn for each neuron', () => {
    const drawn = (layer: Neurons, name: string): number[] => {
      new Sequential(layer).initialize(1);
      return [...layer.params[name]!.data];
    };
    const ends = { uniform: [6, 9] } as const;
    for (const [layer, name] of [
      [new IF(5, { threshold: ends }), 'threshold'],
      [new LIF(5, { tau: ends }), 'tau'],
      [new CubaLIF(5, { tauSyn: ends }), 'tauSyn'],
      [new Alpha(5, { tauDecay: ends }), 'tauDecay'],
      [new ALIF(5, { beta: ends }), 'beta'],
      [new AHP(5, { beta: ends }), 'beta'],
      [new Readout(5, { tau: ends }), 'tau'],
    ] as const) {
      const values = drawn(layer, name);
      expect(new Set(values).size, layer.label).toBe(5);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(6);
      expect(Math.max(...values)).toBeLessThan(9);
    }
  });

  it('take the end of a range as float32 has it, and no more', () => {
    // float32 has 99.9000015 for the largest omega of 99.9
    expect(() => new BRF(1, { omega: Math.fround(99.9) })).not.toThrow();
    expect(() => new BRF(1, { omega: 99.90001 })).toThrow(/omega must be in/);
    expect(() => new LIF(1, { beta: 1 - 1e-9 })).toThrow(/beta must be in/);
  });

  it('learn: true trains all of them', () => {
    const trained = (layer: Neurons): string[] =>
      Object.entries(layer.params)
        .filter(([name, p]) => p.trainable && !name.includes('weight'))
        .map(([name]) => name);
    expect(trained(new LIF(2, 3, { learn: true }))).toEqual(['tau', 'threshold']);
    expect(trained(new LIF(2, 3, { learn: true, beta: 0.5, resetTo: 0 }))).toEqual(['beta', 'threshold', 'resetTo']);
    expect(trained(new CubaLIF(2, 3, { learn: ['alpha', 'beta'] }))).toEqual(['beta', 'alpha']);
    expect(trained(new LIF(2, 3, { learn: false }))).toEqual([]);
  });

  it('a decay that is learned and not given begins as that of the default time constant', () => {
    const { beta, alpha } = new CubaLIF(2, 3, { learn: ['alpha', 'beta'] }).params;
    expect(beta!.data[0]).toBeCloseTo(Math.exp(-1 / 20), 6);
    expect(alpha!.data[0]).toBeCloseTo(Math.exp(-1 / 5), 6);
    expect(new LIF(2, 3, { learn: ['beta'], decay: 'euler' }).params.beta!.data[0]).toBeCloseTo(0.95, 6);
  });

  it('learned decays are read in [0, 1), however far training takes the parameter', async () => {
    const far = async (options: LIFOptions, name: string, value: number): Promise<number[]> => {
      const layer = new LIF(1, { reset: 'none', threshold: 100, ...options });
      layer.params[name]!.data.set([value]);
      return (await run(layer, [1, 0])).v;
    };
    // the second voltage is the decay
    expect((await far({ beta: 0.5 }, 'beta', 1.7))[1]).toBe(1 - 2 ** -24);
    expect((await far({ beta: 0.5 }, 'beta', -3))[1]).toBe(0);
    expect((await far({ tau: 5, decay: 'euler' }, 'tau', 0.2))[1]).toBe(0);
    expect((await far({ tau: 5, decay: 'euler', dt: 2 }, 'tau', -1))[1]).toBe(0);
    const slow = (await far({ tau: 5 }, 'tau', 1e30))[1]!;
    expect(slow).toBeGreaterThan(0.999);
    expect(slow).toBeLessThan(1);
    const fast = (await far({ tau: 5 }, 'tau', -1e30))[1]!;
    expect(fast).toBeGreaterThanOrEqual(0);
    expect(fast).toBeLessThan(1e-9);
  });
});

describe('refused at construction', () => {
  // options that types would not let through
  const any = (options: object): LIFOptions => options as LIFOptions;
  const lifOf = (...args: unknown[]): LIF => new LIF(...(args as [number]));
  const cases: [string, () => unknown, RegExp][] = [
    ['a decay of 1', () => new LIF(3, { beta: 1 }), /LIF: beta must be in 0 \.\. 0\.99999\d* per step, got 1$/],
    ['a decay below 0', () => new CubaLIF(3, { alpha: -0.1 }), /CubaLIF: alpha must be in 0 .*, got -0\.1/],
    ['a decay that is no number', () => new LIF(3, { beta: Number.NaN }), /beta must be in .* got NaN/],
    ['one decay among several', () => new LIF(3, { beta: [0.1, 0.2, 1.5] }), /beta must be in .* got 1\.5/],
    ['an Euler decay below 0', () => new LIF(3, { tau: 0.9, decay: 'euler' }), /tau must be in 1 \.\. .* ms, got 0\.9/],
    ['tau 0', () => new LIF(3, { tau: 0 }), /tau must be in 0\.001 .* got 0$/],
    ['tau without end', () => new Readout(3, { tau: Number.POSITIVE_INFINITY }), /tau must be in .* got Infinity/],
    ['a threshold of 0', () => new IF(3, { threshold: 0 }), /IF: threshold must be in .*, got 0/],
    ['a threshold below 0', () => new AHP(3, { threshold: [1, -1, 1] }), /threshold must be in .* got -1/],
    ['both tau and beta', () => new LIF(3, { tau: 5, beta: 0.5 }), /LIF: tau and beta are two names of one constant/],
    ['tau and a learned beta', () => new LIF(3, { tau: 5, learn: ['beta'] }), /tau and beta are two names/],
    ['both tauSyn and alpha', () => new CubaLIF(3, { tauSyn: 5, alpha: 0.5 }), /tauSyn and alpha are two names/],
    ['a list of wrong length', () => new CubaLIF(3, { tauSyn: [1, 2] }), /tauSyn must be one number or 3 .*, got 2/],
    ['an empty list', () => new LIF(3, { beta: [] }), /beta must be one number or 3 .*, got 0/],
    [
      'an unknown option',
      () => new LIF(3, any({ treshold: 1 })),
      /LIF: there is no option 'treshold'; did you mean 'threshold'\?/,
    ],
    ['an option of another neuron', () => new ALIF(3, any({ reset: 'zero' })), /ALIF: there is no option 'reset'/],
    ['an unknown option of a readout', () => new Readout(3, any({ dely: 1 })), /did you mean 'delay'\?/],
    [
      'an unknown reset',
      () => new LIF(3, any({ reset: 'substract' })),
      /LIF: reset is unknown: 'substract'; did you mean 'subtract'\?/,
    ],
    [
      'the moment without its place',
      () => new LIF(3, any({ resetMoment: 'next step' })),
      /resetMoment is unknown: 'next step'; .*next step after leak/,
    ],
    ['an unknown spike test', () => new AHP(3, any({ spikeTest: '=>' })), /AHP: spikeTest is unknown: '=>'/],
    ['an unknown gain', () => new LIF(3, any({ inputGain: 'alpha' })), /inputGain is unknown: 'alpha'/],
    [
      'an unknown decay',
      () => new LIF(3, any({ decay: 'Euler' })),
      /decay is unknown: 'Euler'; did you mean 'euler'\?/,
    ],
    ['a delay of 2', () => new Readout(3, { delay: 2 as 1 }), /LI: delay must be 0 or 1, got 2/],
    [
      'detachReset that is no boolean',
      () => new LIF(3, any({ detachReset: 'yes' })),
      /detachReset must be false or true, got "yes"/,
    ],
    [
      'an unknown framework',
      () => new LIF(3, any({ semantics: 'snnTorch' })),
      /LIF: semantics is unknown: 'snnTorch'; did you mean 'snntorch'\?/,
    ],
    [
      'a framework without the neuron',
      () => new Alpha(3, { semantics: 'norse' }),
      /Alpha: semantics is unknown: 'norse'; known are snntorch/,
    ],
    [
      'a value beside another reset',
      () => new LIF(3, { reset: 'zero', resetTo: 1 }),
      /resetTo is the value of reset 'value', got reset 'zero'/,
    ],
    [
      'a record that the moment does not have',
      () => new LIF(3, { record: 'after reset', resetMoment: 'next step after leak' }),
      /record 'after reset' has no meaning/,
    ],
    [
      'dt/tau of an exponential decay',
      () => new LIF(3, { beta: 0.5, inputGain: 'dt/tau' }),
      /a gain of dt\/tau needs tau, or decay 'euler'; got beta/,
    ],
    [
      'a rise slower than the fall',
      () => new Alpha(2, { tauDecay: 10, tauRise: [5, 10] }),
      /Alpha: neuron 1 must fall more slowly than it rises/,
    ],
    ['decays in the wrong order', () => new Alpha(2, { alpha: 0.4, beta: 0.6 }), /alpha above beta/],
    [
      'a reset of alpha to a value',
      () => new Alpha(2, any({ reset: 'value' })),
      /Alpha: reset must be 'zero', 'subtract' or 'none'/,
    ],
    ['dt 0', () => new LIF(3, { dt: 0 }), /LIF: dt must be a finite number of ms above 0, got 0/],
    [
      'an unknown recurrence',
      () => new LIF(3, any({ recurrent: 'one to one' })),
      /recurrent must be true, false, 'dense' or 'one-to-one', got 'one to one'; did you mean 'one-to-one'/,
    ],
    [
      'a recurrent readout',
      () => new Readout(3, any({ recurrent: 'one-to-one' })),
      /does not spike and cannot be recurrent/,
    ],
    [
      'learn as a word',
      () => new LIF(3, any({ learn: 'tau' })),
      /learn must be true, false or a list of names, got "tau"/,
    ],
    ['a second size that is missing', () => lifOf(80, undefined, {}), /LIF: expected \(inputs, N, options\)/],
    ['three sizes', () => lifOf(1, 2, 3), /expected .*, got \(1, 2, 3\)/],
    ['a size as text', () => lifOf('10', 20), /LIF: inputs must be a whole number above 0, got 10/],
    [
      'a surrogate of what does not spike',
      () => new Readout(3, any({ surrogate: 'atan' })),
      /LI: does not spike and has no/,
    ],
    ['a chunk of 0', () => new LIF(3, { chunk: 0 }), /LIF: chunk must be a whole number above 0, got 0/],
    ['a bias as text', () => new LIF(3, 4, any({ bias: 'no' })), /LIF: bias must be true or false, got no/],
    ['a bias as a number', () => new Linear(3, 4, any({ bias: Infinity })), /Linear: bias must be .*, got Infinity/],
    ['a bias of planes', () => new Conv2d([1, 4, 4], 2, 3, any({ bias: 1 })), /Conv2d: bias must be .*, got 1/],
    ['a scale as text', () => new BatchNorm(4, { affine: 'yes' as never }), /BatchNorm: affine must be .*, got yes/],
    [
      'one end of two',
      () => new LIF(3, any({ tau: { uniform: [5] } })),
      /tau must be drawn from uniform \[low, high\], got \[5\]/,
    ],
    [
      'draws in which a rise may be slower than the fall',
      () => new Alpha(2, { tauDecay: { uniform: [10, 20] }, tauRise: [5, 12] }),
      /Alpha: each neuron must fall more slowly/,
    ],
    [
      'draws for neurons that are not adaptive',
      () => new AHP(3, { adaptive: 2, beta: { uniform: [0, 1] } }),
      /AHP: beta cannot be drawn where adaptive says/,
    ],
    ['learning what is not there', () => new LIF(3, { learn: ['taus'] }), /learn names 'taus'; did you mean 'tau'\?/],
  ];
  it.each(cases)('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

it('a saved net has the same neurons again', () => {
  const net = new Sequential(
    new IF(3, 5, { refractory: 2, semantics: 'spikingjelly', threshold: [1, 2, 3, 4, 5] }),
    new CubaLIF(5, 4, { alpha: 0.5, recurrent: 'one-to-one', synapticDelay: 1 }),
    new LIF(4, 4, { beta: new Float32Array([0.1, 0.2, 0.3, 0.4]), resetTo: -0.5, learn: true }),
    new Alpha(4, 3, { semantics: 'snntorch', alpha: 0.9, beta: 0.8, surrogate: 'fast_sigmoid' }),
    new LIF(3, 2, { tau: new Float64Array([4, 5]) as unknown as number[] }),
    new Readout(2, 2, { semantics: 'nir' }),
  );
  const again = loadModel(saveModel(net));
  const told = (n: Sequential) =>
    n.layers.map((l) => [
      (l as Neurons).definition.key,
      Object.entries(l.params).map(([name, p]) => [name, p.trainable, ...p.data]),
    ]);
  expect(told(again)).toEqual(told(net));
});

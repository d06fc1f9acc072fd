import { describe, expect, it } from 'vitest';
import { loadModel, saveModel } from '../../src/io/model.ts';
import { Neuron } from '../../src/layers/own.ts';
import { Readout } from '../../src/layers/readout.ts';
import { Sequential } from '../../src/layers/sequential.ts';
import { decay, defineNeuron, type ParameterSpec } from '../../src/neurons/definition.ts';
import * as E from '../../src/neurons/expr.ts';
import { defineSurrogate } from '../../src/neurons/surrogates.ts';
import { finiteDifferences } from '../support/finite_differences.ts';
import { single } from '../support/single.ts';

const tau: ParameterSpec = { default: 5, unit: 'ms', min: 1, max: 100, meaning: 'time constant' };
type Equations = Parameters<typeof defineNeuron<string, string>>[0]['equations'];

/** A neuron of a user's own: a leak of the third power, and a threshold that an input moves. */
const own = defineNeuron({
  name: 'Cubic',
  params: { tau, k: { default: 0.1, unit: '', min: 0, max: 1, meaning: 'cubic leak' } },
  states: ['v', 'h'],
  equations({ I, z, param, state }) {
    const h = state.h.mul(0.8).add(z);
    const v = decay(param.tau, 1).mul(state.v).sub(param.k.mul(state.v).mul(state.v).mul(state.v)).add(I).sub(z);
    return { next: { v, h }, z: E.spike(v.sub(h.mul(0.3)).sub(1)), v };
  },
});

describe('defineNeuron refuses', () => {
  const make =
    (equations: Equations, more: { params?: Record<string, ParameterSpec>; states?: string[]; name?: string } = {}) =>
    () =>
      defineNeuron({ name: 'Bad', params: { tau }, states: ['v'], equations, ...more });
  const fine: Equations = ({ I }) => ({ next: { v: I }, v: I });
  it.each<[string, () => unknown, RegExp]>([
    ['a state without a next value', make(({ I }) => ({ next: {}, v: I })), /'Bad'.*state 'v' has no next value/],
    [
      'a next value that refers to nothing',
      make(({ state, I }) => ({ next: { v: state.vv! }, v: I })),
      /state 'v' has no next value; the equations use the state 'vv', which is not declared; did you mean 'v'/,
    ],
    [
      'a state that was not declared',
      make(({ I, state }) => ({ next: { v: state.w!.add(I) }, v: I })),
      /the equations use the state 'w', which is not declared; .*known are v/,
    ],
    [
      'a parameter that was not declared',
      make(({ I, param }) => ({ next: { v: I.mul(param.tua!) }, v: I })),
      /the equations use the parameter 'tua', which is not declared; did you mean 'tau'/,
    ],
    [
      'a next value of another state',
      make(({ I }) => ({ next: { v: I, u: I }, v: I })),
      /'u' is given a next value but is not among the states/,
    ],
    [
      'a number for an expression',
      make(({ I }) => ({ next: { v: 1 as unknown as E.Expr }, v: I })),
      /'v' must be an expression, got 1; wrap a number in expr/,
    ],
    ['no voltage', make(({ I }) => ({ next: { v: I } }) as unknown as ReturnType<Equations>), /no recorded voltage v/],
    [
      'a leaf of its own',
      make(({ I }) => ({ next: { v: I.add(E.leaf('param.nu')) }, v: I })),
      /use 'param.nu', which is neither a parameter, a state nor the input; did you mean 'tau'|known are I, z, v, tau/,
    ],
    [
      'a last spike without a spike',
      make(({ I, z }) => ({ next: { v: I.add(z) }, v: I })),
      /use the last spike, but the neuron does not spike/,
    ],
    ['a spike that is none', make(({ I }) => ({ next: { v: I }, v: I, z: I.gt(0) })), /z must be made by spike\(x\)/],
    [
      'another test',
      make(({ I }) => ({ next: { v: I }, v: I, z: E.spike(I, '=>' as '>') })),
      /must be '>' or '>=', got '=>'/,
    ],
    [
      'two spikes',
      make(({ I }) => ({ next: { v: E.spike(I.mul(2)) }, v: I, z: E.spike(I) })),
      /second spike; one a neuron/,
    ],
    [
      'a constant that is no number',
      make(({ I }) => ({ next: { v: I.mul(Number.NaN) }, v: I })),
      /a constant that is not finite, NaN/,
    ],
    [
      'an infinite constant, folded',
      make(({ I }) => ({ next: { v: I.add(E.expr(1).div(0)) }, v: I })),
      /not finite, Infinity/,
    ],
    [
      'a constant that float32 cannot hold',
      make(({ I }) => ({ next: { v: I.mul(1e39) }, v: I })),
      /a constant that float32 cannot hold, 1e\+39/,
    ],
    ['equations that return nothing', make((() => undefined) as never), /the equations must return \{ next, z, v \}/],
    ['no equations', make(undefined as never), /needs equations/],
    ['no states', make(fine, { states: undefined as never }), /needs states/],
    ['no parameters', make(fine, { params: undefined as never }), /needs params/],
    ['erf', make(({ I }) => ({ next: { v: E.erf(I) }, v: I })), /use erf, which a kernel cannot compute/],
    ['the state z', make(fine, { states: ['v', 'z'] }), /a state cannot be called 'z'; reserved are z, input, last/],
    ['the state record', make(fine, { states: ['record'] }), /a state cannot be called 'record'/],
    ['the parameter weight', make(fine, { params: { weight: tau } }), /a parameter cannot be called 'weight'/],
    ['a state twice', make(fine, { states: ['v', 'v'] }), /two states 'v'/],
    ['a name with a dash', make(fine, { params: { 'tau-m': tau } }), /'tau-m' is no identifier/],
    ['no name', make(fine, { name: '' }), /needs a name/],
    [
      'a default outside its range',
      make(fine, { params: { tau: { ...tau, default: 0.5 } } }),
      /parameter 'tau': default 0.5 is outside 1 .. 100/,
    ],
    ['an empty range', make(fine, { params: { tau: { ...tau, min: 200 } } }), /min 200 is above max 100/],
    [
      'a default that is no number',
      make(fine, { params: { tau: { ...tau, default: Number.NaN } } }),
      /parameter 'tau': default must be a finite number, got NaN/,
    ],
    [
      'something else where an operand is expected',
      make(({ I }) => ({ next: { v: I.add(undefined as unknown as number) }, v: I })),
      /expected a number or an expression, got undefined/,
    ],
  ])('%s', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('but not a parameter that is asked for and not needed', () => {
    const made = make(({ I, param }) => ({ next: { v: param.beta ? I.mul(param.beta) : I }, v: I }));
    expect(made).not.toThrow();
  });
});

describe("a layer of a user's own neurons", () => {
  it('has the definition’s parameters, recurrence, learned constants, a surrogate', () => {
    const layer = new Neuron(own, 4, 3, {
      recurrent: true,
      learn: ['tau'],
      surrogate: 'atan',
      constants: { tau: [2, 3, 4], k: 0.2 },
    });
    const shapes = Object.fromEntries(Object.entries(layer.params).map(([n, p]) => [n, [p.shape, p.trainable]]));
    expect(shapes).toEqual({
      weight: [[3, 4], true],
      'recurrent.weight': [[3, 3], true],
      tau: [[3], true],
      k: [[1], false],
    });
    expect([...layer.params.tau!.data]).toEqual([2, 3, 4]);
    expect(layer.surrogate!.name).toBe('atan');
    expect(layer.label).toBe('Cubic');
    expect(new Neuron(own, 3).inputs).toBe(3);
  });

  it('draws constants for each neuron from the seed', () => {
    const drawn = (seed: number): number[] => {
      const layer = new Neuron(own, 4, 50, { constants: { tau: { uniform: [2, 4] } } });
      new Sequential(layer).initialize(seed);
      return [...layer.params.tau!.data];
    };
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(Math.min(...drawn(1))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...drawn(1))).toBeLessThan(4);
    expect(new Set(drawn(1)).size).toBe(50);
  });

  it.each<[() => unknown, RegExp]>([
    [() => new Neuron({} as typeof own, 3), /Neuron: the first argument must be a definition/],
    [() => new Neuron(own, 3, { constants: { tua: 3 } }), /Cubic: there is no constant 'tua'; did you mean 'tau'/],
    [() => new Neuron(own, 3, { constants: { tau: 0 } }), /Cubic: tau must be in 1 .. 100 ms, got 0/],
    [() => new Neuron(own, 3, { constants: { tau: { uniform: [0, 2] } } }), /Cubic: tau must be in 1 .. 100 ms, got 0/],
    [() => new Neuron(own, 3, { constants: { tau: [1, 2] } }), /tau must be one number or 3/],
    [() => new Neuron(own, 3, { learn: ['kk'] }), /Cubic: learn names 'kk'/],
    [() => new Neuron(own, 3, { surrogat: 'atan' } as object), /Cubic: there is no option 'surrogat'; did you mean/],
    [() => new Neuron(own, 0), /Cubic: N must be a whole number above 0/],
  ])('refuses %#', (make, message) => {
    expect(make).toThrow(message);
  });

  it('may name a parameter as objects name something of theirs', () => {
    const range = { default: 2, unit: '', min: 0, max: 9, meaning: '' };
    const odd = defineNeuron({
      name: 'Odd',
      params: { constructor: range },
      states: ['v'],
      equations: ({ I, param }) => ({ next: { v: I.mul(param.constructor) }, v: I }),
    });
    expect(Object.entries(new Neuron(odd, 1).params).map(([n, p]) => [n, ...p.data])).toEqual([['constructor', 2]]);
  });

  it("leaves the weight of a neuron's own spike to the layer", () => {
    const range = { default: 2, unit: '', min: 0, max: 9, meaning: '' };
    const named = defineNeuron({
      name: 'Named',
      params: { recurrentWeight: range },
      states: ['v'],
      equations: ({ I, param }) => ({ next: { v: I.mul(param.recurrentWeight) }, z: E.spike(I), v: I }),
    });
    expect(() => new Neuron(named, 1, { recurrent: 'one-to-one' })).toThrow(
      /Named: a parameter called 'recurrentWeight'/,
    );
    expect(() => new Neuron(named, 1)).not.toThrow();
  });

  it('has gradients that agree with finite differences', async () => {
    const layer = new Neuron(own, 5, 3, {
      recurrent: true,
      bias: true,
      learn: true,
      surrogate: 'gaussian',
      constants: { tau: [2, 3, 6] },
    });
    const found = await finiteDifferences(single(layer, { T: 8, B: 2, start: true }));
    expect(found.map((f) => f.name).sort()).toContain('0.k');
    for (const { name, error } of found) expect(error, name).toBeLessThan(1e-6);
  });
});

describe('saved nets with neurons and surrogates of one’s own', () => {
  const bump = defineSurrogate({
    name: 'bump',
    constants: { height: 0.4 },
    derivative: (x, { height }) => height.mul(E.exp(E.min(E.abs(x), 80).neg())),
    primitive: (x, { height }) => {
      const e = E.exp(E.abs(x).neg());
      return height.mul(E.where(x.ge(0), E.expr(2).sub(e), e));
    },
  });
  const net = () =>
    new Sequential(
      new Neuron(own, 4, 6, { recurrent: true, surrogate: bump, constants: { k: 0.3, tau: { uniform: [2, 9] } } }),
      new Readout(6, 2),
    );

  it('come back when both are passed', () => {
    const saved = saveModel(net().initialize(5));
    const loaded = loadModel(saved, { neurons: [own], surrogates: [bump] });
    const layer = loaded.layers[0] as Neuron;
    expect(layer.definition).toBe(own);
    expect(layer.surrogate!.derivative).toBe(bump.derivative);
    expect(saveModel(loaded)).toEqual(saved);
  });

  it('say what is missing otherwise', () => {
    const saved = saveModel(net());
    expect(() => loadModel(saved, { surrogates: [bump] })).toThrow(
      /neurons of a definition 'Cubic', which is not saved with it; pass the definition: loadModel\(saved, \{ neurons/,
    );
    const other = defineNeuron({
      name: 'Cubit',
      params: {},
      states: ['v'],
      equations: ({ I }) => ({ next: { v: I }, v: I }),
    });
    expect(() => loadModel(saved, { neurons: [other], surrogates: [bump] })).toThrow(/did you mean 'Cubit'/);
    expect(() => loadModel(saved, { neurons: [own] })).toThrow(
      /a surrogate 'bump', which is not saved with it; pass it/,
    );
  });
});

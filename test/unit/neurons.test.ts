import { describe, expect, it } from 'vitest';
import { deriveAdjoint } from '../../src/neurons/adjoint.ts';
import { ahp } from '../../src/neurons/ahp.ts';
import { alif } from '../../src/neurons/alif.ts';
import { defineNeuron, type NeuronDefinition } from '../../src/neurons/definition.ts';
import { differentiate } from '../../src/neurons/differentiate.ts';
import { compile } from '../../src/neurons/evaluate.ts';
import * as E from '../../src/neurons/expr.ts';
import { li } from '../../src/neurons/li.ts';
import { lif } from '../../src/neurons/lif.ts';
import { triangle } from '../../src/neurons/surrogates.ts';

const x = E.leaf('x');
const y = E.leaf('y');

/** The values of expressions in x and y. */
function at(roots: readonly E.Expr[], values: { x: number; y?: number }): number[] {
  const program = compile(roots, [x, y], () => Number.NaN);
  program.set(x, values.x);
  program.set(y, values.y ?? 0);
  program.run();
  return roots.map((r) => program.get(r));
}

describe('expressions', () => {
  it('min and max look at their two arguments alone', () => {
    expect(at([E.max(x, y), E.min(x, y)], { x: -3, y: -2 })).toEqual([-2, -3]);
    expect(at([E.max(x, y), E.min(x, y)], { x: 3, y: 2 })).toEqual([3, 2]);
    expect(E.max(-3, -2).value).toBe(-2);
    expect(E.min(3, 2).value).toBe(2);
  });

  const functions: Record<string, E.Expr> = {
    polynomial: x.mul(x).mul(y).sub(y.div(x)).add(x.neg()),
    exponential: E.exp(x.mul(y))
      .add(E.log(x.mul(x).add(1)))
      .add(E.expm1(y.mul(2))),
    root: E.sqrt(x.mul(x).add(y.mul(y)).add(0.5)),
    trigonometric: E.sin(x)
      .mul(E.cos(y))
      .add(E.tanh(x.sub(y))),
    inverse: E.atan(x.mul(y)).mul(E.erf(x.sub(y))),
    pieces: E.abs(x)
      .mul(E.max(x, y))
      .add(E.min(x.mul(2), y).mul(E.relu(x))),
    chosen: E.where(x.gt(y), x.mul(x), y.mul(x)).add(E.where(x.ge(0), y, x.mul(y))),
  };
  it.each(Object.entries(functions))('derivative of %s', (_, f) => {
    const derivatives = differentiate([[f, E.expr(1)]], [x, y], null);
    for (const [vx, vy] of [
      [0.7, -1.3],
      [-0.4, 0.9],
      [1.6, 0.2],
      [-1.1, -2.3],
    ] as const) {
      const h = 1e-6;
      const [dx, dy] = at(derivatives, { x: vx, y: vy });
      const slope = (a: { x: number; y: number }, b: { x: number; y: number }): number =>
        (at([f], b)[0]! - at([f], a)[0]!) / (2 * h);
      expect(dx).toBeCloseTo(slope({ x: vx - h, y: vy }, { x: vx + h, y: vy }), 7);
      expect(dy).toBeCloseTo(slope({ x: vx, y: vy - h }, { x: vx, y: vy + h }), 7);
    }
  });

  it('what is detached has no derivative', () => {
    const [d] = differentiate([[E.detach(x).mul(x), E.expr(1)]], [x], null);
    expect(at([d!], { x: 3 })).toEqual([3]);
  });
});

describe('what the forward pass saves', () => {
  const saved = (def: NeuronDefinition, learned: string[] = []) =>
    deriveAdjoint(def, { surrogate: def.z ? triangle() : null, learned, recordGradient: true });
  const fixed: [string, NeuronDefinition, string[]][] = [
    ['LIF', lif(), ['v']],
    ['LIF, reset to zero', lif({ reset: 'zero' }), ['v']],
    ['LIF, reset in the next step', lif({ resetMoment: 'next step after leak' }), ['v']],
    ['AHP', ahp(), ['v']],
    ['AHP, reset detached', ahp({ detachReset: true }), ['v']],
    ['ALIF', alif(), ['v', 'b']],
    ['LI', li(), []],
    ['LI, delayed', li({ delay: 1 }), []],
  ];
  it.each(fixed)('%s with fixed constants', (name, def, planes) => {
    const found = saved(def).planes.map((p) => p.name);
    const bytes = 4 * found.length + (def.z ? 1 / 8 : 0);
    console.log(
      `${name}: saves ${found.join(', ') || 'nothing'}${def.z ? ' and spikes' : ''}, ${bytes} bytes a neuron and step`,
    );
    expect(found).toHaveLength(planes.length);
    expect(bytes).toBe(4 * planes.length + (def.z ? 0.125 : 0));
  });

  const learned: [string, NeuronDefinition, string[], number][] = [
    ['LIF', lif(), ['tau', 'threshold'], 1],
    ['LIF, recorded after its reset', lif({ reset: 'zero', record: 'after reset' }), ['tau'], 1],
    ['AHP', ahp(), ['beta', 'threshold', 'tau'], 1],
    ['AHP', ahp(), ['tauAhp'], 2],
    ['ALIF', alif(), ['beta', 'threshold'], 2],
    ['LI', li(), ['tau'], 1],
  ];
  it.each(learned)('%s with learned constants %#', (name, def, names, most) => {
    const planes = saved(def, names).planes.map((p) => p.name);
    console.log(`${name}, learned ${names.join(', ')}: saves ${planes.join(', ')}`);
    expect(planes).toHaveLength(most);
  });
});

describe('defineNeuron refuses', () => {
  const params = { tau: { default: 1, unit: 'ms', min: 0, max: 10, meaning: 'time constant' } };
  const make = (equations: Parameters<typeof defineNeuron<'tau', 'v'>>[0]['equations']) => () =>
    defineNeuron({ name: 'Bad', params, states: ['v'], equations });
  it.each([
    [make(({ I }) => ({ next: {} as { v: E.Expr }, v: I })), /'Bad'.*state 'v' has no next value/],
    [make(({ I }) => ({ next: { v: I, w: I } as { v: E.Expr }, v: I })), /'w' is given a next value/],
    [make(({ I }) => ({ next: { v: I.add(E.leaf('param.nu')) }, v: I })), /uses? 'param.nu'/],
    [make(({ I, z }) => ({ next: { v: I.add(z) }, v: I })), /use the last spike, but the neuron does not spike/],
    [make(({ I }) => ({ next: { v: I }, v: I, z: I.gt(0) })), /z must be made by spike/],
    [make(({ I }) => ({ next: { v: E.spike(I.mul(2)) }, v: I, z: E.spike(I) })), /second spike/],
  ])('%#', (define, message) => {
    expect(define).toThrow(message);
  });

  it('one key for one set of equations', () => {
    expect(lif().key).toBe(lif({ reset: 'subtract' }).key);
    expect(lif().key).not.toBe(lif({ reset: 'zero' }).key);
    expect(ahp().key).not.toBe(ahp({ detachReset: true }).key);
  });
});

import { describe, expect, it } from 'vitest';
import { type Dual, dual, equations, sum } from '../../src/check/dual.ts';
import { primitive, step } from '../../src/check/naive.ts';
import * as e from '../../src/neurons/expr.ts';
import { surrogate, surrogateNames } from '../../src/neurons/surrogates.ts';

const x = e.leaf('x');
const y = e.leaf('y');

/** Value and derivative at x = a, y = b along (1, c). */
const at = (f: e.Expr, a: number, b = 0, c = 0): Dual =>
  equations([f])((name) => (name === 'x' ? dual(a, 1) : dual(b, c)), step)[0]!;

describe('dual numbers', () => {
  // derivatives by hand
  it.each<[string, e.Expr, number, number, number]>([
    ['-x', x.neg(), 2, -2, -1],
    ['|x| below 0', e.abs(x), -2, 2, -1],
    ['e^x', e.exp(x), 1, Math.E, Math.E],
    ['e^x - 1', e.expm1(x), 1, Math.E - 1, Math.E],
    ['log x', e.log(x), 4, Math.log(4), 0.25],
    ['sqrt x', e.sqrt(x), 4, 2, 0.25],
    ['sin x', e.sin(x), Math.PI / 3, Math.sqrt(3) / 2, 0.5],
    ['cos x', e.cos(x), Math.PI / 6, Math.sqrt(3) / 2, -0.5],
    ['tanh x', e.tanh(x), Math.log(2), 0.6, 0.64],
    ['atan x', e.atan(x), 2, Math.atan(2), 0.2],
    ['erf x', e.erf(x), 0, 0, 2 / Math.sqrt(Math.PI)],
    ['x^3', x.mul(x).mul(x), 2, 8, 12],
    ['1/x', e.expr(1).div(x), 2, 0.5, -0.25],
    ['min(x, 1)', e.min(x, 1), 2, 1, 0],
    ['max(x, 1)', e.max(x, 1), 2, 2, 1],
    ['[x > 1]', x.gt(1), 2, 1, 0],
    ['[x >= 2]', x.ge(2), 2, 1, 0],
    ['x^2 where x > 1, else -x', e.where(x.gt(1), x.mul(x), x.neg()), 3, 9, 6],
    ['-x there', e.where(x.gt(1), x.mul(x), x.neg()), 0.5, -0.5, -1],
    ['x held, times x', e.detach(x).mul(x), 3, 9, 3],
    ['e^(x^2) - x', e.exp(x.mul(x)).sub(x), 1, Math.E - 1, 2 * Math.E - 1],
  ])('%s', (_, f, a, value, tangent) => {
    const found = at(f, a);
    expect(found.value).toBeCloseTo(value, 14);
    expect(found.tangent).toBeCloseTo(tangent, 14);
  });

  it('go along any direction', () => {
    // d(x/y) = dx/y - x dy/y^2 with dx 1, dy 3
    const found = at(x.div(y), 6, 2, 3);
    expect(found).toEqual({ value: 3, tangent: 0.5 - 4.5 });
    expect(sum([found, 1, dual(2, 1)])).toEqual({ value: 6, tangent: -3 });
  });

  it('let nothing through a step, and the primitive of a surrogate in the smooth mode', () => {
    const z = e.spike(x.sub(1));
    expect(at(z, 2)).toEqual({ value: 1, tangent: 0 });
    for (const name of surrogateNames) {
      const chosen = surrogate(name);
      for (const point of [-1.7, -0.4, -0.03, 0.02, 0.3, 2.1]) {
        const smooth = equations([z])(() => dual(point + 1, 1), primitive(chosen))[0]!;
        const derivative = equations([chosen.derivative(x)])(
          (leaf) => dual(leaf === 'x' ? point : chosen.constants[leaf.slice('surrogate.'.length)]!),
          step,
        )[0]!.value;
        expect(smooth.tangent, `${name} at ${point}`).toBeCloseTo(derivative, 10);
      }
    }
  });
});

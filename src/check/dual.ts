import { erf } from '../neurons/erf.ts';
import { type Expr, type Op, topological } from '../neurons/expr.ts';

/**
 * A number together with its derivative along one direction. Arithmetic on such numbers differentiates a whole program
 * forward, exactly, and needs none of the rules of the backward pass that it judges.
 */
export interface Dual {
  readonly value: number;
  readonly tangent: number;
}

export type Duallike = Dual | number;

export const dual = (value: number, tangent = 0): Dual => ({ value, tangent });
const of = (x: Duallike): Dual => (typeof x === 'number' ? dual(x) : x);
/** f(x) by its value and its slope there. A slope that is not finite does not matter where nothing moves. */
const along = (x: Dual, value: number, slope: number): Dual => dual(value, x.tangent === 0 ? 0 : slope * x.tangent);

export function add(a: Duallike, b: Duallike): Dual {
  const [x, y] = [of(a), of(b)];
  return dual(x.value + y.value, x.tangent + y.tangent);
}

export function sub(a: Duallike, b: Duallike): Dual {
  const [x, y] = [of(a), of(b)];
  return dual(x.value - y.value, x.tangent - y.tangent);
}

export function mul(a: Duallike, b: Duallike): Dual {
  const [x, y] = [of(a), of(b)];
  return dual(x.value * y.value, x.tangent * y.value + x.value * y.tangent);
}

export function div(a: Duallike, b: Duallike): Dual {
  const [x, y] = [of(a), of(b)];
  return dual(x.value / y.value, (x.tangent * y.value - x.value * y.tangent) / (y.value * y.value));
}

export const square = (x: Dual): Dual => mul(x, x);
export const exp = (x: Dual): Dual => along(x, Math.exp(x.value), Math.exp(x.value));
export const log = (x: Dual): Dual => along(x, Math.log(x.value), 1 / x.value);
export const abs = (x: Dual): Dual => along(x, Math.abs(x.value), Math.sign(x.value));
export const maximum = (a: Duallike, b: Duallike): Dual => (of(a).value > of(b).value ? of(a) : of(b));
export const relu = (x: Dual): Dual => maximum(x, 0);

export function sum(terms: Iterable<Duallike>): Dual {
  let [value, tangent] = [0, 0];
  for (const term of terms) {
    const x = of(term);
    value += x.value;
    tangent += x.tangent;
  }
  return dual(value, tangent);
}

/** What each operation of a neuron's equations does to a number and its derivative. */
const operations: Record<Exclude<Op, 'const' | 'leaf' | 'spike'>, (a: Dual, b: Dual, c: Dual) => Dual> = {
  neg: (a) => sub(0, a),
  abs,
  exp,
  expm1: (a) => along(a, Math.expm1(a.value), Math.exp(a.value)),
  log,
  sqrt: (a) => along(a, Math.sqrt(a.value), 0.5 / Math.sqrt(a.value)),
  sin: (a) => along(a, Math.sin(a.value), Math.cos(a.value)),
  cos: (a) => along(a, Math.cos(a.value), -Math.sin(a.value)),
  tanh: (a) => along(a, Math.tanh(a.value), 1 / Math.cosh(a.value) ** 2),
  atan: (a) => along(a, Math.atan(a.value), 1 / (1 + a.value ** 2)),
  erf: (a) => along(a, erf(a.value), (2 / Math.sqrt(Math.PI)) * Math.exp(-(a.value ** 2))),
  add,
  sub,
  mul,
  div,
  min: (a, b) => (a.value < b.value ? a : b),
  max: (a, b) => (a.value > b.value ? a : b),
  gt: (a, b) => dual(a.value > b.value ? 1 : 0),
  ge: (a, b) => dual(a.value >= b.value ? 1 : 0),
  where: (a, b, c) => (a.value !== 0 ? b : c),
  detach: (a) => dual(a.value),
};

/** The spike of a distance x from the threshold. */
export type SpikeOf = (x: Dual, test: string) => Dual;

/** Equations ready to be evaluated: `roots` from the values of the leaves by name. */
export function equations(roots: readonly Expr[]): (leaf: (name: string) => Dual, spike: SpikeOf) => Dual[] {
  const order = topological(roots);
  const position = new Map(order.map((e, i) => [e, i]));
  const args = order.map((e) => e.args.map((a) => position.get(a)!));
  const results = roots.map((r) => position.get(r)!);
  return (leaf, spike) => {
    const values: Dual[] = [];
    order.forEach((e, i) => {
      const [a, b, c] = args[i]!.map((at) => values[at]!) as [Dual, Dual, Dual];
      if (e.op === 'const') values.push(dual(e.value));
      else if (e.op === 'leaf') values.push(leaf(e.name));
      else if (e.op === 'spike') values.push(spike(a, e.name));
      else values.push(operations[e.op](a, b, c));
    });
    return results.map((at) => values[at]!);
  };
}

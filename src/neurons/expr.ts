import { erf as errorFunction } from './erf.ts';

/**
 * A small typed expression graph: the form in which a neuron's equations are data.
 *
 * Nodes are interned, so two equal expressions are one object. Everything downstream rests on that: common
 * subexpressions are shared for free, and "is this node available?" is a look-up by identity.
 */
export type Op =
  | 'const'
  | 'leaf'
  | 'neg'
  | 'abs'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'atan'
  | 'erf'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'gt'
  | 'ge'
  | 'where'
  | 'detach'
  | 'spike';

export type Operand = Expr | number;

const interned = new Map<string, Expr>();

export class Expr {
  private constructor(
    readonly id: number,
    readonly op: Op,
    readonly args: readonly Expr[],
    /** of a constant */
    readonly value: number,
    /** of a leaf; of a spike, the name of its surrogate */
    readonly name: string,
  ) {}

  static make(op: Op, args: readonly Expr[], value = 0, name = ''): Expr {
    // -0 and 0 must not be merged with each other's printed form
    const key = `${op}|${Object.is(value, -0) ? '-0' : value}|${name}|${args.map((a) => a.id).join(',')}`;
    const known = interned.get(key);
    if (known) return known;
    const made = new Expr(interned.size, op, args, value, name);
    interned.set(key, made);
    return made;
  }

  add(b: Operand): Expr {
    const y = expr(b);
    if (isConst(this, 0)) return y;
    if (isConst(y, 0)) return this;
    return fold('add', this, y);
  }

  sub(b: Operand): Expr {
    const y = expr(b);
    if (isConst(y, 0)) return this;
    if (isConst(this, 0)) return y.neg();
    return fold('sub', this, y);
  }

  mul(b: Operand): Expr {
    const y = expr(b);
    if (isConst(this, 0) || isConst(y, 0)) return expr(0);
    if (isConst(this, 1)) return y;
    if (isConst(y, 1)) return this;
    return fold('mul', this, y);
  }

  div(b: Operand): Expr {
    const y = expr(b);
    if (isConst(y, 1)) return this;
    if (isConst(this, 0)) return this;
    return fold('div', this, y);
  }

  neg(): Expr {
    if (this.op === 'const') return expr(-this.value);
    if (this.op === 'neg') return this.args[0]!;
    return Expr.make('neg', [this]);
  }

  /** 1 where this is above `b`, 0 elsewhere; its derivative is 0. */
  gt(b: Operand): Expr {
    return fold('gt', this, expr(b));
  }

  /** 1 where this is at least `b`, 0 elsewhere; its derivative is 0. */
  ge(b: Operand): Expr {
    return fold('ge', this, expr(b));
  }
}

/** A number as a constant; an expression as it is. @throws for anything else */
export function expr(x: Operand): Expr {
  if (typeof x === 'number') return Expr.make('const', [], x);
  if (!(x instanceof Expr)) throw new Error(`expr: expected a number or an expression, got ${String(x)}`);
  return x;
}

/** A named input of the equations. */
export const leaf = (name: string): Expr => Expr.make('leaf', [], 0, name);

export const exp = (x: Expr): Expr => unary('exp', x);
/** e^x - 1, exact near 0 as well. */
export const expm1 = (x: Expr): Expr => unary('expm1', x);
export const log = (x: Expr): Expr => unary('log', x);
export const sqrt = (x: Expr): Expr => unary('sqrt', x);
export const sin = (x: Expr): Expr => unary('sin', x);
export const cos = (x: Expr): Expr => unary('cos', x);
export const tanh = (x: Expr): Expr => unary('tanh', x);
export const atan = (x: Expr): Expr => unary('atan', x);
/** The error function, for the primitives of surrogates: WGSL has none, so a kernel cannot compute it. */
export const erf = (x: Expr): Expr => unary('erf', x);
export const abs = (x: Expr): Expr => unary('abs', x);
export const max = (a: Operand, b: Operand): Expr => fold('max', expr(a), expr(b));
export const min = (a: Operand, b: Operand): Expr => fold('min', expr(a), expr(b));
export const relu = (x: Expr): Expr => max(x, 0);

/** `a` where `condition` is not 0, else `b`. */
export const where = (condition: Expr, a: Operand, b: Operand): Expr =>
  expr(a) === expr(b) ? expr(a) : Expr.make('where', [condition, expr(a), expr(b)]);

/** The value of x, with derivative 0. */
export const detach = (x: Expr): Expr => (x.op === 'const' ? x : Expr.make('detach', [x]));

/**
 * The spike [x > 0] (or [x >= 0]) of the dimensionless distance x from the threshold. Backward, its derivative is
 * the surrogate's; in the smooth mode its value is the surrogate's primitive.
 *
 * @throws on another test
 */
export function spike(x: Expr, test: '>' | '>=' = '>'): Expr {
  if (test !== '>' && test !== '>=') throw new Error(`spike: the test must be '>' or '>=', got '${test}'`);
  return Expr.make('spike', [expr(x)], 0, test);
}

/** The nodes that `roots` need, each after its arguments; nodes in `known` are not entered. */
export function topological(roots: readonly Expr[], known: { has(e: Expr): boolean } = new Set()): Expr[] {
  const seen = new Set<Expr>();
  const order: Expr[] = [];
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (!known.has(e)) for (const a of e.args) visit(a);
    order.push(e);
  };
  for (const r of roots) visit(r);
  return order;
}

/** A graph as text, with positions instead of object numbers: equal in every process for equal graphs. */
export function written(roots: readonly Expr[]): string {
  const order = topological(roots);
  const position = new Map(order.map((e, i) => [e, i]));
  const nodes = order.map(
    (e) => `${e.op}${e.op === 'const' ? e.value : e.name}(${e.args.map((a) => position.get(a)).join(' ')})`,
  );
  return `${nodes.join(';')}:${roots.map((r) => position.get(r)).join(' ')}`;
}

/** The scalar meaning of an operation; the one place that says what each does. */
export const meaning: Record<Exclude<Op, 'const' | 'leaf' | 'spike'>, (a: number, b: number, c: number) => number> = {
  neg: (a) => -a,
  abs: Math.abs,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  atan: Math.atan,
  erf: errorFunction,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  // written out: the variadic ones would count the unused third argument in
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
  where: (a, b, c) => (a !== 0 ? b : c),
  detach: (a) => a,
};

const isConst = (e: Expr, value: number): boolean => e.op === 'const' && e.value === value;

function unary(op: Exclude<Op, 'const' | 'leaf' | 'spike'>, x: Expr): Expr {
  return x.op === 'const' ? expr(meaning[op](x.value, 0, 0)) : Expr.make(op, [x]);
}

function fold(op: Exclude<Op, 'const' | 'leaf' | 'spike'>, a: Expr, b: Expr): Expr {
  return a.op === 'const' && b.op === 'const' ? expr(meaning[op](a.value, b.value, 0)) : Expr.make(op, [a, b]);
}

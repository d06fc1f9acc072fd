import { compile } from '../../neurons/evaluate.ts';
import { type Expr, type Op, topological } from '../../neurons/expr.ts';
import type { Scope } from './builder.ts';
import { TYPE } from './model.ts';

/** A number of each neuron, or of all of them, that does not change over time. */
export interface Constant {
  readonly values: Float64Array;
  /** The name of the initializer that holds it, which is made when it is asked for. */
  readonly initializer: () => string;
}

/** What the leaves of expressions are. */
export interface Leaves {
  /** Whose constants they are: begins the names of what is computed from them. */
  readonly owner: string;
  /** Those that change from step to step: names of values in the scope. */
  readonly values: ReadonlyMap<Expr, string>;
  readonly constants: ReadonlyMap<Expr, Constant>;
}

/** Operations that ONNX has under a name of its own. */
const OPERATORS: Partial<Record<Op, string>> = {
  neg: 'Neg',
  abs: 'Abs',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  sin: 'Sin',
  cos: 'Cos',
  tanh: 'Tanh',
  atan: 'Atan',
  erf: 'Erf',
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  min: 'Min',
  max: 'Max',
};

/**
 * Prints expressions as nodes of ONNX. What depends on constants alone, decays and gains, is computed here, in float64, and becomes
 * an initializer.
 *
 * @param names of the outputs of some nodes, already taken
 * @returns the name of each root's value; that of a root that does not change over time is an initializer's
 */
export function printOnnx(
  scope: Scope,
  roots: readonly Expr[],
  leaves: Leaves,
  names: ReadonlyMap<Expr, string> = new Map(),
): string[] {
  const printer = new Printer(scope, roots, leaves, names);
  return roots.map((e) => printer.value(e));
}

class Printer {
  readonly #scope: Scope;
  readonly #leaves: Leaves;
  readonly #names: ReadonlyMap<Expr, string>;
  readonly #fixed = new Set<Expr>();
  readonly #done = new Map<Expr, string>();
  readonly #booleans = new Map<Expr, string>();
  readonly #values = new Map<Expr, Float64Array>();

  constructor(scope: Scope, roots: readonly Expr[], leaves: Leaves, names: ReadonlyMap<Expr, string>) {
    this.#scope = scope;
    this.#leaves = leaves;
    this.#names = names;
    for (const e of topological(roots, leaves.values)) {
      if (leaves.values.has(e) || e.op === 'spike') continue;
      if (e.op === 'leaf' ? leaves.constants.has(e) : e.args.every((a) => this.#fixed.has(a))) this.#fixed.add(e);
    }
  }

  value(e: Expr): string {
    const known = this.#leaves.values.get(e) ?? this.#done.get(e);
    if (known) return known;
    const made = this.#fixed.has(e) ? this.#initializer(e) : this.#node(e);
    this.#done.set(e, made);
    return made;
  }

  #initializer(e: Expr): string {
    const { constants } = this.#scope;
    if (e.op === 'const') return constants.scalar(e.value);
    if (e.op === 'leaf') return this.#leaves.constants.get(e)!.initializer();
    return this.#folded(e, formula(e), this.#valuesOf(e));
  }

  #folded(e: Expr, text: string, values: Float64Array, what = ''): string {
    const { owner } = this.#leaves;
    const name = text.length > 60 ? `${owner}.constant` : `${owner}.${text}`;
    return this.#scope.constants.reals(name, [values.length], values, { key: `${owner} ${e.id} ${what}`, doc: text });
  }

  #node(e: Expr): string {
    const scope = this.#scope;
    const name = this.#names.get(e);
    const args = (): string[] => e.args.map((a) => this.value(a));
    switch (e.op) {
      case 'detach': {
        const value = this.value(e.args[0]!);
        return name ? scope.named(value, name) : value;
      }
      case 'gt':
      case 'ge':
      case 'spike':
        return scope.real(this.#boolean(e), name);
      case 'where':
        return scope.add(
          'Where',
          [this.#boolean(e.args[0]!), this.value(e.args[1]!), this.value(e.args[2]!)],
          {},
          name,
        );
      case 'expm1': {
        // ONNX has none: (e^x - 1) = tanh(x/2) (e^x + 1), which keeps its digits near 0
        const x = this.value(e.args[0]!);
        const half = scope.add('Tanh', [scope.add('Mul', [x, scope.constants.scalar(0.5)])]);
        return scope.add('Mul', [half, scope.add('Add', [scope.add('Exp', [x]), scope.constants.scalar(1)])], {}, name);
      }
      case 'mul': {
        const slow = e.args.findIndex((a) => this.#fixed.has(a) && this.#slow(this.#valuesOf(a)));
        if (slow < 0) return scope.add('Mul', args(), {}, name);
        // d x as x + (d - 1) x: in float32, 1 - d would have few digits left, and it sets where a slow state settles
        const d = e.args[slow]!;
        const x = this.value(e.args[1 - slow]!);
        const less = this.#valuesOf(d).map((y) => y - 1);
        const change = this.#folded(d, `${formula(d)} - 1`, less, 'less 1');
        return scope.add('Add', [x, scope.add('Mul', [x, change])], {}, name);
      }
      default: {
        const operator = OPERATORS[e.op];
        if (!operator) throw new Error(`ONNX: '${e.name || e.op}' has no value here`);
        return scope.add(operator, args(), {}, name);
      }
    }
  }

  /** A condition, as a boolean value. */
  #boolean(e: Expr): string {
    const known = this.#booleans.get(e);
    if (known) return known;
    const made = this.#test(e);
    this.#booleans.set(e, made);
    return made;
  }

  #test(e: Expr): string {
    const scope = this.#scope;
    if (this.#leaves.values.has(e)) return scope.add('Cast', [this.value(e)], { to: TYPE.bool });
    if (e.op === 'gt' || e.op === 'ge')
      return scope.add(e.op === 'gt' ? 'Greater' : 'GreaterOrEqual', [this.value(e.args[0]!), this.value(e.args[1]!)]);
    if (e.op === 'spike') {
      const [a, b] = this.#compared(e.args[0]!);
      return scope.add(e.name === '>=' ? 'GreaterOrEqual' : 'Greater', [a, b]);
    }
    return scope.add('Cast', [this.value(e)], { to: TYPE.bool });
  }

  /** What is above what when x is above 0: of (v - theta)/theta, v and theta. */
  #compared(x: Expr): readonly [string, string] {
    const scaled = x.op === 'div' && this.#fixed.has(x.args[1]!) && this.#valuesOf(x.args[1]!).every((d) => d > 0);
    const distance = scaled ? x.args[0]! : x;
    if (distance.op !== 'sub' || this.#fixed.has(distance))
      return [this.value(distance), this.#scope.constants.scalar(0)];
    return [this.value(distance.args[0]!), this.value(distance.args[1]!)];
  }

  /** Of a decay, whether float32 has lost digits of what it takes away. */
  #slow(values: Float64Array): boolean {
    if (this.#scope.constants.real === TYPE.double) return false;
    const between = values.every((d) => d >= 0.5 && d <= 1);
    return between && values.some((d) => Math.abs(Math.fround(d) - d) > 1e-6 * (1 - d));
  }

  #valuesOf(e: Expr): Float64Array {
    const known = this.#values.get(e);
    if (known) return known;
    const found = topological([e]).filter(({ op }) => op === 'leaf');
    const given = found.map((l) => this.#leaves.constants.get(l)!.values);
    const program = compile([e], found, () => Number.NaN);
    const values = Float64Array.from({ length: Math.max(1, ...given.map(({ length }) => length)) }, (_, n) => {
      found.forEach((l, i) => {
        program.set(l, given[i]![n % given[i]!.length]!);
      });
      program.run();
      return program.get(e);
    });
    this.#values.set(e, values);
    return values;
  }
}

const INFIX: Partial<Record<Op, string>> = { add: '+', sub: '-', mul: '*', div: '/', gt: '>', ge: '>=' };

/** An expression as people write it, for names. */
function formula(e: Expr): string {
  const sign = INFIX[e.op];
  if (sign) return `(${formula(e.args[0]!)} ${sign} ${formula(e.args[1]!)})`;
  if (e.op === 'const') return String(Number(e.value.toPrecision(6)));
  if (e.op === 'leaf') return e.name.replace(/^param\./, '');
  if (e.op === 'neg') return `-${formula(e.args[0]!)}`;
  return `${e.op}(${e.args.map(formula).join(', ')})`;
}

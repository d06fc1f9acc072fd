import { differentiate } from './differentiate.ts';
import { compile } from './evaluate.ts';
import { type Expr, expr, leaf, topological } from './expr.ts';
import { suggest } from './nearest.ts';

/**
 * A surrogate derivative of the spike, as a function of the dimensionless distance x from the threshold (1 is a whole
 * threshold above it), with the primitive that stands for the step in the smooth mode.
 *
 * Its constants are leaves named `surrogate.NAME`: they travel in the uniform block of the step and are never compiled in,
 * so they may change from step to step.
 */
export interface Surrogate {
  readonly name: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly derivative: (x: Expr) => Expr;
  readonly primitive: (x: Expr) => Expr;
}

/** A constant of a surrogate, in its expressions. */
export const constant = (name: string): Expr => leaf(`surrogate.${name}`);

/** Where derivative and primitive are compared: on both sides of 0, off the places where kinks usually are. */
const POINTS = [0.013, 0.037, 0.11, 0.23, 0.41, 0.53, 0.77, 0.97, 1.03, 1.7, 2.9, 7.1, 23].flatMap((p) => [p, -p]);
/** Where the derivative must be finite in float32. */
const EXTREMES = [0, 1e-38, 1, 90, 1e3, 1e10, 1e19, 1e20, 1e38, 3e38].flatMap((p) => [p, -p]);
const STEP = 1e-5;

const checked = new WeakSet<Surrogate>();

/**
 * A surrogate of one's own, after a check of what it is made of.
 *
 *     const tent = defineSurrogate({
 *       name: 'tent',
 *       constants: { height: 0.5 },
 *       derivative: (x, { height }) => height.mul(relu(expr(1).sub(abs(x)))),
 *       primitive: (x, { height }) => ...
 *     });
 *     new LIF(80, 240, { surrogate: tent });
 *
 * @param source derivative and primitive as expressions of x and of the constants by name
 * @throws when they use anything else, when the derivative is not finite for every x that float32 holds, or when the
 *   primitive's derivative is another
 */
export function defineSurrogate<C extends string>(source: {
  name: string;
  constants?: Record<C, number>;
  derivative: (x: Expr, constants: Readonly<Record<C, Expr>>) => Expr;
  primitive: (x: Expr, constants: Readonly<Record<C, Expr>>) => Expr;
}): Surrogate {
  const { name, constants = {} as Record<C, number> } = source;
  const leaves = Object.fromEntries(Object.keys(constants).map((c) => [c, constant(c)])) as Record<C, Expr>;
  const given = new Proxy(leaves, {
    get(target, key) {
      if (typeof key === 'string' && !Object.hasOwn(target, key))
        throw new Error(`defineSurrogate('${name}'): no constant '${key}'${suggest(key, Object.keys(constants))}`);
      return target[key as C];
    },
  });
  return checkSurrogate({
    name,
    constants,
    derivative: (x) => expr(source.derivative(x, given)),
    primitive: (x) => expr(source.primitive(x, given)),
  });
}

/** @throws as `defineSurrogate`; looks at an object once */
export function checkSurrogate(s: Surrogate): Surrogate {
  if (checked.has(s)) return s;
  const fail = (what: string): never => {
    throw new Error(`surrogate '${s.name}': ${what}`);
  };
  if (typeof s.name !== 'string' || s.name === '') fail(`needs a name, got ${JSON.stringify(s.name)}`);
  const names = Object.keys(s.constants);
  for (const [name, value] of Object.entries(s.constants)) {
    if (!Number.isFinite(value)) fail(`constant '${name}' must be a finite number, got ${value}`);
  }
  const x = leaf('x');
  const [derivative, primitive] = [s.derivative(x), s.primitive(x)];
  const known = new Map([[x, 0], ...Object.entries(s.constants).map(([n, v]) => [constant(n), v] as const)]);
  for (const [what, root] of Object.entries({ derivative, primitive })) {
    for (const e of topological([root])) {
      if (e.op === 'leaf' && !known.has(e))
        fail(`the ${what} uses '${e.name}'; it may use x and its constants alone${suggest(e.name, names)}`);
      if (e.op === 'const' && !Number.isFinite(e.value))
        fail(`the ${what} has a constant that is not finite, ${e.value}`);
      if (e.op === 'erf' && what === 'derivative') fail('the derivative uses erf, which a kernel cannot compute');
    }
  }
  /** The value of an expression, in float64 or as float32 has it. */
  const at = (root: Expr, round?: (v: number) => number): ((p: number) => number) => {
    const program = compile([root], [...known.keys()], () => Number.NaN, round);
    for (const [e, value] of known) program.set(e, value);
    return (p) => {
      program.set(x, p);
      program.run();
      return program.get(root);
    };
  };
  const inFloat32 = at(derivative, Math.fround);
  for (const p of EXTREMES) {
    const value = inFloat32(Math.fround(p));
    if (!Number.isFinite(value)) fail(`the derivative is ${value} at x = ${p} in float32; bound |x| before it is used`);
  }
  const [psi, smooth] = [at(derivative), at(primitive)];
  const symbolic = at(differentiate([[primitive, expr(1)]], [x], null)[0]!);
  for (const p of POINTS) {
    const slope = (smooth(p + STEP) - smooth(p - STEP)) / (2 * STEP);
    const [claimed, size] = [psi(p), Math.max(1, Math.abs(psi(p)))];
    if (!(Math.abs(symbolic(p) - claimed) <= 1e-9 * size && Math.abs(slope - claimed) <= 1e-4 * size))
      fail(
        `the derivative is ${claimed} at x = ${p}, but that of the primitive is ${symbolic(p)} (measured: ${slope})`,
      );
  }
  checked.add(s);
  return s;
}

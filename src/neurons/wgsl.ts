import { type Expr, topological } from './expr.ts';

/** Where printed code finds a node: its name in WGSL. */
export type Names = (e: Expr) => string | undefined;

export interface Printed {
  /** Statements, in order. */
  readonly lines: string[];
  /** One WGSL expression per root. */
  readonly results: string[];
}

const infix: Partial<Record<Expr['op'], string>> = { add: '+', sub: '-', mul: '*', div: '/' };
/** Functions by their name in WGSL; expm1, ln, sine and cosine are defined in the shaders that take printed code. */
const call: Partial<Record<Expr['op'], string>> = {
  abs: 'abs',
  exp: 'exp',
  expm1: 'expm1',
  log: 'ln',
  sqrt: 'sqrt',
  sin: 'sine',
  cos: 'cosine',
  atan: 'atan',
  min: 'min',
  max: 'max',
};

/**
 * Prints expressions as WGSL over vec4f, four neurons at a time. What is used more than once becomes a `let`.
 *
 * @param prefix begins the names of those lets
 */
export function printWgsl(roots: readonly Expr[], names: Names, prefix: string): Printed {
  const known = { has: (e: Expr) => names(e) !== undefined };
  const order = topological(roots, known);
  const uses = new Map<Expr, number>();
  for (const e of order) if (!known.has(e)) for (const a of e.args) uses.set(a, (uses.get(a) ?? 0) + 1);
  for (const r of roots) uses.set(r, (uses.get(r) ?? 0) + 1);

  const lines: string[] = [];
  const text = new Map<Expr, string>();
  for (const e of order) {
    const printed =
      names(e) ??
      printNode(
        e,
        e.args.map((a) => text.get(a)!),
      );
    if (!known.has(e) && e.op !== 'const' && (uses.get(e) ?? 0) > 1) {
      const name = `${prefix}${lines.length}`;
      lines.push(`let ${name} = ${printed};`);
      text.set(e, name);
    } else text.set(e, printed);
  }
  return { lines, results: roots.map((r) => bare(text.get(r)!)) };
}

function printNode(e: Expr, args: readonly string[]): string {
  const [a, b, c] = args as [string, string, string];
  if (infix[e.op]) return `(${a} ${infix[e.op]} ${b})`;
  if (call[e.op]) return `${call[e.op]}(${args.map(bare).join(', ')})`;
  switch (e.op) {
    case 'const':
      return `vec4f(${literal(e.value)})`;
    case 'neg':
      return `(-${a})`;
    // beyond 20 tanh is 1 in float32, and some stacks return NaN from 89 on
    case 'tanh':
      return `tanh(clamp(${bare(a)}, vec4f(-20), vec4f(20)))`;
    case 'gt':
      return `select(vec4f(0), vec4f(1), ${a} > ${b})`;
    case 'ge':
      return `select(vec4f(0), vec4f(1), ${a} >= ${b})`;
    case 'where': {
      const condition = e.args[0]!;
      const test = condition.op === 'gt' || condition.op === 'ge' ? comparison(a) : `(${a} != vec4f(0))`;
      return `select(${bare(c)}, ${bare(b)}, ${test})`;
    }
    case 'erf':
      throw new Error('printWgsl: WGSL has no erf; it is for the primitives of surrogates, which no kernel computes');
    case 'detach':
      return a;
    case 'spike':
      return `select(vec4f(0), vec4f(1), ${a} ${e.name} vec4f(0))`;
    default:
      throw new Error(`printWgsl: '${e.name || e.op}' has no name here`);
  }
}

/** The test inside a printed comparison; a comparison that became a let is compared with 0 instead. */
function comparison(printed: string): string {
  const match = /^select\(vec4f\(0\), vec4f\(1\), (.*)\)$/.exec(printed);
  return match ? match[1]! : `(${printed} != vec4f(0))`;
}

/** Without an outer pair of brackets that match each other. */
function bare(s: string): string {
  if (!s.startsWith('(') || !s.endsWith(')')) return s;
  let depth = 0;
  for (let i = 0; i < s.length - 1; i++) {
    if (s[i] === '(') depth++;
    if (s[i] === ')' && --depth === 0) return s;
  }
  return s.slice(1, -1);
}

export function literal(x: number): string {
  if (!Number.isFinite(x)) throw new Error(`printWgsl: ${x} cannot be written in WGSL`);
  const s = String(Math.fround(x) === x ? x : Number(x.toPrecision(9)));
  return /[.e]/.test(s) ? s : `${s}.0`;
}

/**
 * The largest parts of `roots` that depend on parameters alone: worth computing once, before the time loop.
 *
 * @param fixed whether a leaf keeps its value over time
 */
export function timeless(
  roots: readonly Expr[],
  fixed: (leaf: Expr) => boolean,
  known: { has(e: Expr): boolean },
): Expr[] {
  const constant = new Map<Expr, boolean>();
  const order = topological(roots, known);
  for (const e of order) {
    constant.set(e, !known.has(e) && (e.op === 'leaf' ? fixed(e) : e.args.every((a) => constant.get(a)!)));
  }
  const found = new Set<Expr>();
  const consider = (e: Expr): void => {
    if (constant.get(e) && e.args.length > 0) found.add(e);
  };
  for (const e of order) if (!constant.get(e)) for (const a of known.has(e) ? [] : e.args) consider(a);
  for (const r of roots) consider(r);
  return [...found];
}

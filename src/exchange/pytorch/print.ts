import { type Expr, expr } from '../../neurons/expr.ts';

/** Where printed code finds a node: its variable in Python. */
export type Names = (e: Expr) => string | undefined;

/** How tightly the outermost operator of a text binds. */
const LOOSE = 0;
const SUM = 1;
const PRODUCT = 2;
const SIGN = 3;
const ATOM = 4;

interface Text {
  readonly text: string;
  readonly level: number;
  /** A tensor in it, by name; null in a Python number, as constants and the constants of surrogates are. */
  readonly tensor: string | null;
  /** Of a comparison: as a condition, not as 0 and 1. */
  readonly test?: string;
}

/** Functions that PyTorch has by the same name; of plain numbers the module `math` has them. */
const FUNCTIONS = new Set<Expr['op']>(['abs', 'exp', 'expm1', 'log', 'sqrt', 'sin', 'cos', 'tanh', 'atan']);
const OPERATORS: Partial<Record<Expr['op'], readonly [sign: string, level: number]>> = {
  add: ['+', SUM],
  sub: ['-', SUM],
  mul: ['*', PRODUCT],
  div: ['/', PRODUCT],
};

/** What a node is printed from: its arguments, or for the parts of a logistic function what that is of. */
export function argsOf(e: Expr): readonly Expr[] {
  const logistic = logisticOf(e);
  return logistic ? [logistic] : e.args;
}

/** x if the node is 1/(1 + e^-x), in one of the two forms in which equations here have it. */
export function logisticOf(e: Expr): Expr | null {
  const [a, b] = e.args as [Expr, Expr];
  const is = (x: Expr | undefined, value: number): boolean => x?.op === 'const' && x.value === value;
  if (e.op === 'div' && is(a, 1) && b.op === 'add' && b.args[0]!.op === 'exp' && is(b.args[1], 1))
    return b.args[0]!.args[0]!.neg();
  if (e.op !== 'add' || !is(b, 0.5) || a.op !== 'mul' || !is(a.args[1], 0.5) || a.args[0]!.op !== 'tanh') return null;
  const inside = a.args[0]!.args[0]!;
  return inside.op === 'mul' && is(inside.args[1], 0.5) ? inside.args[0]! : null;
}

export interface Printing {
  /** Variables; what has none is written out. */
  readonly names: Names;
  /** Whether a variable is a Python number (none by default). */
  readonly isNumber?: (e: Expr) => boolean;
  /** The call that makes a spike of the text of its x. */
  readonly spike?: (x: string) => string;
}

/** An expression as Python over tensors [B, N]; brackets only where they are needed, evaluated in the order of the equations. */
export function printPython(root: Expr, { names, isNumber = () => false, spike }: Printing): string {
  const visit = (e: Expr): Text => {
    const name = names(e);
    if (name !== undefined) return { text: name, level: ATOM, tensor: isNumber(e) ? null : name };
    const args = argsOf(e).map(visit);
    if (e.op === 'spike' && spike) return { text: spike(args[0]!.text), level: ATOM, tensor: args[0]!.tensor };
    return printNode(e, args);
  };
  return visit(root).text;
}

function printNode(e: Expr, args: readonly Text[]): Text {
  const [a, b, c] = args as [Text, Text, Text];
  const tensor = args.find((x) => x.tensor !== null)?.tensor ?? null;
  const call = (text: string): Text => ({ text, level: ATOM, tensor });
  if (e.op === 'const') return { text: literal(e.value), level: e.value < 0 ? SIGN : ATOM, tensor };
  if (logisticOf(e)) return call(tensor ? `torch.sigmoid(${a.text})` : `1 / (1 + math.exp(-(${a.text})))`);
  const operator = OPERATORS[e.op];
  if (operator) {
    const [sign, level] = operator;
    // as the equations have it, a - (b + c) and a + (b + c) keep their brackets
    return { text: `${within(a, level)} ${sign} ${within(b, level + 1)}`, level, tensor };
  }
  if (FUNCTIONS.has(e.op))
    return call(tensor || e.op === 'abs' ? `${tensor ? 'torch.' : ''}${e.op}(${a.text})` : `math.${e.op}(${a.text})`);
  switch (e.op) {
    case 'neg':
      return { text: `-${within(a, SIGN)}`, level: SIGN, tensor };
    case 'min':
    case 'max':
      return call(extreme(e.op, a, b));
    case 'gt':
    case 'ge': {
      const test = `${within(a, SUM)} ${e.op === 'gt' ? '>' : '>='} ${within(b, SUM)}`;
      return { ...call(tensor ? `(${test}).to(${tensor}.dtype)` : `float(${test})`), test };
    }
    case 'where': {
      const test = a.test ?? `${within(a, SUM)} != 0`;
      if (a.tensor === null)
        return { text: `${within(b, SUM)} if ${test} else ${within(c, SUM)}`, level: LOOSE, tensor };
      // of two numbers torch.where makes its default type, whatever the tensors have
      const branch = (x: Text): string => ((b.tensor ?? c.tensor) ? x.text : `${tensor}.new_tensor(${x.text})`);
      return call(`torch.where(${test}, ${branch(b)}, ${branch(c)})`);
    }
    case 'detach':
      return tensor ? call(`${within(a, ATOM)}.detach()`) : a;
    default:
      throw new Error(`printPython: '${e.name || e.op}' has no name here`);
  }
}

function extreme(op: 'min' | 'max', a: Text, b: Text): string {
  if (a.tensor && b.tensor) return `torch.${op}imum(${a.text}, ${b.text})`;
  if (!a.tensor && !b.tensor) return `${op}(${a.text}, ${b.text})`;
  const [value, bound] = a.tensor ? [a, b] : [b, a];
  return `torch.clamp(${value.text}, ${op === 'max' ? 'min' : 'max'}=${bound.text})`;
}

const within = ({ text, level }: Text, least: number): string => (level < least ? `(${text})` : text);

/** A number as Python writes it, to the last bit of a float64. */
export function literal(x: number): string {
  if (!Number.isFinite(x)) throw new Error(`printPython: ${x} cannot be written as a number`);
  if (Object.is(x, -0)) return '-0.0';
  const [long, short] = [String(x), x.toExponential()].map((text) => text.replace('e+', 'e')) as [string, string];
  return long.length > short.length + 2 ? short : long;
}

/** A float32 in as few digits as tell it from all others. */
export function single(x: number): number {
  const digits = [6, 7, 8].find((n) => Math.fround(Number(x.toPrecision(n))) === Math.fround(x));
  return Number(x.toPrecision(digits ?? 9));
}

/** Whether an expression is e^(-dt/tau) or Euler's 1 - dt/tau (`decay`), or what that leaves to 1 (`lost`). */
export function leakOf(e: Expr): 'decay' | 'lost' | null {
  const one = expr(1);
  const [a, b] = e.args as [Expr, Expr];
  const share = (x: Expr): boolean => x.op === 'div' && x.args[0]!.op === 'const' && x.args[1]!.op === 'leaf';
  if (e.op === 'add' && b === one && a.op === 'expm1' && share(a.args[0]!)) return 'decay';
  if (e.op === 'sub' && a === one && share(b)) return 'decay';
  if (e.op === 'neg' && a.op === 'expm1' && share(a.args[0]!)) return 'lost';
  return share(e) ? 'lost' : null;
}

import { type Expr, topological } from '../../neurons/expr.ts';
import { argsOf, printPython } from './print.ts';
import type { Variables } from './variables.ts';

export interface Plan {
  /** What is computed, in this order as far as nothing depends on what comes later. */
  readonly roots: readonly Expr[];
  /** Variables that are there before the first line: states, parameters, the input. They are not entered. */
  readonly given: ReadonlyMap<Expr, string>;
  /** Those of them that differ from step to step and neuron to neuron; all else has one value for many. */
  readonly varying: ReadonlySet<Expr>;
  /** The variable that would suit a node; another is taken while a value in it is still needed. */
  readonly prefer: (e: Expr) => string | undefined;
  /** What variables must hold after the last line. */
  readonly finals: readonly (readonly [variable: string, node: Expr])[];
  /** A line with a value, `voltages.append(v)`: at the end, or before its variable gets another value. */
  readonly record: { readonly node: Expr; readonly line: (text: string) => string } | null;
  readonly spike: (x: string) => string;
  readonly variables: Variables;
  readonly isNumber?: (e: Expr) => boolean;
}

/** Lines of Python that compute expressions, one for each that has a name of its own or is used more than once. */
export function schedule(plan: Plan): string[] {
  const { roots, given, finals, record, prefer, variables } = plan;
  const all = [...roots, ...(record ? [record.node] : []), ...finals.map(([, e]) => e)];
  const order = ordered(all, given);
  const named = namedOf(order, new Set(all), given);
  const statements = order.filter((e) => named.has(e));

  const variable = new Map<Expr, string>(given);
  const holds = new Map<string, Expr>([...given].map(([e, name]) => [name, e]));
  const lastUse = new Map<Expr, number>();
  const use = (e: Expr, at: number): void => {
    lastUse.set(e, Math.max(at, lastUse.get(e) ?? -1));
  };
  statements.forEach((e, i) => {
    for (const part of partsOf(e, named, given)) use(part, i);
  });
  for (const [, e] of finals) use(e, statements.length);
  const recordedAt = record ? statements.indexOf(record.node) : -1;
  // beside the others at the end, unless a later line wants the variable
  const rivals = statements.slice(recordedAt + 1).map(prefer);
  const early = record && (recordedAt < 0 || rivals.includes(prefer(record.node)));
  if (record && !early) use(record.node, statements.length);

  const lines: string[] = [];
  const printing = { names: (e: Expr) => variable.get(e), isNumber: plan.isNumber ?? (() => false), spike: plan.spike };
  const results = new Set(all);
  // a result has a value for each neuron of each sample, whatever it is made of
  const print = (e: Expr): string =>
    results.has(e) ? wide(printPython(e, printing), e, plan) : printPython(e, printing);
  if (record && recordedAt < 0 && given.has(record.node)) lines.push(record.line(print(record.node)));
  statements.forEach((e, i) => {
    const text = print(e);
    const wanted = prefer(e) ?? 'part';
    const holder = holds.get(wanted);
    const mayChange = holder !== undefined && (plan.varying.has(holder) || !given.has(holder));
    const free = mayChange && (lastUse.get(holder) ?? -1) <= i;
    const name = free ? wanted : variables.take(holder === undefined ? wanted : `${wanted}_new`);
    variable.set(e, name);
    holds.set(name, e);
    lines.push(`${name} = ${text}`);
    if (early && e === record.node) lines.push(record.line(name));
  });
  if (record && !early) lines.push(record.line(print(record.node)));
  const moves = finals.filter(([name, e]) => variable.get(e) !== name);
  if (moves.length)
    lines.push(`${moves.map(([name]) => name).join(', ')} = ${moves.map(([, e]) => print(e)).join(', ')}`);
  return lines;
}

/** The nodes of some expressions, each after what it is printed from. */
function ordered(roots: readonly Expr[], given: ReadonlyMap<Expr, unknown>): Expr[] {
  const seen = new Set<Expr>();
  const order: Expr[] = [];
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (!given.has(e)) argsOf(e).forEach(visit);
    order.push(e);
  };
  roots.forEach(visit);
  return order;
}

/** The nodes that get a variable: results, and what is used more than once and is more than one operation. */
function namedOf(order: readonly Expr[], results: ReadonlySet<Expr>, given: ReadonlyMap<Expr, unknown>): Set<Expr> {
  const uses = new Map<Expr, number>();
  for (const e of order) if (!given.has(e)) for (const a of argsOf(e)) uses.set(a, (uses.get(a) ?? 0) + 1);
  const size = new Map<Expr, number>();
  const named = new Set<Expr>();
  for (const e of order) {
    if (given.has(e) || e.op === 'const' || e.op === 'leaf') {
      size.set(e, 0);
      continue;
    }
    const inside = argsOf(e).reduce((sum, a) => sum + size.get(a)!, e.op === 'detach' ? 0 : 1);
    const shared = (uses.get(e) ?? 0) > 1 && inside > 1;
    if (results.has(e) || shared || e.op === 'spike') named.add(e);
    size.set(e, named.has(e) ? 0 : inside);
  }
  return named;
}

/** The variables in the text of a named node. */
function partsOf(e: Expr, named: ReadonlySet<Expr>, given: ReadonlyMap<Expr, unknown>): Expr[] {
  const found: Expr[] = [];
  const visit = (a: Expr): void => {
    if (named.has(a) || given.has(a)) found.push(a);
    else argsOf(a).forEach(visit);
  };
  argsOf(e).forEach(visit);
  return found;
}

/** A text of which each neuron of each sample has a value. */
function wide(text: string, e: Expr, { varying, given }: Plan): string {
  const known = { has: (a: Expr) => given.has(a) };
  if (topological([e], known).some((a) => varying.has(a))) return text;
  const like = [...varying][0];
  return like ? `torch.zeros_like(${given.get(like)}) + ${text}` : text;
}

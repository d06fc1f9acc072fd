import { input, lastSpike, type NeuronDefinition, parameter, state } from './definition.ts';
import { differentiate } from './differentiate.ts';
import { type Expr, leaf, topological } from './expr.ts';
import type { Surrogate } from './surrogates.ts';

/** A term that the loss has at every neuron and step, as an expression of the recorded voltage v and the parameters. */
export interface Penalty {
  readonly name: string;
  /** Numbers that may change from step to step, by the names of `penaltyWeight` leaves in the expression. */
  readonly constants?: Readonly<Record<string, number>>;
  readonly of: (v: Expr, param: (name: string) => Expr) => Expr;
}

/** One step backward through time, derived from a definition. */
export interface Adjoint {
  /** What the forward pass must save, one float a neuron and step each. Spikes are saved as bits besides. */
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  /** States of the step before that the equations below need, in terms of planes and spikes of that step. */
  readonly previous: readonly { readonly name: string; readonly node: Expr }[];
  /**
   * The surrogate's derivative: where it is 0, what arrives at the spike does not matter. Null where the spike is more than a
   * threshold, so that this cannot be said.
   */
  readonly slope: Expr | null;
  /** dL/dI */
  readonly input: Expr;
  /** dL/d state of the step before, in the order of the definition's states. */
  readonly states: readonly Expr[];
  /** dL/d spike of the step before, as far as it passes through the equations. */
  readonly lastSpike: Expr;
  /** dL/d parameter, for each that is learned. */
  readonly params: readonly { readonly name: string; readonly node: Expr }[];
}

/** The adjoint that arrives at a state from the step after. */
export const barState = (name: string): Expr => leaf(`bar.${name}`);
/** The adjoint of this step's spike: from the loss, from the layers above, from the step after. */
export const barSpike = leaf('bar.z');
/** The adjoint of the recorded voltage, from the loss or from the layers above. */
export const barRecord = leaf('bar.record');
/** The weight of a penalty, or one of its constants. */
export const penaltyWeight = (name: string): Expr => leaf(`penalty.${name}`);

/**
 * Derives the backward step and decides what to save for it: the fewest floats a neuron and step from which every
 * expression of the adjoint can be computed elementwise, given the spikes of this step and of the one before.
 */
export function deriveAdjoint(
  def: NeuronDefinition,
  options: {
    surrogate: Surrogate | null;
    learned?: readonly string[];
    penalties?: readonly Penalty[];
    recordGradient?: boolean;
  },
): Adjoint {
  const learned = options.learned ?? [];
  const outputs: [Expr, Expr][] = def.states.map((s) => [def.next[s]!, barState(s)]);
  if (def.z) outputs.push([def.z, barSpike]);
  if (options.recordGradient ?? true) outputs.push([def.v, barRecord]);
  for (const p of options.penalties ?? []) outputs.push([p.of(def.v, parameter), penaltyWeight(p.name)]);

  const wrt = [input, lastSpike, ...def.states.map(state), ...learned.map(parameter)];
  const derivatives = differentiate(outputs, wrt, options.surrogate);
  const planes = choosePlanes(def, derivatives);
  const given = new Set([...planes.map((p) => p.node), ...(def.z ? [def.z] : [])]);
  const needed = new Set(topological(derivatives, given));
  return {
    planes,
    previous: def.states
      .filter((s) => needed.has(state(s)) && !given.has(state(s)))
      .map((s) => ({ name: s, node: def.next[s]! })),
    slope: def.z?.op === 'spike' && options.surrogate ? options.surrogate.derivative(def.z.args[0]!) : null,
    input: derivatives[0]!,
    lastSpike: derivatives[1]!,
    states: def.states.map((_, i) => derivatives[2 + i]!),
    params: learned.map((name, i) => ({ name, node: derivatives[2 + def.states.length + i]! })),
  };
}

/** The most planes that are searched for; beyond, every state is saved. */
const MOST = 4;

/**
 * The smallest set of values from which `wanted` can be computed. Found by branching on a value that cannot: each set
 * that does it contains one of the nodes between that value and what is missing, so only those need be tried.
 */
function choosePlanes(def: NeuronDefinition, wanted: readonly Expr[]): { name: string; node: Expr }[] {
  // what has a name comes first, so that of two choices of one size the one that a reader knows is taken
  const named = [
    { name: 'v', node: def.v },
    ...def.states.map((s) => ({ name: s, node: def.next[s]! })),
    { name: 'I', node: input },
  ];
  const inner = topological([...named.map((c) => c.node), ...(def.z?.args ?? [])])
    .filter((e) => e.args.length > 0 && e !== def.z)
    .map((node, i) => ({ name: `inner${i}`, node }));
  const candidates = [...named, ...inner].filter((c, i, all) => all.findIndex((d) => d.node === c.node) === i);
  const rank = new Map(candidates.map((c, i) => [c.node, i]));

  for (let size = 0; size <= MOST; size++) {
    let best: number[] | null = null;
    const tried = new Set<string>();
    const extend = (chosen: readonly number[]): void => {
      const key = chosen.join();
      if (tried.has(key)) return;
      tried.add(key);
      const missing = firstMissing(def, new Set(chosen.map((i) => candidates[i]!.node)), wanted);
      if (!missing) {
        if (!best || before(chosen, best)) best = [...chosen];
      } else if (chosen.length < size) {
        for (const e of missing) {
          const i = rank.get(e);
          if (i !== undefined) extend([...chosen, i].sort((a, b) => a - b));
        }
      }
    };
    extend([]);
    // assigned in a closure, which the type checker does not follow
    const found = best as number[] | null;
    if (found) return found.map((i) => candidates[i]!);
  }
  const all = candidates.filter((c) => named.some((n) => n.node === c.node));
  if (!firstMissing(def, new Set(all.map((c) => c.node)), wanted)) return all;
  throw new Error(`deriveAdjoint('${def.name}'): the backward step cannot be computed even when every state is saved`);
}

/** Whether one list of positions comes before another of the same length. */
function before(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((x, k) => x !== b[k]);
  return i >= 0 && a[i]! < b[i]!;
}

/**
 * Of the `wanted` values the first that cannot be computed from these planes, the spikes, and states of the step before
 * rebuilt from the same: the nodes from it down to what is missing. Null when all can.
 */
function firstMissing(
  def: NeuronDefinition,
  planes: ReadonlySet<Expr>,
  wanted: readonly Expr[],
): readonly Expr[] | null {
  const given = new Set<Expr>([...planes, lastSpike, ...(def.z ? [def.z] : [])]);
  const owners = new Map(def.states.map((s) => [state(s), def.next[s]!]));
  const known = [new Map<Expr, readonly Expr[] | null>(), new Map<Expr, readonly Expr[] | null>()] as const;
  const missing = (e: Expr, step: 0 | 1): readonly Expr[] | null => {
    if (e === lastSpike && step === 1) return [e];
    if (given.has(e)) return null;
    const found = known[step].get(e);
    if (found !== undefined) return found;
    const rebuilt = owners.get(e);
    const path =
      e === input || (rebuilt && step === 1)
        ? []
        : rebuilt
          ? missing(rebuilt, 1)
          : shortest(e.args.map((a) => missing(a, step)));
    const result = path && [e, ...path];
    known[step].set(e, result);
    return result;
  };
  return shortest(wanted.map((e) => missing(e, 0)));
}

/** The shortest of the paths that are there. */
const shortest = (paths: readonly (readonly Expr[] | null)[]): readonly Expr[] | null =>
  paths.reduce((best, p) => (p && (!best || p.length < best.length) ? p : best), null);

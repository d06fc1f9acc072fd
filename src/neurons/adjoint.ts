import { input, lastSpike, type NeuronDefinition, parameter, state } from './definition.ts';
import { differentiate } from './differentiate.ts';
import { type Expr, leaf, topological } from './expr.ts';
import type { Surrogate } from './surrogates.ts';

/** A term that the loss has at every neuron and step, as an expression of the recorded voltage v and the parameters. */
export interface Penalty {
  readonly name: string;
  readonly of: (v: Expr, param: (name: string) => Expr) => Expr;
}

/** One step backward through time, derived from a definition. */
export interface Adjoint {
  /** What the forward pass must save, one float a neuron and step each. Spikes are saved as bits besides. */
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  /** States of the step before that the equations below need, in terms of planes and spikes of that step. */
  readonly previous: readonly { readonly name: string; readonly node: Expr }[];
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
/** The weight of a penalty. */
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
  const needed = new Set(topological(derivatives, new Set(planes.map((p) => p.node))));
  return {
    planes,
    previous: def.states.filter((s) => needed.has(state(s))).map((s) => ({ name: s, node: def.next[s]! })),
    input: derivatives[0]!,
    lastSpike: derivatives[1]!,
    states: def.states.map((_, i) => derivatives[2 + i]!),
    params: learned.map((name, i) => ({ name, node: derivatives[2 + def.states.length + i]! })),
  };
}

function choosePlanes(def: NeuronDefinition, wanted: readonly Expr[]): { name: string; node: Expr }[] {
  // what has a name comes first, so that of two choices of one size the one that a reader knows is taken
  const named = [
    { name: 'v', node: def.v },
    ...def.states.map((s) => ({ name: s, node: def.next[s]! })),
    { name: 'I', node: input },
  ];
  const inner = topological(named.map((c) => c.node))
    .filter((e) => e.args.length > 0 && e !== def.z)
    .map((node, i) => ({ name: `inner${i}`, node }));
  const candidates = [...named, ...inner].filter((c, i, all) => all.findIndex((d) => d.node === c.node) === i);
  for (let size = 0; size <= 3; size++) {
    for (const chosen of combinations(candidates, size)) {
      if (sufficient(def, new Set(chosen.map((c) => c.node)), wanted)) return chosen;
    }
  }
  const all = candidates.filter((c) => named.some((n) => n.node === c.node));
  if (sufficient(def, new Set(all.map((c) => c.node)), wanted)) return all;
  throw new Error(`deriveAdjoint('${def.name}'): the backward step cannot be computed even when every state is saved`);
}

function* combinations<T>(from: readonly T[], size: number, start = 0): Generator<T[]> {
  if (size === 0) yield [];
  else
    for (let i = start; i <= from.length - size; i++)
      for (const rest of combinations(from, size - 1, i + 1)) yield [from[i]!, ...rest];
}

/** Whether `wanted` can be computed from these planes, the spikes, and states of the step before rebuilt from the same. */
function sufficient(def: NeuronDefinition, planes: ReadonlySet<Expr>, wanted: readonly Expr[]): boolean {
  const given = new Set<Expr>([...planes, lastSpike, ...(def.z ? [def.z] : [])]);
  const rebuilt = new Map<Expr, boolean>();
  const computable = (e: Expr, atPreviousStep: boolean): boolean => {
    if (e === lastSpike && atPreviousStep) return false;
    if (given.has(e)) return true;
    if (e === input) return false;
    const owner = def.states.find((s) => state(s) === e);
    if (owner !== undefined) {
      if (atPreviousStep) return false;
      if (!rebuilt.has(e)) rebuilt.set(e, computable(def.next[owner]!, true));
      return rebuilt.get(e)!;
    }
    return e.args.every((a) => computable(a, atPreviousStep));
  };
  return wanted.every((e) => computable(e, false));
}

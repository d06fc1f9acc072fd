import { defineNeuron, type NeuronDefinition, type ParameterSpec } from './definition.ts';
import { Expr } from './expr.ts';

/** Expressions with others in place of some of their nodes; what is put in is not entered. */
export function substitute(roots: readonly Expr[], by: ReadonlyMap<Expr, Expr>): Expr[] {
  const done = new Map<Expr, Expr>(by);
  const visit = (e: Expr): Expr => {
    const known = done.get(e);
    if (known) return known;
    const args = e.args.map(visit);
    const made = args.every((a, i) => a === e.args[i]) ? e : Expr.make(e.op, args, e.value, e.name);
    done.set(e, made);
    return made;
  };
  return roots.map(visit);
}

/** A definition with some nodes exchanged, and with what the new ones need. */
export function rewrite(
  def: NeuronDefinition,
  by: ReadonlyMap<Expr, Expr>,
  more: {
    readonly params?: Readonly<Record<string, ParameterSpec>>;
    /** Further states and their next values, made from the rewritten spike. */
    readonly states?: (z: Expr) => Readonly<Record<string, Expr>>;
  } = {},
): NeuronDefinition {
  const [v, z, ...next] = substitute([def.v, def.z ?? def.v, ...def.states.map((s) => def.next[s]!)], by) as [
    Expr,
    Expr,
  ];
  const added = more.states?.(z) ?? {};
  return defineNeuron({
    name: def.name,
    params: { ...def.params, ...more.params },
    states: [...def.states, ...Object.keys(added)],
    equations: () => ({
      next: { ...Object.fromEntries(def.states.map((s, i) => [s, (next as Expr[])[i]!])), ...added },
      z: def.z && z,
      v,
    }),
  });
}

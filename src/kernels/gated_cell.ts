import { barState } from '../neurons/adjoint.ts';
import { state } from '../neurons/definition.ts';
import { differentiate } from '../neurons/differentiate.ts';
import { type Expr, leaf, tanh, topological, written } from '../neurons/expr.ts';

/**
 * A cell with gates and without spikes as data: one time step of LSTM, GRU and the like. Forward kernel, backward kernel and
 * float64 reference all come from it.
 */
export interface GatedCell {
  readonly name: string;
  /** Identifies the equations. */
  readonly key: string;
  /** In the order of their rows in the weights. */
  readonly gates: readonly string[];
  /** The first is what the layer puts out, and what reaches every gate in the next step. */
  readonly states: readonly string[];
  /** The states after the step, over the leaves `fromInput`, `fromStates` and `state`. */
  readonly next: Readonly<Record<string, Expr>>;
  /**
   * What the forward step keeps for the backward step, a value for each gate: it takes the place of the gate's input, which
   * is not needed any more.
   */
  readonly kept: Readonly<Record<string, Expr>>;
  /** What it keeps besides; the output of the step before is always kept, first of all. */
  readonly keptBeside: readonly Expr[];
}

/** What the layer's inputs give to a gate: weights and bias included. */
export const fromInput = (gate: string): Expr => leaf(`input.${gate}`);
/** What the outputs of the step before give to a gate through the recurrent weights, with their bias if they have one. */
export const fromStates = (gate: string): Expr => leaf(`recurrent.${gate}`);

/**
 * 1/(1 + exp(-x)), by tanh: it neither overflows nor has a derivative that does, and its derivative needs no other function
 * than its value.
 */
export const logistic = (x: Expr): { readonly value: Expr; readonly kept: Expr } => {
  const kept = tanh(x.mul(0.5));
  return { value: kept.mul(0.5).add(0.5), kept };
};

/** @throws when the backward step cannot be computed from what is kept */
export function defineGated(source: Omit<GatedCell, 'key'>): GatedCell {
  const { name, gates, states, next, kept, keptBeside } = source;
  const roots = [...states.map((s) => next[s]!), ...gates.map((g) => kept[g]!), ...keptBeside];
  const cell = { ...source, key: `${name}:${written(roots)}` };
  const { input, recurrent, before } = deriveGated(cell);
  const known = new Set<Expr>([...gates.map((g) => kept[g]!), ...planesOf(cell), ...states.map(barState)]);
  const missing = topological([...input, ...recurrent, ...before], known).find((e) => e.op === 'leaf' && !known.has(e));
  if (missing) throw new Error(`defineGated('${name}'): the backward step needs '${missing.name}', which is not kept`);
  return cell;
}

/** What is kept in memory of its own, [planes][T][B][H]: first the output of the step before. */
export const planesOf = (cell: GatedCell): readonly Expr[] => [state(cell.states[0]!), ...cell.keptBeside];

/** One step backward through time; the sum over the recurrent weights is the kernel's. */
export interface GatedAdjoint {
  /** dL/d `fromInput`, by gate. */
  readonly input: readonly Expr[];
  /** dL/d `fromStates`, by gate. */
  readonly recurrent: readonly Expr[];
  /** dL/d state of the step before, as far as it does not pass through the recurrent weights. */
  readonly before: readonly Expr[];
  /** Whether `recurrent` is `input` at every gate. */
  readonly alike: boolean;
}

export function deriveGated({ gates, states, next }: GatedCell): GatedAdjoint {
  const wrt = [...gates.map(fromInput), ...gates.map(fromStates), ...states.map(state)];
  const derivatives = differentiate(
    states.map((s) => [next[s]!, barState(s)]),
    wrt,
    null,
  );
  const input = derivatives.slice(0, gates.length);
  const recurrent = derivatives.slice(gates.length, 2 * gates.length);
  return {
    input,
    recurrent,
    before: derivatives.slice(2 * gates.length),
    // equal expressions are one object
    alike: input.every((e, i) => e === recurrent[i]),
  };
}

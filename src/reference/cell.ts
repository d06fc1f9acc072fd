import type { SlotNames } from '../kernels/cell.ts';
import type { Adjoint, Penalty } from '../neurons/adjoint.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import type { Expr } from '../neurons/expr.ts';
import type { Surrogate } from '../neurons/surrogates.ts';

/** What the calls of a layer of neurons carry for their twins: the part of its plan that says what is computed, not how. */
export interface Cell {
  readonly def: NeuronDefinition;
  readonly T: number;
  readonly B: number;
  readonly N: number;
  readonly Q: number;
  /** Rows of states that are carried: all states, and the last spikes. */
  readonly carried: number;
  readonly adjoint: Adjoint | null;
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  readonly slots: SlotNames;
  readonly attrs: {
    readonly surrogate: Surrogate | null;
    readonly weight: { readonly shape: readonly number[] } | null;
    readonly extras: { readonly penalties: readonly { readonly penalty: Penalty }[] };
  };
}

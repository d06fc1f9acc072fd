import backwardText from '../../shaders/cell_backward.wgsl';
import forwardText from '../../shaders/cell_forward.wgsl';
import type { Adjoint, Penalty } from '../neurons/adjoint.ts';
import { penaltyWeight } from '../neurons/adjoint.ts';
import { type NeuronDefinition, parameter } from '../neurons/definition.ts';
import { type Expr, expr } from '../neurons/expr.ts';
import type { Surrogate } from '../neurons/surrogates.ts';
import { defineKernel } from './kernel.ts';

/** A layer of neurons forward through time; see shaders/cell_forward.wgsl. */
export const cellForward = defineKernel({
  name: 'cell_forward',
  wgsl: forwardText,
  dims: {
    T: 'u32',
    B: 'u32',
    t0: 'u32',
    t1: 'u32',
    row0: 'u32',
    rows: 'u32',
    carry_in: 'u32',
    carry_out: 'u32',
    first: 'u32',
    current_first: 'u32',
    bits_along_time: 'u32',
    surrogate_slot: 'u32',
    penalty_slot: 'u32',
  },
  storage: {
    effective: 'read',
    current: 'read',
    in_bits: 'read',
    start: 'read',
    lengths: 'read',
    trace: 'read_write',
    spikes: 'read_write',
    carry: 'read_write',
  },
});

/** Its adjoint; see shaders/cell_backward.wgsl. */
export const cellBackward = defineKernel({
  name: 'cell_backward',
  wgsl: backwardText,
  dims: {
    T: 'u32',
    B: 'u32',
    t0: 'u32',
    t1: 'u32',
    row0: 'u32',
    rows: 'u32',
    start_at: 'u32',
    last: 'u32',
    grad_record: 'u32',
    grad_first: 'u32',
    surrogate_slot: 'u32',
    penalty_slot: 'u32',
  },
  storage: {
    effective: 'read',
    grad_out: 'read',
    start: 'read',
    lengths: 'read',
    spikes: 'read',
    trace: 'read_write',
    grad_in: 'read_write',
    carry: 'read_write',
  },
});

/** Most dense inputs that a layer multiplies inside its time loop, all their weights in registers. */
export const FEW_INPUTS = 16;

/** The weighted sum of the penalties at one neuron and step. */
export const penaltySum = (def: NeuronDefinition, penalties: readonly Penalty[]): Expr =>
  penalties.reduce<Expr>((sum, p) => sum.add(penaltyWeight(p.name).mul(p.of(def.v, parameter))), expr(0));

/** Where the constants of surrogate and penalties stand among the slots. */
export interface SlotNames {
  readonly surrogate: readonly string[];
  readonly penalties: readonly string[];
}

/** What the calls of a layer of neurons carry for their twins: the part of its plan that says what is computed, not how. */
export interface CellStep {
  readonly def: NeuronDefinition;
  readonly T: number;
  readonly B: number;
  readonly N: number;
  readonly Q: number;
  /** Rows of states that are carried: all states, and the last spikes. */
  readonly carried: number;
  readonly adjoint: Adjoint | null;
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  /** Effective weights of a few dense inputs, which come in place of a current. */
  readonly dense?: { readonly inputs: number; readonly weights: number };
  /** The layer above whose dI arrives instead of dz: its neurons, and where its effective weights begin. */
  readonly above?: { readonly neurons: number; readonly weights: number };
  readonly slots: SlotNames;
  readonly attrs: {
    readonly surrogate: Surrogate | null;
    readonly weight: { readonly shape: readonly number[] } | null;
    readonly extras: { readonly penalties: readonly { readonly penalty: Penalty }[] };
  };
}

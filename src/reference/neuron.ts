import type { CellStep } from '../kernels/cell.ts';
import { input, lastSpike, parameter, state } from '../neurons/definition.ts';
import { compile, type Program } from '../neurons/evaluate.ts';
import { type Expr, leaf } from '../neurons/expr.ts';
import type { TwinCall } from './twin.ts';

/** Everything that the equations of a layer may ask for by name. */
export function leavesOf(plan: CellStep): Expr[] {
  const { def, slots } = plan;
  return [
    input,
    lastSpike,
    leaf('bar.z'),
    leaf('bar.record'),
    ...def.states.flatMap((s) => [state(s), leaf(`bar.${s}`)]),
    ...Object.keys(def.params).map(parameter),
    ...slots.surrogate.map((name) => leaf(`surrogate.${name}`)),
    ...slots.penalties.map((name) => leaf(`penalty.${name}`)),
  ];
}

/** A program over a layer's leaves and `given` nodes; the spike is always given, so none is ever computed in it. */
export function programOf(plan: CellStep, roots: readonly Expr[], given: readonly Expr[] = []): Program {
  const known = [...leavesOf(plan), ...given, ...(plan.def.z ? [plan.def.z] : [])];
  return compile(roots, known, () => Number.NaN);
}

/** Sets what is the same for all neurons of a layer: constants of surrogate and penalties. */
export function setConstants(program: Program, plan: CellStep, c: TwinCall): void {
  plan.slots.surrogate.forEach((name, i) => {
    program.set(leaf(`surrogate.${name}`), c.slot(c.dims.surrogate_slot! + i));
  });
  plan.slots.penalties.forEach((name, i) => {
    program.set(leaf(`penalty.${name}`), c.slot(c.dims.penalty_slot! + i));
  });
}

/** Sets the constants of neuron n. */
export function setNeuron(program: Program, plan: CellStep, c: TwinCall, n: number): void {
  const effective = c.of('effective');
  const first = 4 * c.constant('PARAMS');
  Object.keys(plan.def.params).forEach((name, k) => {
    program.set(parameter(name), effective[first + k * 4 * plan.Q + n]!);
  });
}

/** Valid steps of sample b. */
export function lengthOf(c: TwinCall, b: number): number {
  return c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : c.dims.T!;
}

/** The state k of sample b and neuron n before the first step; backward, before the part of time that is at hand. */
export function startOf(c: TwinCall, plan: CellStep, k: number, b: number, n: number): number {
  const from = 4 * (c.dims.start_at ?? 0);
  return c.flag('HAS_START') ? c.of('start')[from + (k * plan.B + b) * 4 * plan.Q + n]! : 0;
}

import type { CellStep } from '../kernels/cell.ts';
import { compile } from '../neurons/evaluate.ts';
import { leaf } from '../neurons/expr.ts';
import type { TwinCall } from './twin.ts';

/** What a layer puts out at one step for a distance x from the threshold. `at` is the place in spikes [T, B, N]. */
export type SpikeValue = (x: number, at: number) => number;

/** The rule of this run: a step, the surrogate's primitive, or what is imposed. */
export function spikeValue(plan: CellStep, c: TwinCall): SpikeValue {
  const test = plan.def.z?.name;
  const step = (x: number): number => ((test === '>=' ? x >= 0 : x > 0) ? 1 : 0);
  const forced = c.spikes.forced(c.call);
  if (forced) {
    const expected = plan.T * plan.B * plan.N;
    if (forced.length !== expected) {
      throw new Error(`${c.call.label}: imposed spikes must be [T, B, N] = ${expected} numbers, got ${forced.length}`);
    }
    return (x, at) => {
      c.spikes.compared(forced[at]! !== step(x), x);
      return forced[at]!;
    };
  }
  return c.spikes.smooth ? primitive(plan, c) : step;
}

function primitive(plan: CellStep, c: TwinCall): SpikeValue {
  const { surrogate } = plan.attrs;
  if (!surrogate) throw new Error(`${c.call.label}: the smooth mode needs a surrogate`);
  const x = leaf('x');
  const value = surrogate.primitive(x);
  const constants = plan.slots.surrogate.map((name) => leaf(`surrogate.${name}`));
  const program = compile([value], [x, ...constants], () => Number.NaN);
  constants.forEach((e, i) => {
    program.set(e, c.slot(c.dims.surrogate_slot! + i));
  });
  return (at) => {
    program.set(x, at);
    program.run();
    return program.get(value);
  };
}

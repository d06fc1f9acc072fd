import type { ParameterSpec } from './definition.ts';
import { detach, type Expr, expr, spike } from './expr.ts';
import type { Semantics } from './semantics.ts';
import { thresholdSpec } from './timing.ts';

/** Options of the spike and of what it does to the membrane. */
export type Firing = Pick<Semantics, 'spikeTest' | 'reset' | 'resetMoment' | 'record' | 'detachReset'>;

/** What a neuron with a reset does unless it says otherwise. */
export const FIRING: Firing = {
  spikeTest: '>',
  reset: 'subtract',
  resetMoment: 'same step',
  record: 'before reset',
  detachReset: false,
};

/** One step of a neuron that integrates, fires and is reset. */
export interface Membrane {
  /** The states on which the reset acts, as the step before left them. */
  readonly before: readonly Expr[];
  /** The spike of the step before. */
  readonly z: Expr;
  /** Leak and input. */
  readonly integrate: (states: readonly Expr[]) => readonly Expr[];
  readonly voltage: (states: readonly Expr[]) => Expr;
  /** How far v is above the threshold, in thresholds. */
  readonly distance: (v: Expr) => Expr;
  /** The states after a reset, which a spike of 1 makes and one of 0 does not. */
  readonly reset: (states: readonly Expr[], z: Expr) => readonly Expr[];
}

/** Integrates, fires and resets in the order that the options ask for. */
export function fire(
  { spikeTest, reset, resetMoment, record, detachReset }: Firing,
  { before, z, integrate, voltage, distance, reset: apply }: Membrane,
): { readonly states: readonly Expr[]; readonly z: Expr; readonly v: Expr } {
  const without = (states: readonly Expr[], spiked: Expr): readonly Expr[] =>
    reset === 'none' ? states : apply(states, detachReset ? detach(spiked) : spiked);
  const start = resetMoment === 'next step before leak' ? without(before, z) : before;
  const integrated = integrate(start);
  const compared = resetMoment === 'next step after leak' ? without(integrated, z) : integrated;
  const v = voltage(compared);
  const spiked = spike(distance(v), spikeTest);
  const after = resetMoment === 'next step after leak' ? compared : without(compared, spiked);
  return {
    states: resetMoment === 'same step' ? after : compared,
    z: spiked,
    v: record === 'before reset' ? v : voltage(after),
  };
}

/** The reset of a single voltage. */
export const resetVoltage =
  (how: Firing['reset'], param: Readonly<Record<string, Expr>>): Membrane['reset'] =>
  ([v], z) => {
    if (how === 'subtract') return [v!.sub(param.threshold!.mul(z))];
    return [how === 'zero' ? v!.mul(expr(1).sub(z)) : v!.add(param.resetTo!.sub(v!).mul(z))];
  };

/** The reset of a neuron to whose options `resetTo` belongs: a value that is given asks for a reset to it. */
export function withValue<O extends { reset?: Firing['reset'] | undefined; resetTo?: unknown }>(
  neuron: string,
  options: O,
): O {
  if (options.resetTo === undefined) return options;
  if (options.reset !== undefined && options.reset !== 'value')
    throw new Error(`${neuron}: resetTo is the value of reset 'value', got reset '${options.reset}' beside it`);
  return { ...options, reset: 'value' };
}

/** The threshold, and what the voltage is reset to if it is to a value. */
export const firingParams = (reset: Firing['reset']): Record<string, ParameterSpec> => ({
  threshold: thresholdSpec(),
  ...(reset === 'value'
    ? { resetTo: { default: 0, unit: '', min: -1e9, max: 1e9, meaning: 'voltage after a reset' } }
    : {}),
});

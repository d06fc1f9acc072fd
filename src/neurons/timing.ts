import type { ParameterSpec } from './definition.ts';

/** What every neuron needs to turn time constants into decays. */
export interface Timing {
  /** Length of a time step in ms (default 1). */
  dt?: number;
  /** e^{-dt/tau} (default), or Euler's 1 - dt/tau. */
  decay?: 'exponential' | 'euler';
}

/** A decay that float32 tells from 1. */
const SLOWEST = 1 - 2 ** -24;
/** The longest time constant, in steps, whose decay it tells from 1. */
const LONGEST = 1e7;

/** @throws unless it is a length of time */
export function stepOf(neuron: string, dt = 1): number {
  if (!(dt > 0 && Number.isFinite(dt)))
    throw new Error(`${neuron}: dt must be a finite number of ms above 0, got ${dt}`);
  return dt;
}

/** A time constant, in the range in which its decay is in [0, 1): Euler's would be negative below dt. */
export function timeConstant(timing: Timing, value: number, meaning: string): ParameterSpec {
  const { dt = 1, decay } = timing;
  const min = decay === 'euler' ? dt : 1e-3 * dt;
  return { default: Math.max(value, min), unit: 'ms', min, max: LONGEST * dt, meaning };
}

/** A decay as a parameter of its own; its default is that of the time constant `tau` (ms). */
export function decayConstant(timing: Timing, tau: number, meaning: string): ParameterSpec {
  const { dt = 1, decay } = timing;
  const value = decay === 'euler' ? Math.max(0, 1 - dt / tau) : Math.exp(-dt / tau);
  return { default: value, unit: 'per step', min: 0, max: SLOWEST, meaning };
}

/** A threshold; what divides by it stays finite. */
export const thresholdSpec = (meaning = 'firing threshold'): ParameterSpec => ({
  default: 1,
  unit: '',
  min: 1e-6,
  max: 1e9,
  meaning,
});

import type { Engine } from '../src/autograd/engine.ts';
import { steady } from '../src/check/conditioning.ts';
import { EXACT } from '../src/check/judge.ts';
import { judged, largest, measured, wrong } from '../src/check/verdict.ts';
import type { GpuDevice } from '../src/gpu/device.ts';
import { finiteDifferences } from '../test/support/finite_differences.ts';
import { ABSENT, type Combination, lossOf, nameOf, regularizerOf } from './combinations.ts';
import { gainOf, LARGE, SMALL, sizeOf, trialOf } from './trials.ts';

export type Judge = 'dual' | 'central' | 'gpu';

/** What was found out about one combination. */
export interface Finding {
  readonly name: string;
  readonly neuron: string;
  /** Worst errors by judge: dual numbers, central differences, the GPU against float64; null where one has no say. */
  readonly errors: Readonly<Record<Judge, number | null>>;
  /** Spikes that differ on the GPU, the largest |x| of those, and how many were compared. */
  readonly flips: { readonly count: number; readonly largest: number; readonly compared: number };
  /** Spikes per neuron and step. */
  readonly rate: number;
  /** What is wrong, one line each. */
  readonly problems: readonly string[];
}

/** Below this share of the loss, a derivative drowns in the rounding of the losses whose difference is taken. */
const MEASURABLE = 1e-2;

/** Checks a combination in float64, and on the GPU if there is one. */
export async function check(c: Combination, engine: Engine<GpuDevice> | null): Promise<Finding> {
  const { gain, rate } = gainOf(c);
  const { trial, loss, judgement } = await judged((seed) => trialOf(c, SMALL, gain, seed));
  const central: number[] = [];
  const problems = wrong(judgement);
  for (const { name, size, error } of differentiable(c) ? await finiteDifferences(trial.experiment) : []) {
    if (!(size > MEASURABLE * Math.abs(loss))) continue;
    central.push(error);
    if (!(error < EXACT))
      problems.push(`central differences: the gradient of ${name} is off by ${error.toExponential(1)}`);
  }
  const size = sizeOf(c);
  // an odd shape may well be silent
  const gpu =
    engine &&
    (await measured(engine, await steady((seed) => trialOf(c, size, gain, seed)), { firing: size === LARGE }));
  return {
    name: nameOf(c),
    neuron: c.neuron!,
    errors: {
      dual: largest(judgement.agreements.map((a) => a.error)),
      central: central.length > 0 ? largest(central) : null,
      gpu: gpu?.worst ?? null,
    },
    flips: gpu?.flips ?? { count: 0, largest: 0, compared: 0 },
    rate: gpu?.rate ?? rate,
    problems: [...problems, ...(gpu?.problems ?? [])],
  };
}

/** Whether loss and equations are once continuously differentiable, and the gradient is that of the smooth net. */
function differentiable(c: Combination): boolean {
  const parts = [lossOf(c), ...regularizerOf(c).parts];
  const continuous = c.surrogate !== 'boxcar' && (c.refractory === ABSENT || c.refractory === '0');
  return continuous && c.detachReset !== 'true' && parts.every((p) => p.smooth);
}

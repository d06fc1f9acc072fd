import type { Engine } from '../autograd/engine.ts';
import type { GpuDevice } from '../gpu/device.ts';
import type { Flips } from '../reference/device.ts';
import type { Twin } from '../reference/twin.ts';
import { compareWithReference, NEAR, TOLERANCE } from './compare.ts';
import { EXACT, type Judgement, judge } from './judge.ts';
import { referenceGradients } from './reference_gradients.ts';
import type { Trial } from './trial.ts';

/** The losses of naive net and reference may differ by this, relatively. */
const SAME = 1e-9;
/** Other nets of the same form that are tried where some gradient is 0 throughout. */
const TRIES = 6;
/** Shares of neurons and steps that fire; outside there is nothing to check. */
export const FIRING = { least: 0.02, most: 0.6 };

/** A trial in the smooth mode, and what the judge says of it. */
export interface Judged {
  readonly trial: Trial;
  readonly loss: number;
  readonly judgement: Judgement;
}

/**
 * Judges a trial in the smooth mode; where no gradient reaches a tensor, which chance may do, the next one of the same form.
 *
 * @param make the trial of a seed
 * @param twins others than the reference's own, to see a check fail
 */
export async function judged(make: (seed: number) => Trial, twins?: ReadonlyMap<string, Twin>): Promise<Judged> {
  for (let seed = 0; ; seed++) {
    const trial = make(seed);
    const smooth = await referenceGradients(trial, { smooth: true, ...(twins ? { twins } : {}) });
    const judgement = judge(trial, smooth);
    const unheard = judgement.agreements.some((a) => a.size === 0 && a.error === 0);
    if (!unheard || seed === TRIES) return { trial, loss: smooth.loss, judgement };
  }
}

/** What a judgement finds wrong, one line each. */
export function wrong({ value, agreements }: Judgement): string[] {
  const problems = value < SAME ? [] : [`the losses of reference and naive net differ by ${value.toExponential(1)}`];
  for (const { name, size, error } of agreements) {
    if (Number.isNaN(error)) problems.push(`the gradient of ${name} is not a number`);
    else if (!(error < EXACT))
      problems.push(`dual numbers: the gradient of ${name} is off by ${error.toExponential(1)}`);
    else if (size === 0) problems.push(`dual numbers: no gradient reaches ${name}, so there was nothing to compare`);
  }
  return problems;
}

/** What the GPU made of a trial, beside float64. */
export interface Measured {
  /** Largest difference of a tensor over its largest magnitude. */
  readonly worst: number;
  readonly flips: Flips;
  /** Spikes per neuron and step. */
  readonly rate: number;
  readonly problems: readonly string[];
}

/**
 * Runs a trial on the GPU and compares all that comes of it.
 *
 * @param options `firing` (default true): whether silent or saturated neurons, and no gradient of the weights, are a problem
 */
export async function measured(
  engine: Engine<GpuDevice>,
  trial: Trial,
  { firing = true }: { firing?: boolean } = {},
): Promise<Measured> {
  const { differences, flips, spikes } = await compareWithReference(engine, trial.experiment);
  const problems: string[] = [];
  for (const { name, relative, magnitude } of differences) {
    if (firing && magnitude === 0 && name === 'gradient of layer.weight')
      problems.push(`GPU: ${name} is 0 throughout, so there was nothing to compare`);
    if (relative < TOLERANCE) continue;
    const of = `its largest magnitude ${magnitude.toExponential(1)}`;
    problems.push(`GPU: ${name} differs by ${relative.toExponential(1)} of ${of}`);
  }
  if (flips.largest >= NEAR) problems.push(`GPU: a spike differs where |x| is ${flips.largest.toExponential(1)}`);
  const rate = flips.compared > 0 ? spikes / flips.compared : 0;
  if (firing && trial.neuron.z && !(rate > FIRING.least && rate < FIRING.most))
    problems.push(`GPU: ${(100 * rate).toFixed(1)} % of the neurons fire, too few or too many to check with`);
  return { worst: largest(differences.map((d) => d.relative)), flips, rate, problems };
}

/** The largest; NaN counts as the worst of all. */
export const largest = (errors: readonly number[]): number =>
  errors.reduce((a, b) => (Number.isNaN(b) ? Number.POSITIVE_INFINITY : Math.max(a, b)), 0);

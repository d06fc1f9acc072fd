import { naive, step, still } from './naive.ts';
import type { Trial } from './trial.ts';

/** Spikes per neuron and step with which there is something to check. */
export const LIVELY = { least: 0.05, most: 0.4, aim: 0.15 } as const;

/** How far gains are searched, in factors of two. */
const SEARCHED = 16;

/** Spikes per neuron and valid step of a trial's layer. */
export function rateOf(trial: Trial): number {
  const z = naive(trial, still, step).z.flat(2);
  return z.reduce((sum, x) => sum + x.value, 0) / Math.max(1, z.length);
}

/**
 * The factor on a layer's weights with which it fires, neither silent nor saturated: the first that does among powers of
 * two from 1 on, then of their neighbours; failing that, the one that came nearest.
 */
export function fitGain(make: (gain: number) => Trial): { gain: number; rate: number } {
  let best = { gain: 1, rate: Number.NaN };
  const distance = (rate: number): number => Math.abs(Math.log((rate + 1e-3) / LIVELY.aim));
  const better = (gain: number): boolean => {
    const rate = rateOf(make(gain));
    if (!(distance(rate) >= distance(best.rate))) best = { gain, rate };
    return best.rate >= LIVELY.least && best.rate <= LIVELY.most;
  };
  for (let i = 0; i <= SEARCHED; i++) {
    if (better(2 ** i) || (i > 0 && i < 5 && better(2 ** -i))) return best;
  }
  for (const factor of [1.4, 0.7]) if (better(best.gain * factor)) return best;
  return best;
}

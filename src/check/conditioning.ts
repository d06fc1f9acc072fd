import { parameter64 } from './float64.ts';
import { Random } from './random.ts';
import { referenceGradients } from './reference_gradients.ts';
import type { Trial } from './trial.ts';

/** What float32 may do to a parameter and to what is made of it: relative noise of this size. */
const NOISE = 3e-7;
/** How much of a gradient's largest magnitude it may then change: half of what the GPU is allowed. */
const STEADY = 5e-5;
/** Nets of one form that are tried. */
const TRIES = 8;

/**
 * The first trial of a form whose spiking gradients tell something in float32. Where a sum of large terms happens to vanish
 * almost, or every surrogate is far out on its tail, no device could be right; float64 says so without asking one.
 */
export async function steady(make: (seed: number) => Trial): Promise<Trial> {
  let best: { trial: Trial; change: number } | null = null;
  for (let seed = 0; seed < TRIES; seed++) {
    const trial = make(seed);
    const change = await sensitivity(trial);
    if (change < STEADY) return trial;
    if (!best || change < best.change) best = { trial, change };
  }
  return best!.trial;
}

/** The largest change of a gradient under noise on the parameters, over the gradient's largest magnitude. */
async function sensitivity(trial: Trial): Promise<number> {
  const noise = new Random(`${trial.facts.seed}/noise`);
  const exact = await referenceGradients(trial);
  // spikes are imposed, so that none differs
  const force = (label: string) => (label === trial.layer.label ? (exact.spikes ?? undefined) : undefined);
  const shaken = await referenceGradients(trial, { force }, (tape) => {
    for (const p of [...trial.params.values()].filter((p) => p.trainable)) {
      const values = parameter64(tape, p);
      for (let i = 0; i < values.length; i++) values[i]! *= 1 + NOISE * noise.normal();
    }
  });
  let worst = 0;
  for (const [name, values] of exact.gradients) {
    const others = shaken.gradients.get(name)!;
    const change = values.reduce((most, x, i) => Math.max(most, Math.abs(x - others[i]!)), 0);
    const magnitude = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (change > 0) worst = Math.max(worst, change / magnitude);
  }
  return worst;
}

import { onlyKnown } from '../options.ts';
import type { Frames } from './mel.ts';

export interface DeltaOptions {
  /** How far a band must move for a spike, in its own units. */
  threshold: number;
  /** Time steps from frame to frame; between frames bands move on a straight line. Default 1. */
  stepsPerFrame?: number;
}

/** Spikes as a `Dataset` of the form 'bits' takes them. */
export interface Spikes {
  steps: number;
  inputs: number;
  /** 0 and 1, shape [steps, inputs]. */
  values: Uint8Array<ArrayBuffer>;
}

/**
 * Spikes of change (level crossing, send-on-delta; Miskowicz 2006). Each band has a level, at first its first value: when
 * the band lies `threshold` or more above it, input 2 b spikes and the level rises by the threshold; as far below it,
 * input 2 b + 1 spikes and the level falls. An input spikes once a step at most, so a leap is followed up over several.
 */
export function deltaSpikes({ frames, bands, values }: Frames, options: DeltaOptions): Spikes {
  onlyKnown('deltaSpikes', options, ['threshold', 'stepsPerFrame']);
  const { threshold, stepsPerFrame = 1 } = options;
  if (!(threshold > 0 && Number.isFinite(threshold)))
    throw new Error(`deltaSpikes: threshold must be a number above 0, got ${threshold}`);
  if (!(Number.isInteger(stepsPerFrame) && stepsPerFrame > 0))
    throw new Error(`deltaSpikes: stepsPerFrame must be a whole number above 0, got ${stepsPerFrame}`);
  const [steps, inputs] = [frames * stepsPerFrame, 2 * bands];
  const out = new Uint8Array(steps * inputs);
  const level = Float64Array.from(values.subarray(0, bands));
  for (let step = 0; step < steps; step++) {
    const frame = Math.floor(step / stepsPerFrame);
    // the last frame holds until the end
    const [next, part] = [Math.min(frame + 1, frames - 1), (step % stepsPerFrame) / stepsPerFrame];
    for (let b = 0; b < bands; b++) {
      const x = values[frame * bands + b]! * (1 - part) + values[next * bands + b]! * part;
      const moved = x - level[b]!;
      if (Math.abs(moved) < threshold) continue;
      level[b]! += Math.sign(moved) * threshold;
      out[step * inputs + 2 * b + (moved > 0 ? 0 : 1)] = 1;
    }
  }
  return { steps, inputs, values: out };
}

import { BitRows } from './sample.ts';

export interface LevelCrossingOptions {
  /** Levels from 0 to 255 (default 40); the first and the last are not crossed. */
  readonly levels?: number;
  /** Steps of the cue after the last pixel, at which the answer is asked for (default 56). */
  readonly cue?: number;
}

/** Spikes of the inputs: two for each level, the last two of which are full brightness and the cue. */
export const levelCrossingInputs = ({ levels = 40 }: LevelCrossingOptions = {}): number => 2 * levels;

/**
 * Brightness over time as spikes, the encoding of sequential MNIST in Rao, Plank, Wild & Maass (2022) and Bellec et al.
 * (2018): a pixel x_t a step, levels L_i = floor(255 i / (levels - 1)). For i = 1 .. levels - 2 input 2i fires at t when
 * x_t < L_i <= x_{t+1}, input 2i + 1 when x_t >= L_i > x_{t+1}. Input 2 levels - 2 fires when x_t = 255, input
 * 2 levels - 1 at every step of the cue. Inputs 0 and 1 never fire.
 *
 * @param pixels integers 0..255, one a step
 * @returns [pixels + cue, 2 levels]
 */
export function levelCrossing(pixels: ArrayLike<number>, options: LevelCrossingOptions = {}): BitRows {
  const { levels = 40, cue = 56 } = options;
  if (!(Number.isInteger(levels) && levels >= 3))
    throw new Error(`levelCrossing: levels must be a whole number from 3 on, got ${levels}`);
  if (!(Number.isInteger(cue) && cue >= 0))
    throw new Error(`levelCrossing: cue must be a whole number of steps from 0 on, got ${cue}`);
  const reached = levelsReached(levels);
  const n = pixels.length;
  const bits = new BitRows(n + cue, 2 * levels);
  for (let t = 0; t < n; t++) {
    const [now, next] = [pixels[t] as number, pixels[Math.min(t + 1, n - 1)] as number];
    const [from, to] = [reached[now], reached[next]];
    if (from === undefined || to === undefined)
      throw new Error(`levelCrossing: pixels must be integers in 0..255, got ${from === undefined ? now : next}`);
    for (let i = from + 1; i <= to; i++) bits.set(t, 2 * i);
    for (let i = to + 1; i <= from; i++) bits.set(t, 2 * i + 1);
    if (now === 255) bits.set(t, 2 * levels - 2);
  }
  for (let t = n; t < n + cue; t++) bits.set(t, 2 * levels - 1);
  return bits;
}

/** For each brightness the highest of the levels 1 .. levels - 2 that it reaches: what is crossed lies between two of these. */
function levelsReached(levels: number): Uint32Array {
  const reached = new Uint32Array(256);
  for (let i = 1; i <= levels - 2; i++) reached.fill(i, Math.floor(i * (255 / (levels - 1))));
  return reached;
}

import { onlyKnown } from '../neurons/nearest.ts';

/**
 * A factor on the learning rate. `fit` takes one as `schedule`; a loop of one's own sets
 * `optimizer.scale = schedule(done, epoch)` before each step.
 *
 * @param done the part of the training that is done, 0 to 1
 * @param epoch whole epochs done, from 0
 */
export type Schedule = (done: number, epoch: number) => number;

/**
 * Multiplies the rate by a factor from time to time: every so many epochs, or at given epochs.
 *
 * @param options every, or at (rising); factor (0.1)
 */
export function step(options: { every?: number; at?: readonly number[]; factor?: number }): Schedule {
  onlyKnown('schedules.step', options, ['every', 'at', 'factor']);
  const { every, at, factor = 0.1 } = options;
  if ((every === undefined) === (at === undefined))
    throw new Error('schedules.step: needs either every or at, in epochs');
  if (every !== undefined && !(Number.isInteger(every) && every > 0))
    throw new Error(`schedules.step: every must be a whole number of epochs above 0, got ${every}`);
  if (at && (at.length === 0 || at.some((e, i) => !(Number.isInteger(e) && e > (at[i - 1] ?? -1)))))
    throw new Error(`schedules.step: at must be rising whole numbers of epochs, got ${JSON.stringify(at)}`);
  within('step', 'factor', factor, 0, Number.MAX_VALUE);
  return (_, epoch) => {
    if (!(epoch >= 0)) throw new Error(`schedules.step: needs the number of whole epochs done, got ${epoch}`);
    return factor ** (every ? Math.floor(epoch / every) : at!.filter((e) => epoch >= e).length);
  };
}

/**
 * Falls along half a cosine to its end (Loshchilov & Hutter, ICLR 2017, without restarts), after a linear rise if there is
 * a warm-up.
 *
 * @param options warmup, part of the training (0); start, the factor at its beginning (0); end, the last factor (0)
 */
export function cosine(options: { warmup?: number; start?: number; end?: number } = {}): Schedule {
  onlyKnown('schedules.cosine', options, ['warmup', 'start', 'end']);
  const { warmup = 0, start = 0, end = 0 } = options;
  within('cosine', 'warmup', warmup, 0, 1);
  within('cosine', 'start', start, 0, 1);
  within('cosine', 'end', end, 0, 1);
  return (done) => {
    if (done < warmup) return start + (1 - start) * (done / warmup);
    return warmup < 1 ? fall(1, end, (done - warmup) / (1 - warmup)) : 1;
  };
}

/**
 * One cycle (Smith & Topin 2018), as PyTorch's OneCycleLR with cosines: the optimiser's rate is the highest. It rises from
 * 1/initial of that, and falls to 1/(initial final). Momentum is not cycled.
 *
 * @param options peak, the part of the training done at the highest rate (0.3); initial (25); final (1e4)
 */
export function oneCycle(options: { peak?: number; initial?: number; final?: number } = {}): Schedule {
  onlyKnown('schedules.oneCycle', options, ['peak', 'initial', 'final']);
  const { peak = 0.3, initial = 25, final = 1e4 } = options;
  within('oneCycle', 'peak', peak, 0, 1);
  within('oneCycle', 'initial', initial, 1, Number.MAX_VALUE);
  within('oneCycle', 'final', final, 1, Number.MAX_VALUE);
  return (done) => {
    if (done < peak) return fall(1 / initial, 1, done / peak);
    return peak < 1 ? fall(1, 1 / (initial * final), (done - peak) / (1 - peak)) : 1;
  };
}

/** From a to b along half a cosine. */
const fall = (a: number, b: number, part: number): number =>
  b + 0.5 * (a - b) * (1 + Math.cos(Math.PI * Math.min(1, part)));

function within(owner: string, name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    const range = high === Number.MAX_VALUE ? `finite and at least ${low}` : `in ${low}..${high}`;
    throw new Error(`schedules.${owner}: ${name} must be ${range}, got ${value}`);
  }
}

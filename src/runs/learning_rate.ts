import type { Engine } from '../autograd/engine.ts';
import type { Loss } from '../autograd/loss.ts';
import { inputOf } from '../autograd/sample.ts';
import type { Sequential } from '../layers/sequential.ts';
import type { Regularizer } from '../loss/regularize.ts';
import { answersOf, type LossFunction } from '../loss/result.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { shuffled } from '../train/order.ts';
import { type BatchSource, batches, checkSource } from '../train/source.ts';

export interface LearningRateOptions {
  readonly loss: LossFunction;
  /** The rates of its groups keep their ratios. */
  readonly optimizer: Optimizer;
  /** First and last rate (1e-6 and 1); between them it grows by the same factor at every step. */
  readonly from?: number;
  readonly to?: number;
  /** Default 100. */
  readonly steps?: number;
  /** Default 32. */
  readonly batchSize?: number;
  readonly regularizers?: readonly Regularizer[];
  /** Default 0. */
  readonly seed?: number;
  readonly memory?: 'full' | 'low';
  readonly precision?: 'full' | 'half';
  readonly signal?: AbortSignal;
}

/** A point of the curve. */
export interface RatePoint {
  readonly lr: number;
  /** Of the step's batch, before its update. */
  readonly loss: number;
  /** Mean of the losses so far that forgets: exponentially, by 2 % a step. */
  readonly smoothed: number;
}

export interface LearningRates {
  readonly points: readonly RatePoint[];
  /** Where the smoothed loss falls fastest over the rate's logarithm; null when it falls nowhere. */
  readonly suggestion: number | null;
  /** For the report of `spiketape/report`: the losses over log10 of the rate. */
  readonly curve: {
    readonly title: string;
    readonly xLabel: string;
    readonly yLabel: string;
    readonly series: { name: string; points: readonly (readonly [number, number])[] }[];
  };
}

const FORGET = 0.98;
/** So many times its smallest value, the smoothed loss has exploded. */
const EXPLODED = 4;
/** Steps until the smoothed loss means something. */
const WARM = 5;

/**
 * The learning rate range test (Smith 2017, "Cyclical learning rates for training neural networks"): a training in which the
 * rate grows at every step until the loss explodes. Net and optimiser are then as they were.
 *
 * @throws when a number cannot be, or the data does not fit the net
 */
export async function findLearningRate(
  engine: Engine,
  net: Sequential,
  set: BatchSource,
  options: LearningRateOptions,
): Promise<LearningRates> {
  const owner = 'findLearningRate';
  onlyKnown(owner, options, [
    ...(['loss', 'optimizer', 'from', 'to', 'steps', 'batchSize', 'regularizers'] as const),
    ...(['seed', 'memory', 'precision', 'signal'] as const),
  ]);
  const { loss: lossOf, optimizer, from = 1e-6, to = 1, steps = 100, regularizers = [], seed = 0, signal } = options;
  const { batchSize = 32, memory = 'full', precision = 'full' } = options;
  checkSource(`${owner}: set`, set);
  if (!(from > 0 && to > from && Number.isFinite(to)))
    throw new Error(`${owner}: from and to must be rates with 0 < from < to, got ${from} and ${to}`);
  for (const [name, n] of Object.entries({ steps, batchSize }))
    if (!(Number.isInteger(n) && n > 0)) throw new Error(`${owner}: ${name} must be a whole number above 0, got ${n}`);
  if (batchSize > set.count)
    throw new Error(`${owner}: batchSize ${batchSize} is larger than the data set of ${set.count}`);
  if (!(optimizer.lr > 0)) throw new Error(`${owner}: the optimiser's lr must be above 0, got ${optimizer.lr}`);

  const arena = engine.bind(net);
  const before = await optimizer.state(arena);
  const { scale } = optimizer;
  const points: RatePoint[] = [];
  let mean = 0;
  let smallest = Number.POSITIVE_INFINITY;
  /** Whether the loss is finite and has not exploded. */
  const note = (lr: number, loss: number): boolean => {
    mean = FORGET * mean + (1 - FORGET) * loss;
    const smoothed = mean / (1 - FORGET ** (points.length + 1));
    if (!Number.isFinite(smoothed)) return false;
    points.push({ lr, loss, smoothed });
    smallest = Math.min(smallest, smoothed);
    return points.length <= WARM || smoothed <= EXPLODED * smallest;
  };
  try {
    for await (const batch of batches(owner, set, orderOf(set.count, steps * batchSize, seed), batchSize)) {
      signal?.throwIfAborted();
      const lr = from * (to / from) ** (steps > 1 ? points.length / (steps - 1) : 0);
      optimizer.scale = lr / optimizer.lr;
      const tape = engine.tape({ seed, step: points.length, memory, precision });
      const { loss } = lossOf(net.forward(inputOf(tape, batch)), answersOf(batch, lossOf), { mask: batch.mask });
      const whole = regularizers.reduce((sum, add) => sum.add(add(tape)), loss);
      whole.backward();
      await optimizer.step(tape);
      if (!note(lr, await sumOf(whole))) break;
    }
  } finally {
    optimizer.scale = scale;
    arena.push();
    optimizer.restore(arena, before);
  }
  return { points, suggestion: steepest(points), curve: curveOf(points) };
}

/** Whether it is finite or not: that ends the search, and is no error here. */
async function sumOf({ terms }: Loss): Promise<number> {
  let total = 0;
  for (const term of new Set(terms.map((t) => t.term))) total += term.sum(await term.tensor.read());
  return total;
}

/** So many samples, epoch after epoch, each shuffled. */
function orderOf(count: number, samples: number, seed: number): Uint32Array {
  const order = new Uint32Array(samples);
  for (let at = 0, epoch = 1; at < samples; at += count, epoch++)
    order.set(shuffled(count, `${seed}/epoch ${epoch}`).subarray(0, samples - at), at);
  return order;
}

function steepest(points: readonly RatePoint[]): number | null {
  let [found, slope]: [number | null, number] = [null, 0];
  for (let i = Math.max(1, WARM); i < points.length - 1; i++) {
    const [a, b] = [points[i - 1]!, points[i + 1]!];
    const here = (b.smoothed - a.smoothed) / Math.log(b.lr / a.lr);
    if (here < slope) [found, slope] = [points[i]!.lr, here];
  }
  return found;
}

function curveOf(points: readonly RatePoint[]): LearningRates['curve'] {
  const series = (name: string, of: (p: RatePoint) => number): LearningRates['curve']['series'][number] => ({
    name,
    points: points.map((p) => [Math.log10(p.lr), of(p)] as const),
  });
  return {
    title: 'Learning rate range test',
    xLabel: 'log10 of the learning rate',
    yLabel: 'loss',
    series: [series('smoothed', (p) => p.smoothed), series('of the batch', (p) => p.loss)],
  };
}

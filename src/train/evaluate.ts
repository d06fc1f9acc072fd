import type { Engine } from '../autograd/engine.ts';
import { inputOf } from '../autograd/sample.ts';
import type { Sequential } from '../layers/sequential.ts';
import { answersOf, type LossFunction } from '../loss/result.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import type { Batch } from './dataset.ts';
import { Monitor, type Score } from './monitor.ts';
import { inOrder } from './order.ts';
import { type BatchSource, batches, checkSource } from './source.ts';

export interface EvaluateOptions {
  readonly loss: LossFunction;
  /** Default 64. */
  readonly batchSize?: number;
  /** For what is random in inference, as an encoder by rate is (default 0): the same seed gives the same spikes. */
  readonly seed?: number;
  /** 'half': with the weights rounded, as `fit` trained them then (default 'full'). */
  readonly precision?: 'full' | 'half';
  readonly signal?: AbortSignal;
}

export interface Evaluation extends Score {
  /** In the order of the data set; empty for a loss that predicts no class. */
  readonly predictions: readonly number[];
  readonly labels: readonly number[];
}

/**
 * Runs a net over a data set, forward only: nothing is saved for a backward pass.
 *
 * @throws when the data does not fit the net, or a batch cannot be had
 */
export async function evaluate(
  engine: Engine,
  net: Sequential,
  set: BatchSource,
  options: EvaluateOptions,
): Promise<Evaluation> {
  onlyKnown('evaluate', options, ['loss', 'batchSize', 'seed', 'precision', 'signal']);
  const { loss: lossOf, batchSize = 64, seed = 0, precision = 'full', signal } = options;
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new Error(`evaluate: batchSize must be a whole number above 0, got ${batchSize}`);
  checkSource('evaluate: set', set);
  const monitor = new Monitor();
  let read: Promise<void> = Promise.resolve();
  let from = 0;
  for await (const batch of batches('evaluate', set, inOrder(set.count), batchSize)) {
    signal?.throwIfAborted();
    const tape = engine.tape({ seed, step: from, training: false, precision });
    from += batchSize;
    const { result } = lossOf(net.forward(inputOf(tape, batch)), answersOf(batch, lossOf), { mask: batch.mask });
    Monitor.watch(tape, result);
    await tape.run();
    // read while the next batches run, in their order
    const before = read;
    read = tape.collect().then(async (all) => {
      await before;
      for (const reports of all) monitor.add(tape, reports, validSteps(batch));
    });
    // a failure belongs to the end; until then it must not count as unhandled
    read.catch(() => undefined);
  }
  await read;
  return { ...monitor.score, predictions: monitor.predictions, labels: monitor.labels };
}

/** The number of valid steps of a batch, over all its samples. */
export function validSteps({ shape: [T, B], lengths }: Batch): number {
  return lengths ? lengths.reduce((a, b) => a + b, 0) : T * B;
}

/** counts[label][prediction] */
export function confusion(labels: readonly number[], predictions: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label];
    if (row?.[predictions[i]!] !== undefined) row[predictions[i]!]! += 1;
  });
  return counts;
}

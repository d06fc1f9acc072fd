import seedrandom from 'seedrandom';
import type { Engine } from '../autograd/engine.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Sequential } from '../layers/sequential.ts';
import type { LossFunction } from '../loss/index.ts';
import type { Regularizer } from '../loss/regularize.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Batch, Dataset } from './dataset.ts';
import { type Evaluation, evaluate, validSteps } from './evaluate.ts';
import { Monitor, type Score } from './monitor.ts';

/** Steps between two readings of the loss; the device gathers what happened in between. */
const READ_EVERY = 8;
/** Milliseconds between two calls of onProgress at least. */
const SHOW_EVERY = 100;

export interface FitOptions {
  readonly loss: LossFunction;
  readonly optimizer: Optimizer & { lr: number };
  readonly epochs: number;
  /** Default 32. The last batch of an epoch may be smaller; it is a step of its own form, compiled once and kept. */
  readonly batchSize?: number;
  readonly regularizers?: readonly Regularizer[];
  /** Evaluated after every epoch. */
  readonly validation?: Dataset;
  /** Order of the samples and everything random on the device (default 0). */
  readonly seed?: number;
  /** Factor on the learning rate, of the part of training done (0 to 1). */
  readonly schedule?: (done: number) => number;
  /** Stops after the step at hand. */
  readonly signal?: AbortSignal;
  /** Called some times a second at most, with the mean over the epoch so far. */
  readonly onProgress?: (progress: FitProgress) => void;
  readonly onEpoch?: (epoch: EpochResult) => void | Promise<void>;
}

export interface FitProgress extends Score {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
}

export interface EpochResult extends Score {
  /** From 1. */
  readonly epoch: number;
  readonly lr: number;
  readonly seconds: number;
  readonly validation: Evaluation | null;
}

export interface FitResult {
  readonly epochs: readonly EpochResult[];
  /** Whether the signal ended it. */
  readonly aborted: boolean;
}

/**
 * Trains a net. Its state starts at 0 with every batch; after every epoch the parameters on the CPU are those trained.
 *
 * @throws when the data does not fit the net, when the batch is larger than the set, or when the loss is not finite
 */
export async function fit(engine: Engine, net: Sequential, set: Dataset, options: FitOptions): Promise<FitResult> {
  const {
    loss: lossOf,
    optimizer,
    epochs,
    batchSize = 32,
    regularizers = [],
    validation,
    seed = 0,
    schedule,
    signal,
    onProgress,
    onEpoch,
  } = options;
  if (!(Number.isInteger(epochs) && epochs > 0))
    throw new Error(`fit: epochs must be a whole number above 0, got ${epochs}`);
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new Error(`fit: batchSize must be a whole number above 0, got ${batchSize}`);
  if (batchSize > set.count) throw new Error(`fit: batchSize ${batchSize} is larger than the data set of ${set.count}`);
  engine.bind(net);
  const perEpoch = Math.ceil(set.count / batchSize);
  const total = epochs * perEpoch;
  const baseRate = optimizer.lr;
  const results: EpochResult[] = [];
  let shown = 0;
  try {
    for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
      const began = performance.now();
      const order = shuffled(set.count, `${seed}/epoch ${epoch}`);
      const monitor = new Monitor();
      const readings = new Readings(monitor);
      try {
        for (let i = 0; i < perEpoch && !signal?.aborted; i++) {
          const step = (epoch - 1) * perEpoch + i;
          if (schedule) optimizer.lr = baseRate * schedule(step / total);
          const batch = set.batch(order.subarray(i * batchSize, (i + 1) * batchSize));
          const tape = engine.tape({ seed, step });
          const x = tape.input(batch.values, {
            shape: batch.shape,
            form: set.form,
            ...(batch.lengths ? { lengths: batch.lengths } : {}),
            name: 'x',
          });
          const { loss, result } = lossOf(net.forward(x), batch.labels);
          regularizers.reduce((sum, add) => sum.add(add(tape)), loss).backward();
          Monitor.watch(tape, result);
          await optimizer.step(tape);
          readings.step(tape, batch);
          const now = performance.now();
          if (onProgress && monitor.score.samples > 0 && (now - shown > SHOW_EVERY || step + 1 === total)) {
            shown = now;
            onProgress({ ...monitor.score, epoch, step: step + 1, steps: total });
          }
        }
      } catch (error) {
        // leave no report of a failed epoch behind for the next one
        await readings.done().catch(() => undefined);
        throw error;
      }
      await readings.done();
      await engine.pull(net);
      const seconds = (performance.now() - began) / 1000;
      const lr = optimizer.lr;
      const scored =
        validation && !signal?.aborted
          ? await evaluate(engine, net, validation, { loss: lossOf, ...(signal ? { signal } : {}) }).catch((error) => {
              // stopped while it was scored: the epoch itself is whole
              if (signal?.aborted) return null;
              throw error;
            })
          : null;
      const result = { ...monitor.score, epoch, lr, seconds, validation: scored };
      results.push(result);
      await onEpoch?.(result);
    }
  } finally {
    optimizer.lr = baseRate;
  }
  return { epochs: results, aborted: signal?.aborted ?? false };
}

/** Reads what steps reported while the next ones run. */
class Readings {
  readonly #pending: Promise<void>[] = [];
  /** Steps whose reports wait on the device, by the form of the step: its last tape, and the valid steps of each. */
  readonly #waiting = new Map<string, { tape: Tape; steps: number[] }>();
  #failure: unknown = null;

  constructor(readonly monitor: Monitor) {}

  /** Takes note of a step that has run. @throws what an earlier reading found wrong */
  step(tape: Tape, batch: Batch): void {
    const form = batch.shape.join();
    const waiting = this.#waiting.get(form) ?? { tape, steps: [] };
    this.#waiting.set(form, { tape, steps: [...waiting.steps, validSteps(batch)] });
    if (waiting.steps.length + 1 >= READ_EVERY) this.#read(form);
    if (this.#failure) throw this.#failure;
  }

  /** Reads what is left, so that nothing of this epoch turns up in the next. */
  async done(): Promise<void> {
    for (const form of [...this.#waiting.keys()]) this.#read(form);
    await Promise.all(this.#pending);
    if (this.#failure) throw this.#failure;
  }

  #read(form: string): void {
    const { tape, steps } = this.#waiting.get(form)!;
    this.#waiting.delete(form);
    const reading = tape.collect().then((all) => {
      all.forEach((reports, k) => this.monitor.add(tape, reports, steps[k]!));
      const { loss } = this.monitor.score;
      if (!Number.isFinite(loss))
        throw new Error(`fit: the loss is ${loss}; lower the learning rate, or look for extreme values in the data`);
    });
    this.#pending.push(
      reading.catch((error) => {
        this.#failure ??= error;
      }),
    );
  }
}

/** 0 .. count - 1 in an order that the seed decides (Fisher & Yates). */
function shuffled(count: number, seed: string): Uint32Array {
  const random = seedrandom(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

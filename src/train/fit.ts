import seedrandom from 'seedrandom';
import { Engine } from '../autograd/engine.ts';
import { withLengths } from '../autograd/ops/lengths.ts';
import { inputOf } from '../autograd/sample.ts';
import { judgeNorm } from '../diagnose/gradients.ts';
import { warningOf } from '../diagnose/watch.ts';
import { CarriedState } from '../layers/layer.ts';
import { Sequential } from '../layers/sequential.ts';
import type { Regularizer } from '../loss/regularize.ts';
import { answersOf, type LossFunction } from '../loss/result.ts';
import { described, onlyKnown } from '../neurons/nearest.ts';
import { Optimizer } from '../optim/optimizer.ts';
import type { Schedule } from '../optim/schedules.ts';
import { Dataset } from './dataset.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { Monitor, type Score } from './monitor.ts';
import { type GradientNorm, Readings } from './readings.ts';
import { type Truncation, truncation, type Window, windowsOf } from './windows.ts';

/** Milliseconds between two calls of onProgress at least. */
const SHOW_EVERY = 100;

export interface FitOptions {
  readonly loss: LossFunction;
  readonly optimizer: Optimizer;
  readonly epochs: number;
  /** Default 32. The last batch of an epoch may be smaller; it is a step of its own form, compiled once and kept. */
  readonly batchSize?: number;
  readonly regularizers?: readonly Regularizer[];
  /** Evaluated after every epoch. */
  readonly validation?: Dataset;
  /** Order of the samples and everything random on the device (default 0). */
  readonly seed?: number;
  /** Factor on all learning rates, of the part of training done (0 to 1) and the epochs done; see `schedules`. */
  readonly schedule?: Schedule;
  /**
   * Truncated backpropagation through time (Williams & Peng 1990): sequences are cut into windows of so many steps. The
   * state is carried from window to window, the gradient is not, and the parameters change after each window that has a
   * loss. `{ steps, loss }` says which have it; a window with neither loss nor regularisers only carries the state on.
   * Memory grows with the window instead of the sequence. Each window is a step of its own for everything random. Shown
   * are losses and accuracy of the windows in which samples end, and activity of all of them. A mask over time is
   * cut with the sequences. `evaluate` always runs whole sequences.
   */
  readonly truncate?: number | Truncation;
  /**
   * 'low' saves the neurons' states only now and then for the backward pass and runs the time between again: a fraction of the
   * memory for long sequences, for one more forward pass. Default 'full'.
   */
  readonly memory?: 'full' | 'low';
  /**
   * 'half' computes with weight matrices rounded to half precision, in training and validation; what is trained and saved,
   * gradients, states and sums stay float32. Default 'full'.
   */
  readonly precision?: 'full' | 'half';
  /** Stops after the step at hand. */
  readonly signal?: AbortSignal;
  /** Called some times a second at most, with the mean over the epoch so far. */
  readonly onProgress?: (progress: FitProgress) => void;
  readonly onEpoch?: (epoch: EpochResult) => void | Promise<void>;
  /**
   * Called once when most of a layer is dead or saturated, voltages have run far away, or gradients that are clipped by
   * norm are far beyond it; console.warn by default.
   */
  readonly onWarning?: (text: string) => void;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  ...(['loss', 'optimizer', 'epochs', 'batchSize', 'regularizers', 'validation', 'seed', 'schedule'] as const),
  ...(['truncate', 'memory', 'precision', 'signal', 'onProgress', 'onEpoch', 'onWarning'] as const),
];

export interface FitProgress extends Score {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
}

export interface EpochResult extends Score {
  /** From 1. */
  readonly epoch: number;
  /** Of the optimiser's first group, at the epoch's last step. */
  readonly lr: number;
  /** Norms of the gradients before clipping; null unless the optimiser clips by norm. */
  readonly gradientNorm: GradientNorm | null;
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
  kindOf('engine', engine, engine instanceof Engine, 'an Engine, as init() gives it');
  kindOf('net', net, net instanceof Sequential, 'a Sequential');
  kindOf('set', set, set instanceof Dataset, 'a Dataset');
  onlyKnown('fit', options, OPTIONS);
  const {
    loss: lossOf,
    optimizer,
    epochs,
    batchSize = 32,
    regularizers = [],
    validation,
    seed = 0,
    schedule,
    truncate,
    memory = 'full',
    precision = 'full',
    signal,
    onProgress,
    onEpoch,
    onWarning = (text) => console.warn(text),
  } = options;
  kindOf('loss', lossOf, typeof lossOf === 'function', 'a loss such as loss.crossEntropy()');
  kindOf('optimizer', optimizer, optimizer instanceof Optimizer, 'an optimiser such as new Adam()');
  if (!(Number.isInteger(epochs) && epochs > 0))
    throw new Error(`fit: epochs must be a whole number above 0, got ${epochs}`);
  if (!(Number.isInteger(batchSize) && batchSize > 0))
    throw new Error(`fit: batchSize must be a whole number above 0, got ${batchSize}`);
  if (batchSize > set.count) throw new Error(`fit: batchSize ${batchSize} is larger than the data set of ${set.count}`);
  const cut = truncation(truncate);
  engine.bind(net);
  const perEpoch = Math.ceil(set.count / batchSize);
  const total = epochs * perEpoch;
  const scale = optimizer.scale;
  const bound = optimizer.clip && 'norm' in optimizer.clip ? optimizer.clip.norm : null;
  const perStep = set.source.targets?.shape.length === 2;
  const windows = cut ? Math.ceil(set.steps / cut.steps) : 1;
  const train = async (window: Window, state: CarriedState, step: number, readings: Readings): Promise<void> => {
    const { batch, from, before, after, judged, weight } = window;
    const tape = engine.tape({ seed, step, memory, precision });
    const y = net.forward(inputOf(tape, batch), before || after ? { state } : {});
    if (cut && y.shape[0] !== batch.shape[0])
      throw new Error(
        `fit: truncate cuts the steps of the data; the net makes ${y.shape[0]} steps of ${batch.shape[0]}, so leave it out, or encode the data before`,
      );
    const part = { from, steps: set.steps, mask: batch.mask };
    const { loss, result } = lossOf(judged ? withLengths(y, judged) : y, answersOf(batch, lossOf), part);
    const learns = weight > 0 || regularizers.length > 0;
    if (learns) regularizers.reduce((sum, add) => sum.add(add(tape)), loss.scale(weight)).backward();
    Monitor.watch(tape, result);
    const norm = learns && bound !== null ? optimizer.gradientNorm(tape) : null;
    if (norm) tape.report(norm);
    await (learns ? optimizer.step(tape) : tape.run());
    readings.step(tape, window, norm);
  };
  const results: EpochResult[] = [];
  let shown = 0;
  let warned = false;
  try {
    for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
      const began = performance.now();
      const order = shuffled(set.count, `${seed}/epoch ${epoch}`);
      const monitor = new Monitor();
      const readings = new Readings(monitor);
      try {
        for (let i = 0; i < perEpoch && !signal?.aborted; i++) {
          const step = (epoch - 1) * perEpoch + i;
          if (schedule) optimizer.scale = scale * schedule(step / total, epoch - 1);
          const batch = set.batch(order.subarray(i * batchSize, (i + 1) * batchSize));
          const state = new CarriedState();
          for (const [w, window] of windowsOf(batch, cut, perStep).entries()) {
            await train(window, state, step * windows + w, readings);
          }
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
      const { gradientNorm } = readings;
      const exploding = gradientNorm && bound !== null ? judgeNorm(gradientNorm.largest, bound) : [];
      const wrong = warned ? [] : [...monitor.watch.findings(), ...exploding];
      if (wrong.length > 0) {
        warned = true;
        onWarning(warningOf(wrong));
      }
      await engine.pull(net);
      const seconds = (performance.now() - began) / 1000;
      const lr = optimizer.lr * optimizer.scale;
      const scored =
        validation && !signal?.aborted
          ? await evaluate(engine, net, validation, {
              loss: lossOf,
              seed,
              precision,
              ...(signal ? { signal } : {}),
            }).catch((error) => {
              // stopped while it was scored: the epoch itself is whole
              if (signal?.aborted) return null;
              throw error;
            })
          : null;
      const result = { ...monitor.score, epoch, lr, gradientNorm, seconds, validation: scored };
      results.push(result);
      await onEpoch?.(result);
    }
  } finally {
    optimizer.scale = scale;
  }
  return { epochs: results, aborted: signal?.aborted ?? false };
}

function kindOf(name: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new Error(`fit: ${name} must be ${expected}, got ${described(value)}`);
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

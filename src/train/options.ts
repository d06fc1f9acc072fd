import { Engine } from '../autograd/engine.ts';
import { Sequential } from '../layers/sequential.ts';
import type { Regularizer } from '../loss/regularize.ts';
import type { LossFunction } from '../loss/result.ts';
import { described, onlyKnown } from '../neurons/nearest.ts';
import { Optimizer } from '../optim/optimizer.ts';
import type { Schedule } from '../optim/schedules.ts';
import { checkEarlyStop, type EarlyStop } from './early_stop.ts';
import type { Evaluation } from './evaluate.ts';
import type { Score } from './monitor.ts';
import type { GradientNorm } from './readings.ts';
import type { Snapshot } from './snapshot.ts';
import { type BatchSource, checkSource } from './source.ts';
import { type Truncation, truncation } from './windows.ts';

/** Where snapshots go; `Checkpoints` of `spiketape/runs` keeps them as files. */
export interface Checkpointing {
  /** Seconds between two snapshots within an epoch (default 300). */
  readonly every?: number;
  /**
   * Called with a snapshot when it is time, after every epoch, when the signal aborts, and at the end; training waits for it.
   * If it fails, training ends with its error.
   */
  save(snapshot: Snapshot, why: 'time' | 'epoch' | 'abort' | 'end'): Promise<void> | void;
}

export interface FitOptions {
  readonly loss: LossFunction;
  readonly optimizer: Optimizer;
  readonly epochs: number;
  /** Default 32. The last batch of an epoch may be smaller; it is a step of its own form, compiled once and kept. */
  readonly batchSize?: number;
  readonly regularizers?: readonly Regularizer[];
  /** Evaluated after every epoch. */
  readonly validation?: BatchSource;
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
  readonly earlyStop?: EarlyStop;
  /** With it, an epoch that the signal ends is not reported: it goes on from the snapshot. */
  readonly checkpoint?: Checkpointing;
  /** Goes on from a snapshot, with the same settings: the end is the same, bit for bit, as without the interruption. */
  readonly resume?: Snapshot | null | undefined;
  /**
   * Seconds between two snapshots in memory (default 5). When the device is lost, training goes on from the last one on a new
   * device, to the same bits; the third loss without a snapshot in between ends it. 0: the first does.
   */
  readonly recover?: number;
  /** Called some times a second at most, with the mean over the epoch so far. */
  readonly onProgress?: (progress: FitProgress) => void;
  readonly onEpoch?: (epoch: EpochResult) => void | Promise<void>;
  /**
   * Called once when most of a layer is dead or saturated, voltages have run far away, or gradients that are clipped by
   * norm are far beyond it; when a device was lost, and when a snapshot is of another adapter; console.warn by default.
   */
  readonly onWarning?: (text: string) => void;
}

const OPTIONS: readonly (keyof FitOptions)[] = [
  ...(['loss', 'optimizer', 'epochs', 'batchSize', 'regularizers', 'validation', 'seed', 'schedule'] as const),
  ...(['truncate', 'memory', 'precision', 'signal', 'onProgress', 'onEpoch', 'onWarning'] as const),
  ...(['earlyStop', 'checkpoint', 'resume', 'recover'] as const),
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
  /** Those before a snapshot that it went on from, too. */
  readonly epochs: readonly EpochResult[];
  /** Whether the signal ended it. */
  readonly aborted: boolean;
  /** The best epoch and its metric; null without `earlyStop`. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
}

/** The options with their defaults. */
export type Settings = Omit<FitOptions, 'truncate'> &
  Required<
    Pick<FitOptions, 'batchSize' | 'regularizers' | 'seed' | 'memory' | 'precision' | 'recover' | 'onWarning'>
  > & {
    readonly truncate: Required<Truncation> | null;
    /** On the norm of the gradients, if the optimiser has one. */
    readonly bound: number | null;
  };

/** @throws when something cannot be: an option, the net, or a batch larger than the set */
export function settingsOf(engine: Engine, net: Sequential, set: BatchSource, options: FitOptions): Settings {
  kindOf('engine', engine, engine instanceof Engine, 'an Engine, as init() gives it');
  kindOf('net', net, net instanceof Sequential, 'a Sequential');
  checkSource('fit: set', set);
  onlyKnown('fit', options, OPTIONS);
  const { batchSize = 32, regularizers = [], seed = 0, memory = 'full', precision = 'full', recover = 5 } = options;
  const {
    onWarning = (text) => console.warn(text),
    loss,
    optimizer,
    epochs,
    validation,
    earlyStop,
    checkpoint,
  } = options;
  kindOf('loss', loss, typeof loss === 'function', 'a loss such as loss.crossEntropy()');
  kindOf('optimizer', optimizer, optimizer instanceof Optimizer, 'an optimiser such as new Adam()');
  for (const [name, n] of Object.entries({ epochs, batchSize }))
    kindOf(name, n, Number.isInteger(n) && n > 0, 'a whole number above 0');
  kindOf('recover', recover, recover >= 0, 'a number of seconds');
  if (batchSize > set.count) throw new Error(`fit: batchSize ${batchSize} is larger than the data set of ${set.count}`);
  if (validation) checkSource('fit: validation', validation);
  if (earlyStop) checkEarlyStop(earlyStop, validation);
  if (checkpoint) kindOf('checkpoint.save', checkpoint.save, typeof checkpoint.save === 'function', 'a function');
  const { clip } = optimizer;
  return {
    ...{ ...options, batchSize, regularizers, seed, memory, precision, recover, onWarning },
    truncate: truncation(options.truncate),
    bound: clip && 'norm' in clip ? clip.norm : null,
  };
}

function kindOf(name: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new Error(`fit: ${name} must be ${expected}, got ${described(value)}`);
}

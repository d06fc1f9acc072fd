import type { Sequential } from '../layers/sequential.ts';
import type { OptimizerState } from '../optim/optimizer.ts';
import type { Best } from './early_stop.ts';
import type { EpochResult, Settings } from './options.ts';
import type { Sums } from './readings.ts';
import type { BatchSource } from './source.ts';

/**
 * Everything that decides the rest of a training: `fit` goes on from one with `resume`, to the same bits on the same adapter.
 * It can be cloned and posted; `encodeSnapshot` of `spiketape/runs` makes a file of it.
 */
export interface Snapshot {
  readonly version: 1;
  /** What must be the same where it goes on. */
  readonly settings: Fingerprint;
  /** The adapter; another gives other last bits. */
  readonly adapter: string;
  /** The step to come: epoch from 1, batch in it from 0; the number of batches when the epoch is still to be scored. */
  readonly epoch: number;
  readonly batch: number;
  /** Of the epoch so far. */
  readonly seconds: number;
  readonly sums: Sums;
  /** Those that are done. */
  readonly epochs: readonly EpochResult[];
  /** By name, what is not trained too: running statistics, masks. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly optimizer: OptimizerState;
  /** Where `earlyStop` has one. */
  readonly best: Best | null;
}

/** Settings as text, by name. */
export type Fingerprint = Readonly<Record<string, string | undefined>>;

/** The settings that decide what a step does. Not the number of epochs, unless a schedule makes rates of it. */
export function fingerprint(net: Sequential, set: BatchSource, o: Settings): Fingerprint {
  const { batchSize, seed, truncate, memory, precision, regularizers, schedule, epochs, earlyStop } = o;
  const parameters = [...net.namedParameters()].map(([name, p]) => [
    `parameter ${name}`,
    `${p.shape.join(' x ')}${p.trainable ? '' : ', fixed'}`,
  ]);
  const others = {
    ...{ samples: set.count, steps: set.steps, batchSize, seed, truncate, memory, precision },
    ...{ regularizers: regularizers.length, epochs: schedule && epochs },
    earlyStop: earlyStop && (earlyStop.metric ?? 'loss'),
  };
  return Object.fromEntries([
    ...parameters,
    ['optimizer', o.optimizer.settings],
    ...Object.entries(others).map(([name, value]) => [name, JSON.stringify(value)]),
  ]);
}

/** @throws naming the first setting that differs */
export function checkSettings(saved: Fingerprint, here: Fingerprint): void {
  for (const name in { ...saved, ...here })
    if (saved[name] !== here[name])
      throw new Error(
        `fit: resume: the snapshot was made with ${name} ${saved[name] ?? '(none)'}, here it is ${here[name] ?? '(none)'}`,
      );
}

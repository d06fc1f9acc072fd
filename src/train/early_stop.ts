import { onlyKnown } from '../neurons/nearest.ts';

/** Ends training when validation no longer gets better. */
export interface EarlyStop {
  /** Epochs in a row that may be no better than the best. */
  readonly patience: number;
  /** Of the validation: 'loss' (default), which should fall, or 'accuracy', which should rise. */
  readonly metric?: 'loss' | 'accuracy';
  /** By more than this an epoch must be better than the best to count as better (default 0). */
  readonly minDelta?: number;
  /** Leaves the net with the parameters of the best epoch when training ends, early or not (default true). */
  readonly restoreBest?: boolean;
}

/** The best epoch so far. */
export interface Best {
  /** From 1. */
  readonly epoch: number;
  /** Its metric. */
  readonly value: number;
  /** What it ended with, by name. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
}

/** @throws when the option is not what it should be */
export function checkEarlyStop(option: EarlyStop, validation: unknown): void {
  const { patience, metric = 'loss', minDelta = 0 } = option;
  onlyKnown('fit: earlyStop', option, ['patience', 'metric', 'minDelta', 'restoreBest']);
  if (!validation || !(patience > 0) || !(minDelta >= 0) || !['loss', 'accuracy'].includes(metric))
    throw new Error(
      `fit: earlyStop needs validation, patience above 0 (got ${patience}), metric 'loss' or 'accuracy' (got '${metric}'), minDelta from 0 on (got ${minDelta})`,
    );
}

/** Whether a metric is better than the best so far. @throws when it is not a number */
export function isBetter(value: number, best: Best | null, { metric, minDelta = 0 }: EarlyStop): boolean {
  if (Number.isNaN(value)) throw new Error(`fit: earlyStop: the ${metric} of the validation is NaN; choose another`);
  return !best || (metric === 'accuracy' ? value - best.value : best.value - value) > minDelta;
}

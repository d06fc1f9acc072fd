import type { Engine } from 'spiketape';
import { host } from 'spiketape/host';
import { type Spread, spreadOf, spreadText } from 'spiketape/runs';
import { saveJson } from './files.ts';
import { judgedOf, percent, summaryOf } from './summary.ts';
import type { Outcome } from './task.ts';

/**
 * `summary.json` of the run: the net's, or of several all by their labels, with mean and spread.
 *
 * @param more results of the recipe's own
 */
export async function saveResults(
  engine: Engine,
  outcomes: readonly Outcome[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  // interrupted before a net was there
  if (outcomes.length === 0) host.signal.throwIfAborted();
  const all = outcomes.map((o) => summaryOf(o, engine));
  const runs = Object.fromEntries(outcomes.map((o, i) => [o.task.label, all[i]]));
  await saveJson(
    '',
    'summary.json',
    outcomes.length > 1 ? { ...more, runs, spread: spreadsOf(outcomes) } : { ...more, ...all[0] },
  );
}

/** Accuracy and firing over several seeds, as mean and standard deviation. */
export function spreadsOf(outcomes: readonly Outcome[]): { accuracy: Spread; spikeRate: Spread } {
  const judged = outcomes.map(judgedOf);
  return { accuracy: spreadOf(judged.map((e) => e.accuracy)), spikeRate: spreadOf(judged.map((e) => e.spikeRate)) };
}

/** The same in a line, where there are several. */
export function printSpreads(label: string, outcomes: readonly Outcome[]): void {
  if (outcomes.length < 2) return;
  const { accuracy, spikeRate } = spreadsOf(outcomes);
  const range = `${percent(accuracy.smallest)} .. ${percent(accuracy.largest)}`;
  const spikes = Number.isFinite(judgedOf(outcomes[0]!).voltageMin) ? `; spikes ${spreadText(spikeRate)}` : '';
  console.log(`${label}: accuracy ${spreadText(accuracy, { percent: true })}, ${range}${spikes}`);
}

/** The seeds of a run, and the folder of each: the run's own where there is one. */
export function seedsOf(args: { readonly seed: number; readonly seeds: number }): { seed: number; folder: string }[] {
  return Array.from({ length: args.seeds }, (_, i) => ({
    seed: args.seed + i,
    folder: args.seeds > 1 ? `seed-${args.seed + i}` : '',
  }));
}

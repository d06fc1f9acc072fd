import { basename } from 'node:path';
import { number } from './bar.ts';
import type { Facts, RunFolder } from './run-folder.ts';
import { settingsOf } from './settings.ts';

/** A number that says how well a run did. */
export interface Result {
  name: string;
  /** Of each net that has it; most runs have one. */
  values: number[];
}

/** What comes first is the main result. */
const MAIN = [
  /^test.*accuracy$/i,
  /^validation.*accuracy$/i,
  /^accuracy$/i,
  /^test.*bits/i,
  /bits/i,
  /^test.*loss$/i,
  /^validation.*loss$/i,
  /loss$/i,
];

/** The main result of a run: of its summary, or of its last epoch while it has none. */
export function resultOf({ parts }: RunFolder): Result | null {
  // a run that went on after its summary speaks by its newer lines
  const current = parts.map(({ name, summary, metrics }) => {
    const [told, done] = [summary?.epochs, metrics.at(-1)?.epoch];
    const stale = typeof told === 'number' && typeof done === 'number' && done > told;
    return { name, summary: stale ? null : summary };
  });
  const summaries = current.flatMap(({ summary }) => (summary ? [summary] : []));
  const last = parts.flatMap(({ metrics }) => metrics.slice(-1));
  // The run's own summary speaks for the nets below it.
  const own = current.find(({ name }) => name === '')?.summary;
  return mainOf(own ? [own] : []) ?? mainOf(summaries) ?? mainOf(last);
}

function mainOf(found: readonly Facts[]): Result | null {
  for (const pattern of MAIN) {
    for (const name of new Set(found.flatMap((facts) => Object.keys(facts)))) {
      if (!pattern.test(name)) continue;
      const values = found.map((facts) => facts[name]).filter((value) => typeof value === 'number');
      if (values.length > 0) return { name, values };
    }
  }
  return null;
}

/** A result in words, such as `test accuracy 97.2 %`. */
export function resultText(result: Result | null): string {
  if (!result) return '-';
  const [low, high] = [Math.min(...result.values), Math.max(...result.values)];
  const range =
    low === high ? valueText(result.name, low) : `${valueText(result.name, low)} .. ${valueText(result.name, high)}`;
  return `${wordsOf(result.name)} ${range}${result.values.length > 1 ? ` (${result.values.length} nets)` : ''}`;
}

/** A number as people read it: accuracies are in per cent. */
export function valueText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  return /accuracy/i.test(name) ? `${(100 * value).toFixed(1)} %` : number(value);
}

/** `testAccuracy` as `test accuracy`. */
export const wordsOf = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);

/** Epochs that a run has behind it: of its nets, the most. */
export function epochsOf({ parts }: RunFolder): number | null {
  const counts = parts.flatMap(({ metrics, summary }) =>
    metrics.length > 0 ? [lastEpoch(metrics)] : typeof summary?.epochs === 'number' ? [summary.epochs] : [],
  );
  return counts.length > 0 ? Math.max(...counts) : null;
}

function lastEpoch(metrics: readonly Facts[]): number {
  const epoch = metrics.at(-1)?.epoch;
  return typeof epoch === 'number' ? epoch : metrics.length;
}

/** The seed that the script told, or that its summary has, or that it was given. */
export function seedOf({ record, parts }: RunFolder): string {
  const seeds = new Set(parts.flatMap(({ summary }) => (summary?.seed === undefined ? [] : [String(summary.seed)])));
  const told = record?.seed ?? (seeds.size > 0 ? [...seeds].join(', ') : settingsOf(record?.args ?? []).get('seed'));
  return told === undefined ? '-' : String(told);
}

/** Script, runtime, data and the script's arguments, by name. */
export function settingsOfRun({ record }: RunFolder): Map<string, string> {
  if (!record) return new Map();
  const { script, runtime, data, args } = record;
  const own = [...settingsOf(args)].map(([name, value]): [string, string] => [`--${name}`, value]);
  return new Map([['script', basename(script)], ['runtime', runtime], ['data', data ?? 'none'], ...own]);
}

/**
 * The settings in which runs differ, in order of appearance. One that a run was not given counts as different from every
 * value; a run that nothing is known of counts for nothing.
 */
export function differing(runs: readonly RunFolder[]): string[] {
  const all = runs.filter(({ record }) => record).map(settingsOfRun);
  const names = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  return names.filter((name) => new Set(all.map((settings) => settings.get(name))).size > 1);
}

/** In the time of the reader's clock, to the minute. */
export function timeText(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).replace('T', ' ');
}

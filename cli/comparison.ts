import type { Comparison, CurvePlot, Report } from '../src/report/index.ts';
import { differing, resultOf, resultText, settingsOfRun, timeText, valueText, wordsOf } from './run-facts.ts';
import type { Facts, RunFolder } from './run-folder.ts';

/** Numbers of an epoch that are no curve. */
const NO_CURVE = new Set(['epoch', 'seconds', 'samples', 'step', 'steps']);
/** Numbers of a summary in a table that is read by people. */
const LONGEST = 48;
/** Characters of a name that has room beside a curve, with a value behind it. */
const SHORT = 14;

/** Nets of a run of which all numbers have room, and what is left of more. */
const FEW = 2;
const JUDGED = /accuracy|bits|error|loss$|rate$|^epochs$|^seconds$/i;

/** A net and what to call it. */
interface Line {
  name: string;
  metrics: readonly Facts[];
}

/** What a run is called. */
interface Name {
  /** At the end of a curve, where there is little room. */
  short: string;
  full: string;
}

/** The page that shows several runs: a plot for each number of their epochs, and a table of settings and results. */
export function comparisonOf(runs: readonly RunFolder[]): Report {
  const names = namesOf(runs);
  const lines = runs.flatMap((run, i): Line[] => {
    const trained = run.parts.filter(({ metrics }) => metrics.length > 0);
    const { short } = names[i] as Name;
    return trained.map(({ name, metrics }) => ({ name: trained.length > 1 ? `${short}, ${name}` : short, metrics }));
  });
  return {
    title: runs.length === 1 ? (names[0] as Name).full : `${runs.length} runs side by side`,
    subtitle: runs.map(({ path }) => path).join('; '),
    summary: runs.map((run, i) => ({ label: (names[i] as Name).full, value: resultText(resultOf(run)) })),
    curves: curvesOf(lines),
    comparison: tableOf(
      runs,
      names.map(({ full }) => full),
    ),
  };
}

/** By the settings in which they differ, where these are short and tell all apart; by a letter and the folder otherwise. */
function namesOf(runs: readonly RunFolder[]): Name[] {
  const settings = differing(runs);
  const bySettings = runs.map((run) => {
    const own = settingsOfRun(run);
    return settings
      .filter((name) => own.has(name))
      .map((name) => `${name.replace(/^--/, '')} ${own.get(name)}`)
      .join(', ');
  });
  if (bySettings.every((name) => name.length <= SHORT) && new Set(bySettings).size === runs.length) {
    return bySettings.map((name) => ({ short: name || 'as usual', full: name || 'as usual' }));
  }
  return runs.map(({ name }, i) => {
    const short = i < 26 ? String.fromCharCode(65 + i) : String(i + 1);
    return { short, full: `${short}: ${name}` };
  });
}

function curvesOf(lines: readonly Line[]): CurvePlot[] {
  const keys = [...new Set(lines.flatMap(({ metrics }) => metrics.flatMap((epoch) => Object.keys(epoch))))];
  return keys
    .filter((key) => !NO_CURVE.has(key))
    .map((key) => plotOf(key, lines))
    .filter(({ series }) => series.some(({ points }) => points.length > 0));
}

function plotOf(key: string, lines: readonly Line[]): CurvePlot {
  const series = lines.map(({ name, metrics }) => ({
    name,
    points: metrics.flatMap((epoch, i): [number, number][] => {
      const [x, y] = [epoch.epoch ?? i + 1, epoch[key]];
      return typeof x === 'number' && typeof y === 'number' && Number.isFinite(y) ? [[x, y]] : [];
    }),
  }));
  const words = wordsOf(key);
  return {
    title: words[0]!.toUpperCase() + words.slice(1),
    xLabel: 'epoch',
    yLabel: words,
    percent: /accuracy/i.test(key),
    // One without points keeps its place: a run has the same colour in every plot.
    series,
  };
}

function tableOf(runs: readonly RunFolder[], names: readonly string[]): Comparison {
  const crowded = runs.some(({ parts }) => parts.filter(({ summary }) => summary).length > FEW);
  // Each kind of fact together, whichever run has it.
  const kinds: ((run: RunFolder) => Iterable<[string, string]>)[] = [
    ({ status }) => [['status', status]],
    settingsOfRun,
    ({ record }) => (record ? told(record) : []),
    ({ parts }) => parts.flatMap(({ name, summary }) => results(name, summary, crowded)),
  ];
  const rows = kinds.flatMap((kind) => {
    const columns = runs.map((run) => new Map(kind(run)));
    const keys = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    return keys.map((key) => [key, ...columns.map((column) => column.get(key) ?? '-')]);
  });
  return { title: 'Settings and results', columns: ['', ...names], rows };
}

/** Of a record, what matters for its results. */
function told(record: Facts): [string, string][] {
  const { version, commit, dirty, adapter, started } = record;
  const revision = commit ? `${String(commit).slice(0, 10)}${dirty ? ', changed' : ''}` : undefined;
  return Object.entries({ started: timeText(String(started)), version, commit: revision, adapter }).flatMap(
    ([key, value]): [string, string][] => (value === undefined || value === null ? [] : [[key, String(value)]]),
  );
}

/** @param crowded only what runs are judged by: all numbers of all nets would be pages */
function results(part: string, summary: Facts | null, crowded: boolean): [string, string][] {
  return Object.entries(summary ?? {}).flatMap(([key, value]): [string, string][] => {
    if (!['number', 'string', 'boolean'].includes(typeof value) || String(value).length > LONGEST) return [];
    if (crowded && !JUDGED.test(key)) return [];
    // As the record has it.
    if (key === 'adapter' || key === 'runtime') return [];
    return [[`${part === '' ? '' : `${part}: `}${wordsOf(key)}`, valueText(key, value)]];
  });
}

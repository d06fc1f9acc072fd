import { RARE } from '../src/check/compare.ts';
import type { Finding, Judge } from './check.ts';

const JUDGES: readonly Judge[] = ['dual', 'central', 'gpu'];

/** What gradcheck.json holds. */
export interface Summary {
  readonly combinations: number;
  readonly failed: number;
  /** Worst error of each judge; null where none was measured. */
  readonly worst: Readonly<Record<Judge, number | null>>;
  /** The combination that had it. */
  readonly hardest: Readonly<Record<Judge, string | null>>;
  readonly flips: { readonly count: number; readonly compared: number; readonly largest: number };
  readonly adapter: string;
  readonly date: string;
  readonly seconds: number;
  readonly seed: number;
  readonly failures: readonly { readonly name: string; readonly problems: readonly string[] }[];
}

export function summarize(
  findings: readonly Finding[],
  about: Pick<Summary, 'adapter' | 'date' | 'seconds' | 'seed'>,
): Summary {
  const flips = addFlips(findings);
  const failures = findings.filter((f) => f.problems.length > 0).map(({ name, problems }) => ({ name, problems }));
  if (flips.count > RARE * flips.compared + 1)
    failures.push({ name: 'all', problems: [`${flips.count} of ${flips.compared} spikes differ on the GPU`] });
  const worst = worstOf(findings);
  const hardest = (judge: Judge): string | null =>
    worst[judge] === null ? null : (findings.find((f) => f.errors[judge] === worst[judge])?.name ?? null);
  return {
    combinations: findings.length,
    failed: failures.length,
    worst,
    hardest: { dual: hardest('dual'), central: hardest('central'), gpu: hardest('gpu') },
    flips,
    ...about,
    failures,
  };
}

/** One line for each neuron. */
export function table(findings: readonly Finding[]): string {
  const head = ['neuron', 'checked', 'failed', 'dual', 'central', 'GPU', 'flips', 'rate'];
  const neurons = [...new Set(findings.map((f) => f.neuron))];
  const lines = [...neurons, 'all'].map((name) => {
    const of = name === 'all' ? findings : findings.filter((f) => f.neuron === name);
    const { count, compared } = addFlips(of);
    const firing = of.filter((f) => f.rate > 0);
    const rate = firing.reduce((sum, f) => sum + f.rate, 0) / Math.max(1, firing.length);
    return [
      name,
      String(of.length),
      String(of.filter((f) => f.problems.length > 0).length),
      ...JUDGES.map((j) => scientific(worstOf(of)[j])),
      compared > 0 ? `${count} of ${compared}` : '-',
      firing.length > 0 ? `${(100 * rate).toFixed(0)} %` : '-',
    ];
  });
  const widths = head.map((h, i) => Math.max(h.length, ...lines.map((l) => l[i]!.length)));
  const print = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return [print(head), ...lines.map(print)].join('\n');
}

export function duration(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(0)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function addFlips(findings: readonly Finding[]): { count: number; compared: number; largest: number } {
  let [count, compared, largest] = [0, 0, 0];
  for (const { flips } of findings) {
    count += flips.count;
    compared += flips.compared;
    largest = Math.max(largest, flips.largest);
  }
  return { count, compared, largest };
}

function worstOf(findings: readonly Finding[]): Record<Judge, number | null> {
  const of = (judge: Judge): number | null => {
    const errors = findings.map((f) => f.errors[judge]).filter((e) => e !== null);
    return errors.length > 0 ? Math.max(...errors) : null;
  };
  return { dual: of('dual'), central: of('central'), gpu: of('gpu') };
}

const scientific = (x: number | null): string => (x === null ? '-' : x === 0 ? '0' : x.toExponential(1));

import type { Row } from './row.ts';

const HEAD = ['case', 'ours ms', 'peer', 'peer ms', 'ratio', 'dispatches', 'saved', 'compile', 'loss'];
/** Columns of text; the others are numbers. */
const TEXT = ['case', 'peer'];

/** All rows for reading: medians with quartiles, and below it what was not run or runs smaller, and why. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((r, i) => {
    const first = rows.findIndex((other) => other.name === r.name) === i;
    return [
      first ? r.name + (isSmaller(r) ? ' *' : '') : '',
      timed(r.ours_ms, r.ours_spread),
      r.peer ?? '-',
      r.peer === null ? '-' : timed(r.peer_ms, r.peer_spread),
      r.ratio === null ? '-' : number(r.ratio),
      r.dispatches === null ? '-' : String(r.dispatches),
      r.bytesSaved === null ? '-' : bytes(r.bytesSaved),
      r.compile_ms === null ? '-' : `${number(r.compile_ms)} ms`,
      r.lossMatch === null ? '-' : r.lossMatch ? 'same' : 'OTHER',
    ];
  });
  const widths = HEAD.map((h, i) => Math.max(h.length, ...lines.map((l) => l[i]!.length)));
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (TEXT.includes(HEAD[i]!) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [print(HEAD), ...lines.map(print), ...remarks(rows)].join('\n');
}

/** One row for those who wait. */
export function line(r: Row): string {
  const title = r.peer === null ? r.name : `${r.name}, ${r.peer}`;
  if (r.notRun !== null) return `${title}: not run: ${r.notRun}`;
  const peer = r.ratio === null ? '' : `, its ${timed(r.peer_ms, r.peer_spread)} ms, ${number(r.ratio)} times ours`;
  return `${title}: ours ${timed(r.ours_ms, r.ours_spread)} ms${peer}${r.smaller ? `, ${r.smaller}` : ''}`;
}

const isSmaller = (r: Row): boolean => r.smaller !== null && r.ours_ms !== null;

function remarks(rows: readonly Row[]): string[] {
  const smaller = new Set(rows.filter(isSmaller).map((r) => `* ${r.name}: ${r.smaller}`));
  const reasons = new Map<string, string[]>();
  for (const r of rows) {
    if (r.notRun === null) continue;
    const title = r.peer === null ? r.name : `${r.name} by ${r.peer}`;
    reasons.set(r.notRun, [...(reasons.get(r.notRun) ?? []), title]);
  }
  return [...smaller, ...[...reasons].map(([why, what]) => `not run: ${what.join(', ')}: ${why}`)];
}

const timed = (median: number | null, spread: readonly [number, number] | null): string =>
  median === null ? 'not run' : `${number(median)}${spread ? ` (${number(spread[0])}-${number(spread[1])})` : ''}`;

/** Three digits that count. */
const number = (x: number): string =>
  x >= 100 ? Math.round(x).toLocaleString('en-US') : Number(x.toPrecision(3)).toString();

function bytes(n: number): string {
  const [size, unit] = n >= 1e9 ? [1e9, 'GB'] : n >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  return `${(n / size).toFixed(n >= 1e3 ? 1 : 3)} ${unit}`;
}

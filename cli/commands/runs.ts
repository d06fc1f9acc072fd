import { basename, join } from 'node:path';
import { parseFlags, UsageError } from '../args.ts';
import { differing, epochsOf, resultOf, resultText, seedOf, settingsOfRun, timeText } from '../run-facts.ts';
import { isFolder, type RunFolder, readRun, readRuns } from '../run-folder.ts';

export const summary = 'lists runs with their settings and results';

export const usage = `
Usage: spiketape runs [DIR...] [--json]

One line for each run in the folders DIR, which may be runs or folders of runs; default runs/. Of the settings those are shown
in which the runs differ.

  --json  prints a JSON array instead, with all settings and summaries
`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, { json: { type: 'boolean' } });
  const runs = positionals.length === 0 ? ownRuns() : positionals.flatMap(runsIn);
  runs.sort((a, b) => ((a.record?.started ?? '') < (b.record?.started ?? '') ? -1 : 1));
  if (values.json) {
    process.stdout.write(`${JSON.stringify(runs.map(describe), null, 2)}\n`);
    return 0;
  }
  if (runs.length === 0) {
    process.stderr.write('no runs in runs/\n');
    return 0;
  }
  process.stdout.write(table(runs));
  for (const problem of runs.flatMap(({ problems }) => problems)) process.stderr.write(`${problem}\n`);
  return 0;
}

function ownRuns(): RunFolder[] {
  return isFolder('runs') ? readRuns('runs') : [];
}

/** A run, or the runs in a folder. */
function runsIn(path: string): RunFolder[] {
  try {
    return [readRun(path)];
  } catch (error) {
    if (!(error instanceof UsageError) || !isFolder(path)) throw error;
    const inside = readRuns(path);
    if (inside.length === 0) throw error;
    return inside;
  }
}

function table(runs: readonly RunFolder[]): string {
  // The script has a column of its own.
  const settings = differing(runs).filter((name) => name !== 'script' && name !== '--seed');
  const rows = runs.map((run) => {
    const own = settingsOfRun(run);
    const shown = settings.filter((name) => own.has(name)).map((name) => settingText(name, own.get(name) as string));
    return [
      run.name,
      run.record ? basename(run.record.script) : '-',
      run.record ? timeText(run.record.started) : '-',
      statusText(run),
      String(epochsOf(run) ?? '-'),
      resultText(resultOf(run)),
      seedOf(run),
      shown.join(' '),
    ];
  });
  const head = ['run', 'script', 'started', 'status', 'epochs', 'result', 'seed', 'differing settings'];
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 4 ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}

function settingText(name: string, value: string): string {
  if (!name.startsWith('--')) return `${name} ${value}`;
  return value === 'yes' ? name : `${name} ${value}`;
}

function statusText({ status, record, problems }: RunFolder): string {
  if (!record && problems.length > 0) return 'damaged';
  return status === 'failed' ? `failed (${record?.exitCode ?? '?'})` : status;
}

function describe(run: RunFolder): object {
  const { path, name, record, status, parts, problems } = run;
  return {
    name,
    path,
    status,
    epochs: epochsOf(run),
    result: resultOf(run),
    record,
    summaries: Object.fromEntries(parts.map((part) => [join(part.name, 'summary.json'), part.summary])),
    problems,
  };
}

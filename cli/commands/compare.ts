import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderReport } from '../../src/report/index.ts';
import { parseFlags, UsageError } from '../args.ts';
import { comparisonOf } from '../comparison.ts';
import { isFolder, readRun } from '../run-folder.ts';
import { writeWhole } from '../whole.ts';
import { inWords } from '../words.ts';

export const summary = 'shows several runs in one page';

export const usage = `
Usage: spiketape compare RUN RUN... [--out FILE]

Writes a page with the curves of the runs in these folders, and a table of their settings and results.

  --out FILE  where to; default compare.html beside the first run
`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, { out: { type: 'string', value: 'FILE' } });
  if (positionals.length === 0) {
    throw new UsageError('compare: the runs are missing: spiketape compare runs/<time> runs/<time>');
  }
  const runs = positionals.map((path) => readRun(path));
  const file = (values.out as string | undefined) ?? join(dirname(positionals[0] as string), 'compare.html');
  if (isFolder(file)) throw new UsageError(`--out: ${file} is a folder, not a file`);
  for (const problem of runs.flatMap(({ problems }) => problems)) process.stderr.write(`${problem}\n`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeWhole(file, renderReport(comparisonOf(runs)));
  } catch (error) {
    process.stderr.write(`spiketape: ${inWords(error, file).message}\n`);
    return 1;
  }
  process.stdout.write(`${file}\n`);
  return 0;
}

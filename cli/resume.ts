import { existsSync, realpathSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { UsageError } from './args.ts';
import type { RunRecord } from './record.ts';
import { isFolder, isRunning, placeOf, readRuns, recordOf } from './run-folder.ts';
import { settingsOf } from './settings.ts';

/** What was given on the command line; null and undefined: nothing. */
export interface Given {
  script: string | undefined;
  data: string | null;
  runtime: 'chrome' | 'node' | null;
  args: readonly string[] | null;
}

/** An earlier run, and what it was given. */
export interface Earlier {
  folder: string;
  record: RunRecord;
  script: string;
  data: string | null;
  runtime: 'chrome' | 'node';
  args: readonly string[];
}

/**
 * The run that is to go on.
 *
 * @param folder of the run; null for the newest one in `runs/`, of the script where one is given
 * @throws UsageError when there is none, when it is still running, or when it was given something else
 */
export function resumable(folder: string | null, given: Given): Earlier {
  const found = folder ?? newestOf(given.script);
  const record = named('--resume', () => recordOf(found));
  if (isRunning(record)) throw new UsageError(`--resume: ${found} is still running (process ${record.process?.pid})`);
  if (record.task === 'eval')
    throw new UsageError(`--resume: ${found} is an evaluation, which has nothing to go on with`);
  const script = scriptOf(found, record);
  if (given.script !== undefined && real(given.script) !== real(script)) {
    throw new UsageError(`--resume: ${found} is a run of ${script}, and ${given.script} came`);
  }
  if (given.args) refuseOthers(record.args, given.args);
  const { args } = record;
  return {
    folder: found,
    record,
    script,
    args,
    data: dataOf(found, record, given.data),
    runtime: given.runtime ?? record.runtime,
  };
}

/** The script of a run, where it is now, as seen from here. */
export function scriptOf(folder: string, record: RunRecord): string {
  const script = placeOf(folder, record, record.script);
  if (!existsSync(script)) {
    throw new UsageError(`${folder}: its script is not there any more: ${script}`);
  }
  return relative(process.cwd(), script) || script;
}

/** The data folder of a run: the one that is given now, or its own. */
export function dataOf(folder: string, record: RunRecord, given: string | null): string | null {
  const own = record.data === null ? null : placeOf(folder, record, record.data);
  if (own === null || !isFolder(own)) {
    if (own !== null && given === null) {
      throw new UsageError(`${folder}: its data folder is not there any more: ${own}; name another with --data DIR`);
    }
    return given;
  }
  if (given !== null && real(given) !== real(own)) {
    throw new UsageError(`--data: the run had ${own}, and ${given} came`);
  }
  return given ?? (relative(process.cwd(), own) || '.');
}

/** Puts the option's name before the words of a UsageError. */
export function named<T>(option: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${option}: ${error.message}`);
    throw error;
  }
}

/** The newest run in `runs/` that is not finished, otherwise the newest, of any script or of this one. */
function newestOf(script: string | undefined): string {
  const runs = isFolder('runs') ? readRuns('runs') : [];
  const fitting = runs.filter(({ path, record }) => {
    if (!record || record.task === 'eval') return false;
    return script === undefined || real(placeOf(path, record, record.script)) === real(script);
  });
  const byAge = fitting.sort((a, b) => ((a.record?.started ?? '') < (b.record?.started ?? '') ? 1 : -1));
  const newest = byAge.find(({ status }) => status !== 'finished') ?? byAge[0];
  if (newest) return newest.path;
  throw new UsageError(`--resume: there is no run${script === undefined ? '' : ` of ${script}`} in runs/`);
}

/** Arguments that are given again must be those of the run: with others, it would not be the same run. */
function refuseOthers(before: readonly string[], now: readonly string[]): void {
  const [had, came] = [settingsOf(before), settingsOf(now)];
  for (const [name, value] of came) {
    const earlier = had.get(name);
    if (earlier === value) continue;
    const own = earlier === undefined ? `no --${name}` : `--${name} ${earlier}`;
    throw new UsageError(`--resume: the run had ${own}, and --${name} ${value} came`);
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

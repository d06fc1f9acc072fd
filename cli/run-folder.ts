import { existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UsageError } from './args.ts';
import { birthOf, isAlive } from './process.ts';
import { RECORD, type RunRecord, type RunStatus } from './record.ts';

/** A flat object of results or of an epoch. */
export type Facts = Record<string, unknown>;

/** What one net of a run left: most runs have one, in the folder itself; some have several, in folders below. */
export interface RunPart {
  /** Folder below the run's; '' for the run's own. */
  name: string;
  summary: Facts | null;
  /** The lines of `metrics.jsonl`. */
  metrics: Facts[];
}

/** A run as its folder tells it. */
export interface RunFolder {
  /** As it is shown. */
  path: string;
  name: string;
  /** Null in a folder from elsewhere, or when it cannot be read. */
  record: (RunRecord & Facts) | null;
  status: RunStatus | 'unknown';
  parts: RunPart[];
  /** What could not be read, in words. */
  problems: string[];
}

/** Folders of a run that hold other things than its nets. */
const APART = new Set(['checkpoints', 'eval']);
const DEPTH = 2;

/** @throws UsageError when nothing there is of a run */
export function readRun(path: string): RunFolder {
  if (!isFolder(path)) throw new UsageError(`there is no folder ${path}`);
  const problems: string[] = [];
  const record = readRecord(path, problems);
  const parts = partsOf(path, '', DEPTH, problems);
  // Without a record, what lies in folders below are runs of their own.
  if (!record && problems.length === 0 && parts[0]?.name !== '') {
    throw new UsageError(`${path} is no run: it has neither ${RECORD} nor summary.json nor metrics.jsonl`);
  }
  return { path, name: basename(resolve(path)), record, status: statusOf(record), parts, problems };
}

/** The runs in a folder; what is there besides is passed over. */
export function readRuns(folder: string): RunFolder[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      try {
        return [readRun(join(folder, entry.name))];
      } catch (error) {
        if (error instanceof UsageError) return [];
        throw error;
      }
    });
}

/** The record alone, of a folder that is to be a run that was made by `spiketape run`. */
export function recordOf(path: string): RunRecord & Facts {
  if (!isFolder(path)) throw new UsageError(`there is no folder ${path}`);
  const problems: string[] = [];
  const record = readRecord(path, problems);
  if (!record) throw new UsageError(problems[0] ?? `${path} is no run: it has no ${RECORD}`);
  return record;
}

/** A path of a record, where it is now. */
export const placeOf = (run: string, { directory }: RunRecord, path: string): string => resolve(run, directory, path);

/** Whether the process that writes there is still at work. */
export function isRunning(record: RunRecord): boolean {
  const { status, process: writer } = record;
  return status === 'running' && writer !== undefined && isAlive(writer.pid) && birthOf(writer.pid) === writer.birth;
}

function statusOf(record: RunRecord | null): RunStatus | 'unknown' {
  if (!record) return 'unknown';
  // A run that was killed could not say so.
  return record.status === 'running' && !isRunning(record) ? 'interrupted' : record.status;
}

function readRecord(path: string, problems: string[]): (RunRecord & Facts) | null {
  const file = join(path, RECORD);
  const value = readJson(file, problems);
  if (value === undefined) return null;
  const record = value as Partial<RunRecord> & Facts;
  const wrong = (['script', 'directory', 'started', 'status'] as const).find((key) => typeof record[key] !== 'string');
  if (wrong || !Array.isArray(record.args)) {
    problems.push(`${file}: '${wrong ?? 'args'}' is missing; was this written by spiketape run?`);
    return null;
  }
  return record as RunRecord & Facts;
}

function partsOf(path: string, name: string, depth: number, problems: string[]): RunPart[] {
  const here = name === '' ? path : join(path, name);
  const summary = (readJson(join(here, 'summary.json'), problems) ?? null) as Facts | null;
  const metrics = readLines(join(here, 'metrics.jsonl'), problems);
  const own = summary || metrics.length > 0 ? [{ name, summary, metrics }] : [];
  if (depth === 0) return own;
  const below = readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !APART.has(entry.name))
    .filter((entry) => !existsSync(join(here, entry.name, RECORD)))
    .map((entry) => entry.name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return [...own, ...below.flatMap((n) => partsOf(path, name === '' ? n : `${name}/${n}`, depth - 1, problems))];
}

/** An object; undefined when there is no such file, or none that can be read. */
function readJson(file: string, problems: string[]): object | undefined {
  const text = readText(file, problems);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    problems.push(`${file}: expected a JSON object`);
  } catch (error) {
    problems.push(`${file}: not JSON: ${(error as Error).message}`);
  }
  return undefined;
}

function readLines(file: string, problems: string[]): Facts[] {
  const lines = (readText(file, problems) ?? '').split('\n');
  const found: Facts[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null) throw new Error('expected an object');
      found.push(value as Facts);
    } catch (error) {
      problems.push(`${file}: line ${i + 1}: not JSON: ${(error as Error).message}`);
    }
  }
  return found;
}

function readText(file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`${file}: ${(error as Error).message}`);
    return undefined;
  }
}

export const isFolder = (path: string): boolean => kindOf(path)?.isDirectory() === true;
export const isFile = (path: string): boolean => kindOf(path)?.isFile() === true;

/** Null where nothing is, also below something that is no folder. */
function kindOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { thisPackage } from './package.ts';
import { Refusal } from './paths.ts';
import { birthOf } from './process.ts';
import { writeWhole } from './whole.ts';

/** The file of a run's folder that says what the run was. */
export const RECORD = 'run.json';

export type RunStatus = 'running' | 'finished' | 'interrupted' | 'failed';

/** What the runner itself writes into `run.json`; what the script says by `host.describe` stands beside it. */
export interface RunRecord {
  /** As they were typed, relative to `directory`. */
  script: string;
  data: string | null;
  /** Where the run was started, relative to the run's folder. */
  directory: string;
  args: readonly string[];
  runtime: 'chrome' | 'node';
  task: 'train' | 'eval';
  /** Of spiketape. */
  version: string;
  node: string;
  platform: string;
  /** Of the repository that holds the script, and whether anything there differed from it; null without one. */
  commit: string | null;
  dirty: boolean | null;
  started: string;
  /** Each time it went on. */
  resumed?: readonly { at: string; runtime: string; version: string; commit: string | null; dirty: boolean | null }[];
  ended?: string;
  status: RunStatus;
  exitCode?: number;
  /** While it runs: who writes here. */
  process?: { pid: number; birth: string };
}

/** Names that `host.describe` may not set. */
const OWN = new Set<string>([
  ...['script', 'data', 'directory', 'args', 'runtime', 'task', 'version', 'node', 'platform', 'commit', 'dirty'],
  ...['started', 'resumed', 'ended', 'status', 'exitCode', 'process'],
]);

export interface RecordRequest {
  script: string;
  data: string | null;
  args: readonly string[];
  runtime: 'chrome' | 'node';
  task: 'train' | 'eval';
  /** The record of the run that goes on; null for a new one. */
  earlier: RunRecord | null;
}

/** Keeps a run's `run.json`, from its first save to its end. */
export class Recorder {
  private readonly request: RecordRequest;
  private readonly started = new Date().toISOString();
  private facts: Record<string, unknown> = {};
  private folder: string | undefined;
  private record: RunRecord | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(request: RecordRequest) {
    this.request = request;
  }

  /** The run has a folder now. */
  async begin(folder: string): Promise<void> {
    const { script, data, args, runtime, task, earlier } = this.request;
    const version = versionOf(thisPackage().root);
    const { commit, dirty } = await revisionOf(dirname(resolve(script)));
    const writer = { pid: process.pid, birth: birthOf(process.pid) };
    if (earlier) {
      const { ended: _, exitCode: __, ...rest } = earlier;
      const resumed = [...(earlier.resumed ?? []), { at: this.started, runtime, version, commit, dirty }];
      const place = { script, data, directory: placeOf(folder) };
      this.record = { ...rest, ...place, resumed, status: 'running', process: writer };
    } else {
      this.record = {
        script,
        args: [...args],
        data,
        directory: placeOf(folder),
        runtime,
        task,
        version,
        commit,
        dirty,
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        started: this.started,
        status: 'running',
        process: writer,
      };
    }
    this.folder = folder;
    await this.write();
  }

  /** Adds what a script says of its run. */
  async describe(facts: Record<string, unknown>): Promise<void> {
    const taken = Object.keys(facts).find((name) => OWN.has(name));
    if (taken) throw new Refusal(400, `'${taken}' is what the runner itself writes; choose another name`);
    this.facts = { ...this.facts, ...facts };
    if (this.record) await this.write();
  }

  /** The run is over. */
  async end(status: RunStatus, exitCode: number): Promise<void> {
    if (!this.record) return;
    const { process: _, ...rest } = this.record;
    this.record = { ...rest, status, exitCode, ended: new Date().toISOString() };
    await this.write();
  }

  /** One after the other, each with what is known by then. */
  private write(): Promise<void> {
    const next = this.writing.then(() =>
      writeWhole(join(this.folder!, RECORD), `${JSON.stringify({ ...this.record, ...this.facts }, null, 2)}\n`),
    );
    this.writing = next.catch(() => {});
    return next;
  }
}

/** The working directory as the run's folder sees it: a project may be moved as a whole. */
const placeOf = (folder: string): string => relative(resolve(folder), process.cwd()).replaceAll('\\', '/') || '.';

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

/** What git knows of a folder; nulls where there is no git, or no repository. */
async function revisionOf(folder: string): Promise<{ commit: string | null; dirty: boolean | null }> {
  const git = async (...args: string[]): Promise<string | null> => {
    try {
      // Looking must not take the repository's lock, nor wait for long.
      const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
      const options = { cwd: folder, env, timeout: 5000, maxBuffer: 1 << 26 };
      return (await promisify(execFile)('git', args, options)).stdout.trim();
    } catch {
      return null;
    }
  };
  const [commit, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain')]);
  return { commit, dirty: commit === null || changes === null ? null : changes !== '' };
}

import { type ChildProcess, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(repository, 'bin', 'spiketape.mjs');

/** A folder for one test with these files in it. */
export function folderWith(files: Record<string, string> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spiketape-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command at work. */
export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves when stdout and stderr together hold this text; rejects when the command ends without it. */
  says(text: string): Promise<void>;
}

export function start(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string | undefined> = {},
): Running {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  let listener = () => {};
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      listener();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...said }));
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      listener = () => {
        if ((said.stdout + said.stderr).includes(text)) resolve();
      };
      listener();
      void finished.then(() => reject(new Error(`ended without '${text}':\n${said.stdout}\n${said.stderr}`)));
    });
  return { child, finished, says };
}

/** Starts `spiketape` with these arguments. */
export function startTool(args: readonly string[], cwd: string, env: Record<string, string | undefined> = {}): Running {
  return start(process.execPath, [bin, ...args], cwd, env);
}

/** Runs `spiketape` to its end. */
export function tool(
  args: readonly string[],
  cwd: string,
  env?: Record<string, string | undefined>,
): Promise<Finished> {
  return startTool(args, cwd, env).finished;
}

/** Every file below a folder, relative, sorted. */
export function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(folder, name)).isFile()).sort();
}

export const read = (...parts: string[]): string => readFileSync(join(...parts), 'utf8');

/** Process ids whose command line holds this text (Linux). */
export function processesWith(text: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return read('/proc', name, 'cmdline').includes(text) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Waits until the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited 10 s for this in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

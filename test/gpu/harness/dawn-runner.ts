import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dawnEnvironment } from '../../../cli/dawn.ts';
import { stackMapper } from '../../../cli/stack.ts';
import { type Bundle, bundleCases, caseFiles, root } from './bundle.ts';
import type { Outcome } from './case.ts';
import { type CaseRunner, failed, failure, Gone, withTimeout } from './runner.ts';

type Reply = { ready?: true; log?: string; result?: unknown };

/** What Dawn says on every start. */
const noise = /artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit/;

/**
 * Runs cases on Dawn in a child process. One child serves all cases; a case that fails, hangs or brings the process
 * down leaves a new child to the cases after it.
 */
export function dawnRunner(options: { files?: readonly string[] } = {}): CaseRunner {
  let bundle: Promise<{ bundle: Bundle; file: string }> | undefined;
  let child: Promise<ChildProcess> | undefined;
  let lines: string[] = [];

  async function write(): Promise<{ bundle: Bundle; file: string }> {
    // Under node_modules, so that the bundle finds the package `webgpu` as any source would.
    const folder = join(root, 'node_modules/.cache/spiketape');
    const made = await bundleCases('dawn', options.files ?? caseFiles());
    await mkdir(folder, { recursive: true });
    const file = join(folder, `gpu-cases-${process.pid}-dawn.mjs`);
    await writeFile(file, made.code);
    return { bundle: made, file };
  }

  async function start(): Promise<ChildProcess> {
    bundle ??= write();
    const { file } = await bundle;
    const started = fork(file, [], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: dawnEnvironment(),
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.split('\n').filter((line) => line !== '' && !noise.test(line)));
      });
    }
    await withTimeout(
      reply(started, (message) => message.ready),
      30_000,
      'starting Dawn',
    ).catch((error: Error) => {
      started.kill('SIGKILL');
      throw failure('Error', error.message, '', lines);
    });
    return started;
  }

  function reply<T>(from: ChildProcess, pick: (message: Reply) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: Reply): void => {
        if (message.log !== undefined) lines.push(message.log);
        const value = pick(message);
        if (value === undefined) return;
        stop();
        resolve(value);
      };
      // 'close' comes after the last of stdout and stderr, 'exit' before.
      const onClose = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Gone(`the Dawn process ended with ${signal ?? `exit code ${code}`}`));
      };
      const stop = (): void => {
        from.off('message', onMessage);
        from.off('close', onClose);
      };
      from.on('message', onMessage);
      from.on('close', onClose);
    });
  }

  async function ask<T>(request: { name?: string }, timeout: number, what: string): Promise<T> {
    child ??= start();
    const current = await child.catch((error: unknown) => {
      child = undefined;
      throw error;
    });
    try {
      const answer = reply(current, (message) => (message.result === undefined ? undefined : (message.result as T)));
      current.send(request);
      return await withTimeout(answer, timeout, what);
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  async function dispose(): Promise<void> {
    const current = await child?.catch(() => undefined);
    child = undefined;
    current?.kill('SIGKILL');
  }

  return {
    async adapter() {
      const info = await ask<string>({}, 30_000, 'asking for an adapter');
      if (info === '') throw new Error('Dawn gives no WebGPU adapter: requestAdapter() gave null');
      return info;
    },

    async run(name, timeout) {
      lines = [];
      let outcome: Outcome;
      try {
        outcome = await ask<Outcome>({ name }, timeout, `the case "${name}"`);
      } catch (error) {
        if (error instanceof Gone) throw failure('Error', error.message, '', lines);
        throw error;
      }
      if (outcome.ok) return outcome.logs;
      await dispose();
      const { file, bundle: made } = await bundle!;
      throw failed(outcome, lines, stackMapper([pathToFileURL(file).href, file], made.map));
    },

    async close() {
      await dispose();
      const written = await bundle?.catch(() => undefined);
      if (written) await rm(written.file, { force: true });
    },
  };
}

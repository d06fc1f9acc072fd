import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HostMessage } from '../src/host/types.ts';
import { dawnEnvironment } from './dawn.ts';
import type { ChildMessage } from './node-child.ts';
import { thisPackage } from './package.ts';
import { type Outcome, receiver, type Session, type SessionOptions } from './session.ts';
import { makeTemporary, removeTemporary } from './temporary.ts';

/** Dawn says this of every adapter that has more than it uses; nobody can do anything about it. */
const DAWN_NOISE = /^Warning: \w+ artificially reduced from .*\n/gm;

/** Runs a script in a Node process of its own, with Dawn: a crash of the GPU's driver takes only that one along. */
export async function openNode(options: SessionOptions & { script: string }): Promise<Session> {
  const { bundle, config, script, onMessage, onOutput, onAddress } = options;
  const folder = await makeTemporary('node');
  const file = join(folder, 'script.mjs');
  writeFileSync(file, bundle.code);
  onAddress(pathToFileURL(file).href);
  onAddress(file);

  const child = spawn(process.execPath, [...process.execArgv, thisPackage().bin, '__node'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: dawnEnvironment(),
  });
  const ended = new Promise<Outcome>((resolve) => {
    const receive = receiver(onMessage, resolve);
    child.on('message', (message) => receive(message as HostMessage));
    child.on('error', (error) => resolve({ kind: 'broken', message: `Node could not be started: ${error.message}` }));
    // 'close' comes after the last output, and messages still on their way come before 'disconnect'.
    void Promise.all([once(child, 'close'), once(child, 'disconnect')]).then(() => {
      const { exitCode, signalCode } = child;
      if (exitCode !== null) resolve({ kind: 'exited', code: exitCode });
      else resolve({ kind: 'broken', message: `the script's process was ended by ${signalCode}` });
    });
  });
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      const kept = text.replace(DAWN_NOISE, '');
      if (kept !== '') onOutput(name, kept);
    });
  }
  const tell = (message: ChildMessage) => {
    if (child.connected) child.send(message, () => {});
  };
  tell({ type: 'start', config, script, file });
  return {
    ended,
    abort: () => tell({ type: 'abort' }),
    async close() {
      // Not asked nicely: what it had to say is said, and Dawn's way out is not always a clean one.
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        const gone = once(child, 'close');
        child.kill('SIGKILL');
        await gone;
      }
      await removeTemporary(folder);
    },
  };
}

const once = (child: ChildProcess, event: string) => new Promise<void>((resolve) => child.once(event, () => resolve()));

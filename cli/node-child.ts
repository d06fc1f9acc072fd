import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { connectHost } from '../src/host/connect.ts';
import type { HostConfig, HostMessage } from '../src/host/types.ts';
import { installDawn } from './dawn.ts';
import { installTuningStore } from './tuning.ts';

/** What the runner tells its child. */
export type ChildMessage = { type: 'start'; config: HostConfig; script: string; file: string } | { type: 'abort' };

/** The process in which a script runs under `--runtime node`. Lives until the runner ends it or is gone. */
export function runChild(): Promise<number> {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole group; what to do about it is the runner's decision.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const send = (message: HostMessage) => void process.send?.(message);
  let abort = () => {};
  process.on('message', (message: ChildMessage) => {
    if (message.type === 'abort') return abort();
    const { config, script, file } = message;
    const run = connectHost(config, send);
    abort = run.abort;
    process.on('uncaughtException', run.fail);
    process.on('unhandledRejection', run.fail);
    // CommonJS packages in the bundle ask for Node's own modules this way.
    Object.assign(globalThis, { require: createRequire(script) });
    void run.start(async () => {
      installTuningStore();
      await installDawn();
      await import(pathToFileURL(file).href);
    });
  });
  return new Promise(() => {});
}

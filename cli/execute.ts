import { basename, resolve } from 'node:path';
import { bundleScript, CompileError } from './bundle.ts';
import { openChrome } from './chrome.ts';
import { Downloads } from './download.ts';
import { watchInterrupts } from './interrupt.ts';
import { openNode } from './node-runtime.ts';
import { Output } from './output.ts';
import { Recorder, type RunRecord } from './record.ts';
import { startServer } from './server.ts';
import type { Outcome, Session, SessionOptions } from './session.ts';
import { stackMapper } from './stack.ts';
import { Terminal } from './terminal.ts';

/** A script to be run, and with what. */
export interface Request {
  script: string;
  runtime: 'chrome' | 'node';
  headed: boolean;
  json: boolean;
  /** Where files go; null for `runs/<time>/`. */
  out: string | null;
  data: string | null;
  args: readonly string[];
  offline: boolean;
  /** Whether the run's folder gets its run.json. */
  record: boolean;
  /** The record of the run that goes on in `out`; null for a new one. */
  earlier: RunRecord | null;
  /** The run that is to be scored, and on what; null where one is to be made. */
  evaluate: { run: string; part: 'test' | 'validation' } | null;
}

/** Runs a script to its end; the exit code. */
export async function execute(request: Request): Promise<number> {
  // a terminal that is gone, or a pipe that is closed, must not end a run before it has saved
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const terminal = new Terminal({ json: request.json });
  const code = await attempt(request, terminal);
  terminal.exit(code);
  return code;
}

async function attempt(request: Request, terminal: Terminal): Promise<number> {
  const { script, runtime } = request;
  let session: Session | undefined;
  const interrupts = watchInterrupts(() => {
    // Before the script is there, nothing can be saved.
    if (!session) return interrupts.force();
    terminal.notice('stopping; once more to stop at once');
    session.abort();
  });
  try {
    const bundle = await bundleScript(script, runtime, !request.json && process.stderr.isTTY === true);
    const addresses: string[] = [];
    let mapped: ((text: string) => string) | undefined;
    const map = (text: string) => {
      mapped ??= stackMapper(addresses, bundle.map);
      return mapped(text);
    };
    const { server, recorder, config } = await prepare(request, terminal);
    const options: SessionOptions = {
      server,
      bundle,
      config,
      headed: request.headed,
      title: basename(script),
      onAddress: (address) => addresses.push(address),
      onOutput: (stream, text) => terminal.output(stream, map(text)),
      onMessage: (message) => {
        if (message.type === 'console') terminal.console(message.level, map(message.text));
        if (message.type === 'progress') terminal.progress(message.progress);
      },
    };
    const opening = runtime === 'chrome' ? openChrome(options) : openNode({ ...options, script: resolve(script) });
    let code = 1;
    try {
      const outcome = opening.then((opened) => {
        session = opened;
        return opened.ended;
      });
      const stopped = interrupts.forced.then((): Outcome => ({ kind: 'broken', message: 'stopped' }));
      code = report(await Promise.race([outcome, stopped]), terminal, map, interrupts.came);
    } finally {
      await opening.then(
        (opened) => opened.close(),
        () => {},
      );
      await server.close();
      await recorder.end(code === 0 ? 'finished' : code === 130 ? 'interrupted' : 'failed', code).catch((error) => {
        terminal.notice(`spiketape: the end of this run could not be written to its run.json: ${error.message}`);
      });
    }
    return code;
  } catch (error) {
    terminal.error(error instanceof CompileError ? error.message : `spiketape: ${(error as Error).message}`);
    return error instanceof CompileError ? 2 : 1;
  } finally {
    interrupts.stop();
  }
}

/** What serves the script while it runs. */
async function prepare(request: Request, terminal: Terminal) {
  const { script, runtime, out, data, args, earlier, evaluate, offline } = request;
  const task = evaluate ? 'eval' : 'train';
  const recorder = new Recorder({ script, data, args, runtime, task, earlier });
  const output = new Output(
    out,
    async (folder) => {
      terminal.folder(folder);
      if (request.record) await recorder.begin(folder);
    },
    (path, bytes) => terminal.saved(path, bytes),
  );
  if (earlier) await output.reopen();
  const downloads = new Downloads({
    offline,
    onProgress: (name, done, total) => terminal.progress({ label: `download ${name}`, done, total, values: {} }),
  });
  const onDescribe = (facts: Record<string, unknown>) => recorder.describe(facts);
  const server = await startServer({ data, run: evaluate?.run ?? null, output, downloads, onDescribe });
  const part = evaluate?.part ?? 'test';
  const config = { base: server.base, args, runtime, dataDir: data, task, part, resume: earlier !== null } as const;
  return { server, recorder, config };
}

/** Says how the script ended; the exit code. */
function report(outcome: Outcome, terminal: Terminal, map: (text: string) => string, interrupted: boolean): number {
  // A script that stops by throwing its signal's reason did what it was asked to.
  const asAsked = interrupted && outcome.kind === 'failed' && outcome.name === 'AbortError';
  if (outcome.kind === 'failed' && !asAsked) {
    const misused = outcome.name === 'UsageError';
    terminal.error(misused ? outcome.message : `Uncaught ${map(outcome.stack)}`);
    if (misused && !interrupted) return 2;
  }
  if (outcome.kind === 'broken') terminal.error(`spiketape: ${outcome.message}`);
  if (interrupted) return 130;
  if (outcome.kind === 'exited') {
    if (outcome.code !== 0) terminal.error(`spiketape: the script's process ended with exit code ${outcome.code}`);
    return outcome.code;
  }
  return outcome.kind === 'done' ? 0 : 1;
}

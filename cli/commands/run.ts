import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseFlags, UsageError } from '../args.ts';
import { displayProblem } from '../browser.ts';
import { bundleScript, CompileError } from '../bundle.ts';
import { openChrome } from '../chrome.ts';
import { watchInterrupts } from '../interrupt.ts';
import { openNode } from '../node-runtime.ts';
import { Output } from '../output.ts';
import { startServer } from '../server.ts';
import type { Outcome, Session, SessionOptions } from '../session.ts';
import { stackMapper } from '../stack.ts';
import { Terminal } from '../terminal.ts';

export const summary = 'runs a script in Chrome or Node, with WebGPU';

export const usage = `
Usage: spiketape run script.ts [options] [-- the script's own arguments]

Bundles the script and runs it to the end of its module, top-level await included.

  --runtime chrome|node  where it runs; default chrome. node needs the package webgpu
  --headed               shows the browser
  --out DIR              where the script's files go; default runs/<time>/, made at the first one
  --data DIR             the folder that the script reads data from
  --json                 prints one line of JSON for each event instead of text

Exit code: 0 the script finished, 1 an exception or a crash, 2 wrong usage or a script that does not compile,
130 interrupted (Ctrl-C; a second one, or ten seconds, ends a script that does not stop by itself).
`;

const OPTIONS = {
  runtime: { type: 'string', value: 'chrome|node' },
  headed: { type: 'boolean' },
  out: { type: 'string', value: 'DIR' },
  data: { type: 'string', value: 'DIR' },
  json: { type: 'boolean' },
} as const;

interface Request {
  script: string;
  runtime: 'chrome' | 'node';
  headed: boolean;
  json: boolean;
  out: string | null;
  data: string | null;
  args: readonly string[];
}

export async function run(argv: readonly string[]): Promise<number> {
  const request = parse(argv);
  const terminal = new Terminal({ json: request.json });
  const code = await execute(request, terminal);
  terminal.exit(code);
  return code;
}

function parse(argv: readonly string[]): Request {
  const split = argv.indexOf('--');
  const own = split < 0 ? argv : argv.slice(0, split);
  const { values, positionals } = parseFlags(own, OPTIONS);
  const [script, ...more] = positionals;
  if (script === undefined) throw new UsageError('run: a script is missing: spiketape run script.ts');
  if (more.length > 0) {
    throw new UsageError(
      `run: one script expected, got '${more[0]}' as well; the script's own arguments come after --`,
    );
  }
  if (!isA('file', script)) throw new UsageError(`run: there is no script ${script}`);
  const runtime = values.runtime ?? 'chrome';
  if (runtime !== 'chrome' && runtime !== 'node') {
    throw new UsageError(`--runtime: expected chrome or node, got '${runtime}'`);
  }
  const data = (values.data as string | undefined) ?? null;
  if (data !== null && !isA('folder', data)) throw new UsageError(`--data: there is no folder ${data}`);
  const out = (values.out as string | undefined) ?? null;
  if (out !== null && isA('file', out)) throw new UsageError(`--out: ${out} is a file, not a folder`);
  const headed = values.headed === true;
  if (headed && runtime === 'node') throw new UsageError('--headed: there is no browser to show with --runtime node');
  const problem = headed ? displayProblem() : null;
  if (problem) throw new UsageError(problem);
  return {
    script,
    runtime,
    headed,
    json: values.json === true,
    out,
    data,
    args: split < 0 ? [] : argv.slice(split + 1),
  };
}

function isA(kind: 'file' | 'folder', path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (kind === 'file' ? found.isFile() : found.isDirectory());
}

async function execute(request: Request, terminal: Terminal): Promise<number> {
  const { script, runtime, out, data, args, headed } = request;
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
    const output = new Output(
      out,
      (folder) => terminal.folder(folder),
      (path, bytes) => terminal.saved(path, bytes),
    );
    const server = await startServer({ data, output });
    const options: SessionOptions = {
      server,
      bundle,
      config: { base: server.base, args, runtime, dataDir: data },
      headed,
      title: basename(script),
      onAddress: (address) => addresses.push(address),
      onOutput: (stream, text) => terminal.output(stream, map(text)),
      onMessage: (message) => {
        if (message.type === 'console') terminal.console(message.level, map(message.text));
        if (message.type === 'progress') terminal.progress(message.progress);
      },
    };
    const opening = runtime === 'chrome' ? openChrome(options) : openNode({ ...options, script: resolve(script) });
    try {
      const outcome = opening.then((opened) => {
        session = opened;
        return opened.ended;
      });
      const stopped = interrupts.forced.then((): Outcome => ({ kind: 'broken', message: 'stopped' }));
      return report(await Promise.race([outcome, stopped]), terminal, map, interrupts.came);
    } finally {
      await opening.then(
        (opened) => opened.close(),
        () => {},
      );
      await server.close();
    }
  } catch (error) {
    terminal.error(error instanceof CompileError ? error.message : `spiketape: ${(error as Error).message}`);
    return error instanceof CompileError ? 2 : 1;
  } finally {
    interrupts.stop();
  }
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

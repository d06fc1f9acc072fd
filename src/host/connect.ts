import { fileClient } from './client.ts';
import { redirectConsole } from './console.ts';
import { HOST_KEY } from './current.ts';
import { dataFiles, filesOf, hasFolder, outputOf } from './files.ts';
import { describeError } from './format.ts';
import type { Host, HostConfig, HostMessage, Progress, SentProgress } from './types.ts';

/** More often than this nobody sees the bar move. */
const PROGRESS_INTERVAL_MS = 50;

/** The runner's end of a host that was installed by `connectHost`. */
export interface HostConnection {
  /** Loads the script's module and reports its end; call once. Never rejects. */
  start(load: () => Promise<unknown>): Promise<void>;
  /** Reports an error that nobody caught; only the first one counts. */
  fail(error: unknown): void;
  /** Aborts `host.signal`. */
  abort(): void;
}

/**
 * Installs the host of this page or process, before the script's module is evaluated. For runners, not for scripts.
 *
 * @param config where the run's server is and what the script was given
 * @param send takes messages to the runner, keeping their order
 * @param alsoHere whether console calls also appear at their usual place
 */
export function connectHost(
  config: HostConfig,
  send: (message: HostMessage) => void,
  alsoHere = false,
): HostConnection {
  // V8's own: ten frames are few for a network inside a loop inside a script.
  (Error as { stackTraceLimit?: number }).stackTraceLimit = 30;
  const controller = new AbortController();
  const files = fileClient(config);
  let over = false;
  const emit = (message: HostMessage) => {
    if (!over) send(message);
  };
  redirectConsole((level, text) => emit({ type: 'console', level, text }), alsoHere);

  const host: Host = {
    args: Object.freeze([...config.args]),
    runtime: config.runtime,
    signal: controller.signal,
    task: config.task,
    part: config.part,
    resume: config.resume,
    dataDir: config.dataDir,
    progress: throttled((progress) => emit({ type: 'progress', progress })),
    readData: (path, range) => files.read('data', path, range),
    statData: async (path) => ({ size: await files.size('data', path) }),
    listData: (path = '.') => files.list('data', path),
    files: (folder = '.') => dataFiles(files, config.dataDir, folder),
    hasData: (folder = '.') => hasFolder(files, config.dataDir, folder),
    save: files.save,
    append: files.append,
    output: Object.freeze(outputOf(files)),
    run: Object.freeze(filesOf(files, 'run')),
    describe: files.describe,
    download: (url, options) => files.download(url, options, controller.signal),
  };
  Object.defineProperty(globalThis, HOST_KEY, { value: Object.freeze(host), configurable: true });

  const fail = (error: unknown) => {
    const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Partial<Error>;
    const stack = describeError(error);
    emit({ type: 'failed', name: String(name ?? ''), message: String(message ?? stack), stack });
    over = true;
  };
  return {
    fail,
    abort: () => controller.abort(new DOMException('the run was interrupted', 'AbortError')),
    async start(load) {
      try {
        await load();
        await files.settled();
        // A rejection that nobody handles is reported a task later: leave it the time to come first.
        await new Promise((resolve) => setTimeout(resolve, 20));
        emit({ type: 'done' });
        over = true;
      } catch (error) {
        fail(error);
      }
    },
  };
}

/** Checks progress and passes on what changes something: at most 20 a second, but every end and every new label. */
function throttled(send: (progress: SentProgress) => void): (progress: Progress) => void {
  let sentAt = Number.NEGATIVE_INFINITY;
  let sentLabel: string | undefined;
  return ({ done, total, label = '', values = {} }) => {
    if (!(Number.isFinite(total) && total > 0)) throw new RangeError(`progress: total must be > 0, got ${total}`);
    if (!(done >= 0 && done <= total)) throw new RangeError(`progress: done must lie in 0..${total}, got ${done}`);
    const now = performance.now();
    if (now - sentAt < PROGRESS_INTERVAL_MS && done < total && label === sentLabel) return;
    sentAt = now;
    sentLabel = label;
    const pairs = Object.entries(values).map(([key, value]) => [key, Number.isFinite(value) ? value : String(value)]);
    send({ done, total, label, values: Object.fromEntries(pairs) });
  };
}

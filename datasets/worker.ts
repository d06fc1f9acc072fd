/** A worker of a page or of Node, as both are used here. */
export interface StartedWorker {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Ends it, whatever it is doing. */
  stop(): void;
  /** Whether an answer is awaited: Node does not wait for the end of a worker that has nothing to do. */
  busy(yes: boolean): void;
}

export interface WorkerEvents {
  message(data: unknown): void;
  /** It ended or failed without being stopped; nothing more comes. */
  died(why: string): void;
}

/** The code of a worker, as `import text from 'worker:./decode.ts'` gives it, or what makes one. */
export type WorkerCode = string | (() => Worker);

/** A module of Node alone, by a name that neither bundlers nor the types of a page look up. */
const NODE_THREADS: string = 'node:worker_threads';

/** What is used of it. */
interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  terminate(): Promise<number>;
  ref(): void;
  unref(): void;
}

/**
 * Starts a worker: in a page from a blob, in Node from a data URL.
 *
 * @throws when the platform cannot start one
 */
export async function startWorker(code: WorkerCode, events: WorkerEvents): Promise<StartedWorker> {
  if (typeof code === 'string' && !('Worker' in globalThis)) return startInNode(code, events);
  return startInPage(code, events);
}

function startInPage(code: WorkerCode, events: WorkerEvents): StartedWorker {
  let worker: Worker;
  if (typeof code === 'string') {
    const address = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    worker = new Worker(address, { type: 'module' });
    // not before it has been read; its first message, or its end, comes after that
    const release = (): void => URL.revokeObjectURL(address);
    worker.addEventListener('message', release, { once: true });
    worker.addEventListener('error', release, { once: true });
  } else worker = code();
  worker.addEventListener('message', ({ data }) => events.message(data));
  worker.addEventListener('messageerror', () => events.died('a message that could not be read'));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    events.died(event.message || 'its module could not be loaded');
  });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    stop: () => worker.terminate(),
    busy: () => undefined,
  };
}

async function startInNode(code: string, events: WorkerEvents): Promise<StartedWorker> {
  const { Worker } = (await import(NODE_THREADS)) as unknown as { Worker: new (url: URL) => NodeWorker };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  worker.on('message', (data) => events.message(data));
  worker.on('messageerror', () => events.died('a message that could not be read'));
  worker.on('error', (error) => events.died(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (status) => events.died(`it ended with code ${status}`));
  worker.unref();
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    stop: () => void worker.terminate(),
    busy: (yes) => (yes ? worker.ref() : worker.unref()),
  };
}

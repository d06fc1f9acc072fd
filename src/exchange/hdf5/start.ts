import { type Answer, NODE_THREADS, type Task } from './messages.ts';

/** A worker of a page or of Node, as both are used here. */
export interface Started {
  post(task: Task): void;
  /** Ends it, whatever it is doing. */
  stop(): void;
  /** Whether an answer is awaited: Node does not wait for the end of a worker that has nothing to do. */
  busy(yes: boolean): void;
}

export interface Events {
  answer(said: Answer): void;
  /** It ended or failed without being stopped; nothing more comes. */
  died(why: string): void;
}

/** What is used of Node's. */
interface NodeWorker {
  postMessage(task: Task): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  terminate(): Promise<number>;
  ref(): void;
  unref(): void;
}

interface NodeThreads {
  readonly Worker: new (url: URL, options: { resourceLimits: { maxOldGenerationSizeMb: number } }) => NodeWorker;
}

/** What a worker of Node may hold besides the library's memory and arrays: objects and texts. */
const HEAP_MB = 2048;

/**
 * Starts a worker: in a page from a blob, in Node from a data URL.
 *
 * @param code a module's text, of ASCII alone
 * @throws when the platform cannot start one
 */
export async function startWorker(code: string, events: Events): Promise<Started> {
  return 'Worker' in globalThis ? startInPage(code, events) : startInNode(code, events);
}

function startInPage(code: string, events: Events): Started {
  const address = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(address, { type: 'module' });
  // not before it has been read; its first message, or its end, comes after that
  const release = (): void => URL.revokeObjectURL(address);
  worker.addEventListener('message', release, { once: true });
  worker.addEventListener('error', release, { once: true });
  worker.addEventListener('message', ({ data }) => events.answer(data));
  worker.addEventListener('messageerror', () => events.died('a message that could not be read'));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    events.died(event.message || 'its module could not be loaded');
  });
  return { post: (task) => worker.postMessage(task), stop: () => worker.terminate(), busy: () => undefined };
}

async function startInNode(code: string, events: Events): Promise<Started> {
  const { Worker } = (await import(NODE_THREADS)) as unknown as NodeThreads;
  const url = new URL(`data:text/javascript;base64,${btoa(code)}`);
  const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
  worker.on('message', (said) => events.answer(said as Answer));
  worker.on('messageerror', () => events.died('a message that could not be read'));
  worker.on('error', (error) => events.died(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (status) => events.died(`it ended with code ${status}`));
  return {
    post: (task) => worker.postMessage(task),
    stop: () => void worker.terminate(),
    busy: (yes) => (yes ? worker.ref() : worker.unref()),
  };
}

import type { Sample } from './sample.ts';

/** What the pool asks a worker. */
export type ToWorker =
  | { readonly type: 'setup'; readonly setup: unknown; readonly alive: string }
  | { readonly type: 'decode'; readonly job: number; readonly samples: readonly number[] };

/** What a worker answers. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly job: number; readonly sample: number | null; readonly message: string }
  | { readonly type: 'decoded'; readonly job: number; readonly samples: readonly Sample[] };

/** A module of Node alone, by a name that neither bundlers nor the types of a page look up. */
const NODE_THREADS: string = 'node:worker_threads';

/** What workers of a page and of Node have in common. */
interface Port {
  postMessage(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
  addEventListener?(type: 'message', listener: (event: MessageEvent) => void): void;
  on?(type: 'message', listener: (message: ToWorker) => void): void;
}

/**
 * The other end of a `DataLoader` with a `worker`: called once in the worker's module.
 *
 * @param start makes the decoder from what the loader was given as `setup`; the arrays of a sample that it makes are handed
 *   over, not copied, and must not be used again
 */
export async function serveSamples<S>(
  start: (setup: S) => ((i: number) => Sample | Promise<Sample>) | Promise<(i: number) => Sample | Promise<Sample>>,
): Promise<void> {
  const inPage = 'WorkerGlobalScope' in globalThis;
  const port = (inPage ? globalThis : (await import(NODE_THREADS)).parentPort) as unknown as Port;
  let decode: Promise<(i: number) => Sample | Promise<Sample>> | undefined;
  const answer = async (message: ToWorker): Promise<void> => {
    if (message.type === 'setup') {
      decode = (async () => start(message.setup as S))();
      // told with the first sample
      decode.catch(() => undefined);
      await holdLock(message.alive);
      return port.postMessage({ type: 'ready' }, []);
    }
    const samples: Sample[] = [];
    let at: number | null = null;
    try {
      const of = await (decode as NonNullable<typeof decode>);
      for (const i of message.samples) {
        at = i;
        samples.push(await of(i));
      }
      at = null;
      port.postMessage({ type: 'decoded', job: message.job, samples }, buffersOf(samples));
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      port.postMessage({ type: 'failed', job: message.job, sample: at, message: what }, []);
    }
  };
  // one after the other, in the order in which they were asked for
  let turn: Promise<unknown> = Promise.resolve();
  const listen = (message: ToWorker): void => {
    turn = turn.then(() => answer(message));
  };
  if (inPage) port.addEventListener?.('message', (event) => listen(event.data));
  else port.on?.('message', listen);
}

/**
 * A page is not told when a worker ends by itself; its locks are given free then. The pool waits for this one.
 */
async function holdLock(name: string): Promise<void> {
  const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
  if (!locks || name === '') return;
  await new Promise<void>((held) => {
    void locks.request(name, () => {
      held();
      return new Promise(() => undefined);
    });
  });
}

/** What is handed over instead of copied: buffers that hold nothing but one array. */
function buffersOf(samples: readonly Sample[]): ArrayBuffer[] {
  const whole = new Set<ArrayBuffer>();
  for (const { values, mask, targets } of samples) {
    for (const array of [values, mask, targets?.values]) {
      if (
        ArrayBuffer.isView(array) &&
        array.buffer instanceof ArrayBuffer &&
        array.byteLength === array.buffer.byteLength
      )
        whole.add(array.buffer);
    }
  }
  return [...whole];
}

import type { Answer, Task } from './messages.ts';
import { type Started, startWorker } from './start.ts';

/** A worker that is kept between calls. */
interface Running {
  readonly started: Started;
  /** What is told of the next answer, or of its end. */
  next: { resolve(said: Answer): void; reject(why: Error): void } | null;
  dead: boolean;
}

/** Starting takes a quarter of a second; a worker that has not said after so many that it is there will not. */
const START_SECONDS = 60;

let turn: Promise<unknown> = Promise.resolve();
let warm: Running | null = null;

/**
 * What the worker answers. One task after the other: there is one worker, which is started with the first.
 *
 * @param seconds until it is given up
 * @throws what the worker says of the file, or that it took too long or ended
 */
export function ask(task: Task, seconds: number): Promise<Exclude<Answer, { kind: 'ready' | 'failed' }>> {
  const mine = turn.then(async () => {
    const worker = warm && !warm.dead ? warm : await start();
    warm = worker;
    const said = await answered(worker, seconds, () => worker.started.post(task));
    if (said.kind === 'ready' || said.worn) retire(worker);
    if (said.kind === 'ready') throw new Error('HDF5: the worker started twice');
    if (said.kind === 'failed') throw new Error(`HDF5: ${said.message}`);
    return said;
  });
  turn = mine.catch(() => undefined);
  return mine;
}

async function start(): Promise<Running> {
  const { default: code } = await import('./code.ts');
  let worker: Running | null = null;
  const started = await startWorker(code, {
    answer: (said) => worker?.next?.resolve(said),
    died: (why) => {
      if (!worker || worker.dead) return;
      worker.dead = true;
      worker.next?.reject(new Error(`HDF5: the library gave up on this file: ${why}`));
    },
  });
  worker = { started, next: null, dead: false };
  await answered(worker, START_SECONDS, () => undefined);
  return worker;
}

/** The next answer of a worker, which is ended when it does not come in time. */
async function answered(worker: Running, seconds: number, before: () => void): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  worker.started.busy(true);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.next = { resolve, reject };
      if (seconds < 2 ** 31 / 1000)
        timer = setTimeout(() => {
          retire(worker);
          reject(new Error(`HDF5: given up after ${seconds} s`));
        }, seconds * 1000);
      before();
    });
  } finally {
    clearTimeout(timer);
    worker.next = null;
    worker.started.busy(false);
  }
}

function retire(worker: Running): void {
  worker.dead = true;
  worker.started.stop();
  if (warm === worker) warm = null;
}

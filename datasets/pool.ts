import type { Sample } from './sample.ts';
import type { FromWorker } from './serve.ts';
import { type StartedWorker, startWorker, type WorkerCode } from './worker.ts';

export interface PoolOptions {
  readonly code: WorkerCode;
  /** Handed to every worker's `serveSamples`, copied. */
  readonly setup?: unknown;
  readonly workers: number;
  /** What messages call sample i. */
  readonly nameOf: (i: number) => string;
}

/** Samples that go to a worker in one message. */
const PIECE = 8;

interface Job {
  readonly samples: readonly number[];
  readonly resolve: (samples: readonly Sample[]) => void;
  readonly reject: (error: Error) => void;
}

/** Workers that decode samples. What comes first is taken by whoever is free; answers have their places, not an order. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #waiting: [number, Job][] = [];
  readonly #members: Member[] = [];
  #jobs = 0;
  #started: Promise<void> | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** These samples, in this order. @throws when one cannot be decoded, or a worker dies over it, with the sample */
  async decode(samples: readonly number[]): Promise<Sample[]> {
    if (this.#closed) throw new Error('the loader has been closed');
    this.#started ??= this.#start();
    await this.#started;
    const pieces: Promise<readonly Sample[]>[] = [];
    const size = Math.min(PIECE, Math.ceil(samples.length / this.#members.length));
    for (let from = 0; from < samples.length; from += size) pieces.push(this.#submit(samples.slice(from, from + size)));
    return (await Promise.all(pieces)).flat();
  }

  close(): void {
    this.#closed = true;
    for (const member of this.#members) member.end('the loader has been closed');
    for (const [, job] of this.#waiting.splice(0)) job.reject(new Error('the loader has been closed'));
  }

  async #start(): Promise<void> {
    const { code, setup, workers, nameOf } = this.#options;
    const next = (): [number, Job] | undefined => this.#waiting.shift();
    for (let w = 0; w < workers; w++) {
      const member = new Member(next, nameOf, () => this.#died(member));
      this.#members.push(member);
      await member.start(code, setup);
    }
  }

  #submit(samples: readonly number[]): Promise<readonly Sample[]> {
    return new Promise((resolve, reject) => {
      const dead = this.#members.every(({ ended }) => ended) && this.#members[0]?.ended;
      if (dead) return reject(new Error(`all workers have died: ${dead}`));
      this.#waiting.push([this.#jobs++, { samples, resolve, reject }]);
      for (const member of this.#members) member.take();
    });
  }

  /** The others go on; without any left, nothing that waits can be done. */
  #died(member: Member): void {
    if (this.#members.some((m) => m !== member && !m.ended)) return;
    for (const [, job] of this.#waiting.splice(0)) job.reject(new Error(`all workers have died: ${member.ended}`));
  }
}

/** One worker, and the job that it has. */
class Member {
  /** Why it takes no more jobs; '' while it does. */
  ended = '';
  #worker: StartedWorker | undefined;
  #current: [number, Job] | undefined;

  constructor(
    readonly next: () => [number, Job] | undefined,
    readonly nameOf: (i: number) => string,
    readonly onDeath: () => void,
  ) {}

  async start(code: WorkerCode, setup: unknown): Promise<void> {
    const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
    const alive = locks ? `spiketape worker ${crypto.randomUUID()}` : '';
    this.#worker = await startWorker(code, {
      message: (data) => this.#answered(data as FromWorker, alive, locks),
      died: (why) => this.end(why),
    });
    this.#worker.post({ type: 'setup', setup, alive });
  }

  take(): void {
    if (this.#current || this.ended || !this.#worker) return;
    this.#current = this.next();
    this.#worker.busy(this.#current !== undefined);
    if (!this.#current) return;
    const [job, { samples }] = this.#current;
    this.#worker.post({ type: 'decode', job, samples });
  }

  end(why: string): void {
    if (this.ended) return;
    this.ended = why;
    this.#worker?.stop();
    const job = this.#current?.[1];
    this.#current = undefined;
    const first = job?.samples[0];
    const more = (job?.samples.length ?? 0) > 1 ? ` or one of the ${(job?.samples.length ?? 0) - 1} after it` : '';
    if (job && first !== undefined)
      job.reject(new Error(`${this.nameOf(first)}${more}: the worker that decodes it died: ${why}`));
    this.onDeath();
  }

  #answered(answer: FromWorker, alive: string, locks: LockManager | undefined): void {
    if (answer.type === 'ready') {
      // given free when the worker is gone
      if (alive) void locks?.request(alive, () => this.end('it ended by itself'));
      return;
    }
    const [number, job] = this.#current ?? [];
    if (!job || number !== answer.job) return;
    this.#current = undefined;
    if (answer.type === 'decoded') job.resolve(answer.samples);
    else {
      const what = answer.sample === null ? 'the worker' : this.nameOf(answer.sample);
      job.reject(new Error(`${what}: ${answer.message}`));
    }
    this.take();
  }
}

import { Pool } from './pool.ts';
import { type Sample, type SampleForm, stepsOf } from './sample.ts';
import type { WorkerCode } from './worker.ts';

export type Decode = (i: number) => Sample | Promise<Sample>;

export interface WorkerOptions {
  /** The module's text, `import code from 'worker:./decode.ts'`, or what makes a worker; it calls `serveSamples`. */
  readonly code: WorkerCode;
  /** What every worker is given to start with; it is copied to each. */
  readonly setup?: unknown;
  /** How many (default: the processor's threads less one, 1 to 4). */
  readonly workers?: number;
}

export interface DecodingOptions {
  readonly inputs: number;
  readonly form: SampleForm;
  readonly decode: Decode | undefined;
  readonly worker: WorkerOptions | undefined;
  readonly cache: number;
  readonly nameOf: (i: number) => string;
}

/** Samples with their checked length. */
export interface Decoded {
  readonly sample: Sample;
  readonly steps: number;
}

/** Milliseconds that decoding may take before others have their turn. */
const SLICE = 8;
/** Samples that are read at the same time by a decoder that waits. */
const AT_ONCE = 16;

/** Samples by number: decoded here or by workers, checked, and kept as far as the cache allows. */
export class Decoding {
  readonly #options: DecodingOptions;
  readonly #kept = new Map<number, Decoded>();
  readonly #pool: Pool | undefined;
  #room: number;

  constructor(options: DecodingOptions) {
    this.#options = options;
    this.#room = options.cache;
    const { worker, nameOf } = options;
    if (!worker) return;
    const threads =
      (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 2;
    const { code, setup, workers = Math.min(4, Math.max(1, threads - 1)) } = worker;
    this.#pool = new Pool({ code, setup, workers, nameOf });
  }

  /** These samples, in this order. */
  async samples(which: readonly number[]): Promise<Decoded[]> {
    // Whoever asks for the next batch first starts the work that is to go on meanwhile.
    await othersTurn();
    const found = new Map<number, Decoded>();
    for (const i of which) {
      const kept = this.#kept.get(i);
      if (kept) found.set(i, kept);
    }
    const wanted = [...new Set(which)].filter((i) => !found.has(i));
    const decoded = this.#pool ? await this.#pool.decode(wanted) : await this.#here(wanted);
    let began = performance.now();
    for (const [at, i] of wanted.entries()) {
      const made = this.#check(decoded[at] as Sample, i);
      found.set(i, made);
      this.#keep(i, made);
      if (performance.now() - began > SLICE) {
        await othersTurn();
        began = performance.now();
      }
    }
    return which.map((i) => found.get(i) as Decoded);
  }

  close(): void {
    this.#pool?.close();
    this.#kept.clear();
  }

  async #here(wanted: readonly number[]): Promise<Sample[]> {
    const { decode, nameOf } = this.#options;
    const samples: Sample[] = new Array(wanted.length);
    let [next, failed, began] = [0, false, performance.now()];
    const one = async (): Promise<void> => {
      while (next < wanted.length && !failed) {
        const at = next++;
        const i = wanted[at] as number;
        try {
          const sample = (decode as Decode)(i);
          samples[at] = sample instanceof Promise ? await sample : sample;
        } catch (cause) {
          failed = true;
          throw new Error(`${nameOf(i)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
        }
        if (performance.now() - began > SLICE) {
          await othersTurn();
          began = performance.now();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, one));
    return samples;
  }

  #check(sample: Sample, i: number): Decoded {
    const { inputs, form, nameOf } = this.#options;
    return { sample, steps: stepsOf(sample, inputs, form, nameOf(i)) };
  }

  #keep(i: number, decoded: Decoded): void {
    const { values, targets, mask } = decoded.sample;
    const bytes = [values, targets?.values, mask].reduce((sum, array) => sum + bytesOf(array), 0);
    if (bytes > this.#room || this.#kept.has(i)) return;
    this.#room -= bytes;
    this.#kept.set(i, decoded);
  }
}

const bytesOf = (array: ArrayLike<number> | undefined): number =>
  ArrayBuffer.isView(array) ? array.byteLength : 8 * (array?.length ?? 0);

/** Lets waiting events run, without the pause that timers have in a page. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

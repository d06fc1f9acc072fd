import seedrandom from 'seedrandom';
import { batchOf, type LoadedBatch } from './batch.ts';
import { type Decode, Decoding, type WorkerOptions } from './decoding.ts';
import { onlyKnown } from './options.ts';
import type { SampleForm } from './sample.ts';

export interface DataLoaderOptions {
  /** Samples. */
  readonly count: number;
  /** Steps of the longest sample, and values of a step. */
  readonly steps: number;
  readonly inputs: number;
  /** 'bits' for spikes, 'bytes' for pixels (0..255, which reach the net as value / 255); 'f32' by default. */
  readonly form?: SampleForm;
  /** Makes sample i. The same number must give the same sample every time. */
  readonly decode?: Decode;
  /** Or workers that do so, off the main thread. */
  readonly worker?: WorkerOptions;
  /** [count] classes, integers from 0, where they are known without decoding. */
  readonly labels?: ArrayLike<number>;
  /**
   * [count] steps of each sample, or 'varying' where they are known only after decoding. Left out, all samples have
   * `steps` steps.
   */
  readonly lengths?: ArrayLike<number> | 'varying';
  /**
   * Pads a batch to the next multiple of so many steps of its longest sample, `steps` at most; to `steps` by default.
   * Each number of steps is a form of its own on the device: a small multiple makes many.
   */
  readonly padTo?: number;
  /** Bytes of decoded samples that are kept for the next epochs (default 0). */
  readonly cache?: number;
  /** Batches that `batches` prepares ahead (default 1). */
  readonly prefetch?: number;
  /** What messages call sample i, such as its file. */
  readonly name?: (i: number) => string;
}

export interface BatchesOptions {
  /** Default 32. The last batch may be smaller. */
  readonly batchSize?: number;
  /** Default 0. */
  readonly seed?: number;
  /** From 1 (default 1): each has an order of its own. */
  readonly epoch?: number;
  /** Default true; false: in the order of the samples. */
  readonly shuffle?: boolean;
}

const OPTIONS: readonly (keyof DataLoaderOptions)[] = [
  ...(['count', 'steps', 'inputs', 'form', 'decode', 'worker', 'labels', 'lengths'] as const),
  ...(['padTo', 'cache', 'prefetch', 'name'] as const),
];

/**
 * Samples that are decoded when a batch is made of them: for data that would not fit in memory, or that others decode
 * while this thread trains. What `fit` and `evaluate` take in the place of a `Dataset`. The same seed gives the same
 * batches, however long each decoder takes.
 */
export class DataLoader {
  readonly count: number;
  readonly steps: number;
  readonly inputs: number;
  readonly form: SampleForm;
  /** [count]; undefined where classes come with the decoded samples. */
  readonly labels: Uint32Array | undefined;
  readonly #options: DataLoaderOptions;
  readonly #decoding: Decoding;
  /** Numbers of the samples in the loader of which this is a part. */
  readonly #which: Uint32Array | null;

  /** @throws when an option is not what it should be */
  constructor(options: DataLoaderOptions, part?: { which: Uint32Array; decoding: Decoding }) {
    if (!part) checkOptions(options);
    const { count, steps, inputs, form = 'f32', decode, worker, labels, cache = 0 } = options;
    this.#options = options;
    this.#which = part?.which ?? null;
    this.#decoding =
      part?.decoding ?? new Decoding({ inputs, form, decode, worker, cache, nameOf: (i) => nameOf(options, i) });
    [this.count, this.steps, this.inputs, this.form] = [part?.which.length ?? count, steps, inputs, form];
    this.labels = labels && Uint32Array.from({ length: this.count }, (_, i) => labels[this.#at(i)] as number);
  }

  /** These samples, in this order, time-major. @throws when one cannot be decoded or does not fit, with its name */
  async batch(which: ArrayLike<number>): Promise<LoadedBatch> {
    const { steps: longest, lengths: known, padTo } = { ...this.#options, steps: this.steps };
    const all = Array.from(which, (i) => {
      if (!(Number.isInteger(i) && i >= 0 && i < this.count))
        throw new Error(`DataLoader.batch: ${i} is outside 0..${this.count - 1}`);
      return this.#at(i);
    });
    const decoded = await this.#decoding.samples(all);
    const lengths = Uint32Array.from(decoded, ({ steps }, b) => {
      const i = all[b] as number;
      const expected = known === undefined ? longest : known === 'varying' ? steps : (known[i] as number);
      if (steps !== expected || steps > longest) throw wrongLength(this.#options, i, steps, expected);
      return steps;
    });
    const steps =
      padTo === undefined ? longest : Math.min(longest, padTo * Math.ceil(lengths.reduce(larger, 0) / padTo));
    const { labels } = this.#options;
    return batchOf(
      decoded.map(({ sample }) => sample),
      {
        inputs: this.inputs,
        form: this.form,
        steps,
        lengths,
        unequal: known !== undefined,
        labels: labels && Uint32Array.from(all, (i) => labels[i] as number),
        nameOf: (b) => nameOf(this.#options, all[b] as number),
      },
    );
  }

  /** The batches of an epoch, for loops of one's own, in the order that `fit` has for the same seed and epoch. */
  async *batches(options: BatchesOptions = {}): AsyncGenerator<LoadedBatch> {
    onlyKnown('DataLoader.batches', options, ['batchSize', 'seed', 'epoch', 'shuffle']);
    const { batchSize = 32, seed = 0, epoch = 1, shuffle = true } = options;
    wholeAbove0('DataLoader.batches: batchSize', batchSize);
    const order = shuffle ? epochOrder(this.count, seed, epoch) : Uint32Array.from({ length: this.count }, (_, i) => i);
    const ahead: Promise<LoadedBatch>[] = [];
    const { prefetch = 1 } = this.#options;
    for (let from = 0; from < this.count || ahead.length > 0; ) {
      while (from < this.count && ahead.length <= prefetch) {
        const next = this.batch(order.subarray(from, from + batchSize));
        // it is told when its turn comes, if that comes
        next.catch(() => undefined);
        ahead.push(next);
        from += batchSize;
      }
      yield await (ahead.shift() as Promise<LoadedBatch>);
    }
  }

  /** A loader of some of the samples, which shares decoder, workers and cache with this one. */
  subset(which: ArrayLike<number>): DataLoader {
    const numbers = Uint32Array.from(which, (i) => {
      if (!(Number.isInteger(i) && i >= 0 && i < this.count))
        throw new Error(`DataLoader.subset: ${i} is outside 0..${this.count - 1}`);
      return this.#at(i);
    });
    if (numbers.length === 0) throw new Error('DataLoader.subset: needs at least one sample');
    return new DataLoader(this.#options, { which: numbers, decoding: this.#decoding });
  }

  /** Ends the workers, of its parts too. Without it they end with the page or the process. */
  close(): void {
    this.#decoding.close();
  }

  #at(i: number): number {
    return this.#which ? (this.#which[i] as number) : i;
  }
}

/** 0 .. count - 1 as `fit` orders them in an epoch (from 1) with a seed (Fisher & Yates). */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const random = seedrandom(`${seed}/epoch ${epoch}`);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

const larger = (a: number, b: number): number => Math.max(a, b);

function nameOf({ name }: DataLoaderOptions, i: number): string {
  return name ? `DataLoader: sample ${i} (${name(i)})` : `DataLoader: sample ${i}`;
}

function wrongLength(options: DataLoaderOptions, i: number, steps: number, expected: number): Error {
  const { lengths } = options;
  const says = lengths === undefined || lengths === 'varying' ? `steps is ${options.steps}` : `lengths has ${expected}`;
  const hint = lengths === undefined ? "; for sequences of unequal length give their lengths, or 'varying'" : '';
  return new Error(`${nameOf(options, i)}: has ${steps} steps, ${says}${hint}`);
}

function wholeAbove0(what: string, n: number): void {
  if (!(Number.isInteger(n) && n > 0)) throw new Error(`${what} must be a whole number above 0, got ${n}`);
}

function checkOptions(options: DataLoaderOptions): void {
  onlyKnown('DataLoader', options, OPTIONS);
  const {
    count,
    steps,
    inputs,
    form = 'f32',
    decode,
    worker,
    labels,
    lengths,
    padTo,
    cache = 0,
    prefetch = 1,
  } = options;
  for (const [name, n] of Object.entries({ count, steps, inputs, padTo: padTo ?? 1 }))
    wholeAbove0(`DataLoader: ${name}`, n);
  if (!['f32', 'bits', 'bytes'].includes(form))
    throw new Error(`DataLoader: form must be 'f32', 'bits' or 'bytes', got '${form}'`);
  if ((typeof decode === 'function') === (worker !== undefined))
    throw new Error('DataLoader: needs either decode, a function of a sample number, or worker');
  if (worker) {
    onlyKnown('DataLoader: worker', worker, ['code', 'setup', 'workers']);
    if (typeof worker.code !== 'string' && typeof worker.code !== 'function')
      throw new Error('DataLoader: worker.code must be the text of a module, or a function that makes a Worker');
    wholeAbove0('DataLoader: worker.workers', worker.workers ?? 1);
  }
  if (labels && labels.length !== count)
    throw new Error(`DataLoader: labels must have count = ${count} entries, got ${labels.length}`);
  for (let i = 0; i < (labels?.length ?? 0); i++) {
    const label = (labels as ArrayLike<number>)[i] as number;
    if (!(Number.isInteger(label) && label >= 0))
      throw new Error(`DataLoader: labels[${i}] must be an integer from 0 on, got ${label}`);
  }
  checkLengths(options);
  if (padTo !== undefined && lengths === undefined)
    throw new Error('DataLoader: padTo is for sequences of unequal length; give lengths too');
  for (const [name, n] of Object.entries({ cache, prefetch })) {
    if (!(n >= 0)) throw new Error(`DataLoader: ${name} must be a number from 0 on, got ${n}`);
  }
}

function checkLengths({ count, steps, lengths }: DataLoaderOptions): void {
  if (lengths === undefined || lengths === 'varying') return;
  if (typeof lengths !== 'object' || lengths.length !== count)
    throw new Error(`DataLoader: lengths must have count = ${count} entries or be 'varying', got ${lengths?.length}`);
  for (let i = 0; i < count; i++) {
    const n = lengths[i] as number;
    if (!(Number.isInteger(n) && n > 0 && n <= steps))
      throw new Error(`DataLoader: lengths[${i}] must be in 1..${steps}, got ${n}`);
  }
}

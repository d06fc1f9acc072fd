import type { SampleForm } from '../autograd/sample.ts';
import { described } from '../neurons/nearest.ts';
import type { Batch } from './dataset.ts';

/**
 * Samples that are asked for a batch at a time: a `Dataset`, or whatever reads or makes them when they are needed. The same
 * numbers must give the same batch whenever they come: a run that is resumed asks again.
 */
export interface BatchSource {
  readonly count: number;
  /** Time steps of the longest sequence, and values of a step. */
  readonly steps: number;
  readonly inputs: number;
  readonly form: SampleForm;
  /** These samples (from 0), in this order. */
  batch(which: ArrayLike<number>): Batch | Promise<Batch>;
}

/** @throws unless it is one */
export function checkSource(owner: string, set: BatchSource): void {
  if (!(set instanceof Object && 'batch' in set && set.count > 0))
    throw new Error(
      `${owner} must be a Dataset, got ${described(set)}; a BatchSource that is not empty will do as well`,
    );
}

/**
 * The batches of samples in an order, from batch `from` on. Each is asked for before the one before it is trained with.
 *
 * @throws naming the batch that cannot be had
 */
export async function* batches(
  owner: string,
  set: BatchSource,
  order: Uint32Array,
  size: number,
  from = 0,
): AsyncGenerator<Batch> {
  const count = Math.ceil(order.length / size);
  const ask = async (i: number): Promise<Batch> => {
    try {
      return await set.batch(order.subarray(i * size, (i + 1) * size));
    } catch (error) {
      throw new Error(`${owner}: batch ${i + 1} of ${count}: ${(error as Error).message}`, { cause: error });
    }
  };
  let next = from < count ? ask(from) : null;
  for (let i = from; next; i++) {
    const batch: Batch = await next;
    next = i + 1 < count ? ask(i + 1) : null;
    // it is told when its turn comes, if that comes
    next?.catch(() => undefined);
    yield batch;
  }
}

import type { Storage } from '../device/storage.ts';
import type { Segment } from '../kernels/segments.ts';
import type { Parameter } from './parameter.ts';
import type { Tensor } from './tensor.ts';

/** A gradient on its way to a tensor, which may not be made yet. */
export interface Arrival {
  /** Makes it; of a part of time, its first row is that of the part's first step. */
  readonly make: (part?: Segment) => Storage;
  /** What it is the product of, if that is all there: whoever receives it may compute it by itself. */
  readonly product?: Product;
  /**
   * Given where it can be made part by part: any part at any time, or these parts only, each once, the last one first, because
   * making one runs the layer that it comes from.
   */
  readonly parts?: readonly Segment[] | 'any';
}

/** dy W */
export interface Product {
  readonly dy: Storage;
  /** [post, pre]; dy is [..., post] */
  readonly weight: Parameter;
}

/** The gradients that arrive at the tensors of a step. */
export class Arrivals {
  readonly #arrived = new Map<number, Arrival[]>();
  readonly #sums = new Map<number, Storage>();

  add(t: Tensor, arrival: Arrival): void {
    if (this.#sums.has(t.id)) throw new Error(`lowering: a gradient arrives at ${t} after it was used`);
    this.#arrived.set(t.id, [...(this.#arrived.get(t.id) ?? []), arrival]);
  }

  /** The one that arrived; null if there are several, or none. */
  only(t: Tensor): Arrival | null {
    const [first, ...others] = this.#arrived.get(t.id) ?? [];
    return first && others.length === 0 ? first : null;
  }

  /**
   * The sum of all that arrived, made at the first request; null if nothing did.
   *
   * @param add makes the sum of two
   */
  sum(t: Tensor, add: (a: Storage, b: Storage) => Storage): Storage | null {
    let sum = this.#sums.get(t.id);
    if (sum) return sum;
    for (const { make } of this.#arrived.get(t.id) ?? []) sum = sum ? add(sum, make()) : make();
    if (sum) this.#sums.set(t.id, sum);
    return sum ?? null;
  }
}

/** A tensor that the interpreter holds. Booleans and whole numbers are numbers as well. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float64Array;
  /** One of `TYPE`. */
  readonly type: number;
}

/** What running a file may take. */
export interface Limits {
  /** Numbers of all tensors that are held at a time, without the file's own (2^27: 1 GiB). */
  readonly numbers?: number;
  /** Products added, in all, and what else is done counted as so many (2^35: about a minute). */
  readonly work?: number;
}

/** What making a number by whatever operation, and running a node, count as. */
const EACH = 8;
const NODE = 1000;

/** Makes tensors, and counts what that costs: sizes come from files. */
export class Arithmetic {
  readonly #limits: Required<Limits>;
  #work = 0;
  /** Numbers that are held. */
  held = 0;
  /** Of which buffers they are. */
  readonly #buffers = new WeakSet<Float64Array>();

  constructor({ numbers = 2 ** 27, work = 2 ** 35 }: Limits = {}) {
    this.#limits = { numbers, work };
  }

  /** @throws when the tensor would be too large, or `work` to fill it passes the limit */
  make(dims: readonly number[], type: number, work = EACH): Value {
    const bad = dims.find((n) => !(Number.isInteger(n) && n >= 0));
    if (bad !== undefined) throw new Error(`a tensor cannot have a dimension of ${bad}`);
    const count = sizeOf(dims);
    const { numbers } = this.#limits;
    if (!(this.held + count <= numbers))
      throw new Error(`a tensor [${dims.join(', ')}] beside ${this.held} numbers passes the limit of ${numbers}`);
    this.held += count;
    this.#count(count * work);
    const data = new Float64Array(count);
    this.#buffers.add(data);
    return { dims, type, data };
  }

  /** A buffer that was made here is used no more, or `kept` by somebody who counts it. */
  forget(data: Float64Array, kept = false): void {
    if (this.#buffers.delete(data) && !kept) this.held -= data.length;
  }

  /** A node is run. */
  node(): void {
    this.#count(NODE);
  }

  #count(work: number): void {
    this.#work += work;
    if (this.#work > this.#limits.work)
      throw new Error(`the model takes more than the limit of ${this.#limits.work} operations`);
  }
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** An axis, counted from the end if negative. @throws when there is none */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(at) && at >= 0 && at < rank)) throw new Error(`axis ${axis} is none of ${rank}`);
  return at;
}

/** The shape that two shapes make together. @throws when they do not go together */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (m !== n && m !== 1 && n !== 1)
      throw new Error(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not go together`);
    return m === 1 ? n : m;
  });
}

/** For each number of a tensor of shape `to`, where it is in one of shape `from`, which is broadcast to it. */
export function places(from: readonly number[], to: readonly number[]): (i: number) => number {
  const count = sizeOf(from);
  // alike from the last axis on, as a number for each neuron is: again and again
  const trimmed = from.slice(from.findIndex((n) => n !== 1));
  if (count === 1) return () => 0;
  if (trimmed.every((n, i) => n === to[i - trimmed.length + to.length])) return (i) => i % count;
  const strides = to.map((_, i) => {
    const at = i - to.length + from.length;
    return at < 0 || from[at] === 1 ? 0 : sizeOf(from.slice(at + 1));
  });
  return (i) => {
    let [rest, place] = [i, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      place += (rest % to[axis]!) * strides[axis]!;
      rest = Math.floor(rest / to[axis]!);
    }
    return place;
  };
}

/** A whole tensor as indices or sizes. @throws on what is not whole */
export function wholeNumbers({ data }: Value): number[] {
  // shapes are short, whatever a file says
  if (data.length > 2 ** 20) throw new Error(`a list of ${data.length} sizes is too long`);
  const bad = data.find((x) => !Number.isInteger(x));
  if (bad !== undefined) throw new Error(`a size or index must be a whole number, got ${bad}`);
  return Array.from(data);
}

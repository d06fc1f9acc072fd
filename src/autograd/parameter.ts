/** What a matrix is drawn for: its shape [post, pre, ...], and its connections per postsynaptic and presynaptic neuron. */
export interface WeightShape {
  readonly shape: readonly number[];
  /** Mean number of connections into a neuron; masked ones do not count. */
  readonly fanIn: number;
  /** Mean number of connections out of a neuron. */
  readonly fanOut: number;
}

/** Gives all values of a parameter in order, rows by postsynaptic neuron. @param random uniform in [0, 1) */
export type Draw = (weight: WeightShape, random: () => number) => ArrayLike<number>;

/** How a parameter begins: a value, values, a normal distribution of this deviation, or as a function draws it. */
export type Init =
  | { readonly fill: number | ArrayLike<number> }
  | { readonly normal: number }
  | { readonly draw: Draw };

/** Rewiring during training, see `ConnectionOptions.rewire`. */
export interface Rewiring {
  /** How many connections there are at any time. */
  readonly connections: number;
  /** What every update takes off each active weight's magnitude. */
  readonly l1: number;
  /** Standard deviation of what every update adds to each active weight. */
  readonly noise: number;
}

export interface ParameterOptions {
  /** Default true. */
  readonly trainable?: boolean;
  /** The range in which kernels keep the value that they read, and to which an update brings it back. */
  readonly min?: number;
  readonly max?: number;
  /** No connection from a neuron to itself. */
  readonly noDiagonal?: boolean;
  /** Of the same shape: 0 where there is no connection. Where it is rewired, the connection's sign. */
  readonly mask?: Parameter;
  /** Gives a mask that is drawn with the weights. */
  readonly drawMask?: (random: () => number) => ArrayLike<number>;
  /** +1 or -1 for each column of the matrix [post, ...]: the sign of its weights. */
  readonly signs?: Parameter;
  /** Needs a mask. */
  readonly rewire?: Rewiring;
}

/** How many numbers parameters that are made may have, all together; a file that a net is read from sets it. */
let room = Infinity;

/** Makes layers whose parameters may have so many numbers together. */
export function within<T>(numbers: number, make: () => T): T {
  room = numbers;
  try {
    return make();
  } finally {
    room = Infinity;
  }
}

/** Numbers of a parameter of this shape. @throws when there is no room for them */
export function lengthOf(shape: readonly number[]): number {
  const length = shape.reduce((a, b) => a * b, 1);
  if (length <= room) return length;
  throw new Error(`[${shape}] numbers are more than the file has`);
}

/**
 * A number array that a net owns. It lives on the CPU; a device holds a copy while the net is bound to it, so building,
 * saving and inspecting a net needs no adapter and losing one loses no parameters.
 */
export class Parameter {
  /** As PyTorch would name it: `0.weight`, `0.recurrent.weight`, `0.tau`; set when the layer joins a net. */
  name = '';
  readonly data: Float32Array;
  /** Whether the values are there: given, or drawn. */
  drawn: boolean;

  /**
   * @param shape matrices are [post, pre]; constants of neurons [N], or [1] for one value a layer
   * @param init a value, values, or how `initialize` draws them
   */
  constructor(
    readonly shape: readonly number[],
    readonly init: Init,
    readonly options: ParameterOptions = {},
  ) {
    this.data = new Float32Array(lengthOf(shape));
    room -= this.data.length;
    this.drawn = 'fill' in init;
    this.reset();
  }

  /** Puts back the values that it began with, if it is not one that is drawn. */
  reset(): void {
    const { init } = this;
    if (!('fill' in init)) return;
    if (typeof init.fill === 'number') this.data.fill(init.fill);
    else this.#set(init.fill);
  }

  get trainable(): boolean {
    return this.options.trainable ?? true;
  }

  /** Draws the values anew, with the mask if that is drawn. @param random uniform in [0, 1) */
  initialize(random: () => number): void {
    const { init, data, options } = this;
    if ('fill' in init) return;
    this.drawn = true;
    if (options.drawMask) options.mask!.#set(options.drawMask(random));
    if ('draw' in init) this.#set(init.draw(this.#weightShape(), random));
    else for (let i = 0; i < data.length; i++) data[i] = init.normal * normal(random);
    this.#constrain();
  }

  #set(values: ArrayLike<number>): void {
    if (values.length !== this.data.length)
      throw new Error(
        `${this.#title()} of shape [${this.shape.join(', ')}]: expected ${this.data.length} values, got ${values.length}`,
      );
    this.data.set(values);
    const bad = this.data.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw new Error(`${this.#title()}: value ${bad} must be a finite number, got ${values[bad]}`);
  }

  #title(): string {
    return this.name ? `parameter '${this.name}'` : 'parameter';
  }

  #weightShape(): WeightShape {
    const { shape, data, options } = this;
    const connections = options.mask ? options.mask.data.reduce((n, x) => n + (x !== 0 ? 1 : 0), 0) : data.length;
    return { shape, fanIn: connections / shape[0]!, fanOut: connections / (shape[1] ?? shape[0]!) };
  }

  /** 0 where there is no connection, and the prescribed sign where there is one. */
  #constrain(): void {
    const { data, options } = this;
    const { noDiagonal, mask, signs, rewire } = options;
    if (!noDiagonal && !mask && !signs) return;
    const columns = data.length / this.shape[0]!;
    for (let i = 0; i < data.length; i++) {
      const [post, pre] = [Math.floor(i / columns), i % columns];
      if ((noDiagonal && post === pre) || (mask && mask.data[i] === 0)) data[i] = 0;
      else if (rewire) data[i] = Math.abs(data[i]!) * mask!.data[i]!;
      else if (signs) data[i] = Math.abs(data[i]!) * signs.data[pre]!;
    }
  }
}

/** A standard normal number (Box & Muller 1958). @param random uniform in [0, 1) */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

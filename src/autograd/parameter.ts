/** How a parameter begins. */
export type Init = { readonly fill: number | ArrayLike<number> } | { readonly normal: number };

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
   * @param init a value, values, or `normal` with a standard deviation, drawn by `initialize`
   * @param options trained or fixed; the range in which kernels keep the value that they read; no self-connections
   */
  constructor(
    readonly shape: readonly number[],
    readonly init: Init,
    readonly options: {
      readonly trainable?: boolean;
      readonly min?: number;
      readonly max?: number;
      readonly noDiagonal?: boolean;
    } = {},
  ) {
    const length = shape.reduce((a, b) => a * b, 1);
    this.data = new Float32Array(length);
    this.drawn = 'fill' in init;
    if ('fill' in init) {
      if (typeof init.fill === 'number') this.data.fill(init.fill);
      else if (init.fill.length !== length)
        throw new Error(`parameter of shape [${shape.join(', ')}]: expected ${length} values, got ${init.fill.length}`);
      else this.data.set(init.fill);
    }
  }

  get trainable(): boolean {
    return this.options.trainable ?? true;
  }

  /** Draws the values anew. @param random uniform in [0, 1) */
  initialize(random: () => number): void {
    if (!('normal' in this.init)) return;
    this.drawn = true;
    const columns = this.shape.at(-1)!;
    for (let i = 0; i < this.data.length; i++) {
      const value = this.init.normal * normal(random);
      this.data[i] = this.options.noDiagonal && Math.floor(i / columns) === i % columns ? 0 : value;
    }
  }
}

/** A standard normal number (Box & Muller 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

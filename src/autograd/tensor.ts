import type { Form } from '../device/storage.ts';
import type { Tape } from './tape.ts';

/** The valid steps of each sample of a batch; steps after them are padding. */
export interface Lengths {
  readonly tensor: Tensor;
  readonly values: Uint32Array;
}

/**
 * A value within one step: time-major, [T, B, N] for activations. It holds no data; it can be read once the tape has run,
 * if `keep()` was called before.
 */
export class Tensor {
  constructor(
    readonly tape: Tape,
    readonly id: number,
    readonly form: Form,
    readonly shape: readonly number[],
    readonly requiresGrad: boolean,
    readonly name: string,
    /** Undefined: every sample has all T steps. */
    readonly lengths: Lengths | undefined,
  ) {}

  /** Makes the value readable after the step; otherwise its memory is used again within it. */
  keep(): this {
    this.tape.keep(this);
    return this;
  }

  /** Makes the gradient readable after the step (for tests, and for attribution to inputs). */
  keepGradient(): this {
    this.tape.keepGradient(this);
    return this;
  }

  /**
   * The values, without padding, time-major; spikes as 0 and 1.
   *
   * @throws when the tape has not run, the tensor was not kept, or a later step has overwritten it
   */
  read(): Promise<Float32Array> {
    return this.tape.read(this);
  }

  /** The gradient of the loss, like `read`; keepGradient() must have been called. */
  readGradient(): Promise<Float32Array> {
    return this.tape.readGradient(this);
  }

  toString(): string {
    return `${this.name || `tensor ${this.id}`} ${this.form}[${this.shape.join(', ')}]`;
  }
}

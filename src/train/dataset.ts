import type { Form } from '../device/storage.ts';

/** Labelled sequences in memory. */
export interface DatasetSource {
  /** Time steps of a sequence, and values of a step. */
  readonly steps: number;
  readonly inputs: number;
  /** [count, steps, inputs], one sequence after the other. */
  readonly values: ArrayLike<number>;
  /** [count] integers from 0. */
  readonly labels: ArrayLike<number>;
  /** Valid steps of each sequence; all by default. */
  readonly lengths?: ArrayLike<number>;
  /** 'bits' for spikes (0 and 1), which reach the device as one bit each; 'f32' by default. */
  readonly form?: Extract<Form, 'f32' | 'bits'>;
}

/** A batch, time-major. */
export interface Batch {
  readonly shape: readonly [T: number, B: number, N: number];
  readonly values: Float32Array;
  readonly labels: Uint32Array;
  readonly lengths: Uint32Array | undefined;
}

/** Labelled sequences, checked once. */
export class Dataset {
  readonly count: number;
  readonly steps: number;
  readonly inputs: number;
  readonly form: 'f32' | 'bits';

  /** @throws when sizes do not fit, or data holds NaN, infinity, or in spikes anything but 0 and 1 */
  constructor(readonly source: DatasetSource) {
    const { steps, inputs, values, labels, lengths, form = 'f32' } = source;
    this.count = labels.length;
    [this.steps, this.inputs, this.form] = [steps, inputs, form];
    for (const [name, n] of Object.entries({ steps, inputs })) {
      if (!(Number.isInteger(n) && n > 0)) throw new Error(`Dataset: ${name} must be a whole number above 0, got ${n}`);
    }
    if (this.count === 0) throw new Error('Dataset: labels are empty; a data set needs at least one sequence');
    if (values.length !== this.count * steps * inputs) {
      throw new Error(
        `Dataset: values must have ${this.count} x ${steps} x ${inputs} = ${this.count * steps * inputs} entries, got ${values.length}`,
      );
    }
    if (lengths && lengths.length !== this.count)
      throw new Error(`Dataset: lengths must have ${this.count} entries, got ${lengths.length}`);
    for (let i = 0; i < this.count; i++) {
      if (!(Number.isInteger(labels[i]) && labels[i]! >= 0))
        throw new Error(`Dataset: labels[${i}] must be an integer from 0 on, got ${labels[i]}`);
      if (lengths && !(Number.isInteger(lengths[i]) && lengths[i]! > 0 && lengths[i]! <= steps))
        throw new Error(`Dataset: lengths[${i}] must be in 1..${steps}, got ${lengths[i]}`);
    }
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (form === 'bits' ? x !== 0 && x !== 1 : !Number.isFinite(x)) {
        const [sequence, step] = [Math.floor(i / (steps * inputs)), Math.floor(i / inputs) % steps];
        throw new Error(
          `Dataset: sequence ${sequence}, step ${step}, input ${i % inputs} is ${x}, expected ${form === 'bits' ? '0 or 1' : 'a finite number'}`,
        );
      }
    }
  }

  /** These sequences, in this order, time-major. */
  batch(which: ArrayLike<number>): Batch {
    const { steps: T, inputs: N, source } = this;
    const B = which.length;
    const values = new Float32Array(T * B * N);
    for (let b = 0; b < B; b++) {
      const from = which[b]! * T * N;
      for (let t = 0; t < T; t++)
        for (let n = 0; n < N; n++) values[(t * B + b) * N + n] = source.values[from + t * N + n]!;
    }
    const take = (list: ArrayLike<number>): Uint32Array => Uint32Array.from({ length: B }, (_, b) => list[which[b]!]!);
    return { shape: [T, B, N], values, labels: take(source.labels), lengths: source.lengths && take(source.lengths) };
  }

  /** A data set of some of the sequences. */
  subset(which: ArrayLike<number>): Dataset {
    const { steps, inputs, values, labels, lengths, form } = this.source;
    const size = steps * inputs;
    const chosen = new Float32Array(which.length * size);
    for (let i = 0; i < which.length; i++) {
      if (!(which[i]! >= 0 && which[i]! < this.count))
        throw new Error(`Dataset.subset: ${which[i]} is outside 0..${this.count - 1}`);
      for (let k = 0; k < size; k++) chosen[i * size + k] = values[which[i]! * size + k]!;
    }
    const take = (list: ArrayLike<number>): Uint32Array =>
      Uint32Array.from({ length: which.length }, (_, i) => list[which[i]!]!);
    return new Dataset({
      steps,
      inputs,
      values: chosen,
      labels: take(labels),
      form,
      ...(lengths ? { lengths: take(lengths) } : {}),
    });
  }
}

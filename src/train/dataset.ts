import type { Form } from '../device/storage.ts';
import type { LossFunction } from '../loss/index.ts';

/** Labelled sequences in memory. */
export interface DatasetSource {
  /** Time steps of a sequence, and values of a step. */
  readonly steps: number;
  readonly inputs: number;
  /** [count, steps, inputs], one sequence after the other. */
  readonly values: ArrayLike<number>;
  /** [count] integers from 0. May be left out where there are targets. */
  readonly labels?: ArrayLike<number>;
  /**
   * Numbers that the outputs should have, for a loss with `targets: 'values'`: one sequence after the other, each of the
   * shape [outputs], or [steps, outputs].
   */
  readonly targets?: { readonly shape: readonly number[]; readonly values: ArrayLike<number> };
  /** Valid steps of each sequence; all by default. */
  readonly lengths?: ArrayLike<number>;
  /** 'bits' for spikes (0 and 1), which reach the device as one bit each; 'f32' by default. */
  readonly form?: Extract<Form, 'f32' | 'bits'>;
}

/** A batch, time-major. */
export interface Batch {
  readonly shape: readonly [T: number, B: number, N: number];
  readonly values: Float32Array;
  /** Empty where the data set has none. */
  readonly labels: Uint32Array;
  /** [B, outputs], or [T, B, outputs]. */
  readonly targets: Float32Array | undefined;
  readonly lengths: Uint32Array | undefined;
}

/** What a loss compares the outputs for a batch with. @throws when the data set does not have it */
export function answersOf({ labels, targets }: Batch, loss: LossFunction): ArrayLike<number> {
  if (loss.targets !== 'values' && labels.length > 0) return labels;
  if (loss.targets === 'values' && targets) return targets;
  throw new Error(
    `Dataset: the loss needs ${loss.targets === 'values' ? 'targets' : 'labels'}, and the data set has none`,
  );
}

/** Labelled sequences, checked once. */
export class Dataset {
  readonly count: number;
  readonly steps: number;
  readonly inputs: number;
  readonly form: 'f32' | 'bits';

  /** @throws when sizes do not fit, or data holds NaN, infinity, or in spikes anything but 0 and 1 */
  constructor(readonly source: DatasetSource) {
    const { steps, inputs, values, labels, targets, lengths, form = 'f32' } = source;
    if (!labels && !targets) throw new Error('Dataset: needs labels or targets');
    this.count = labels ? labels.length : targets!.values.length / size(targets!.shape);
    [this.steps, this.inputs, this.form] = [steps, inputs, form];
    for (const [name, n] of Object.entries({ steps, inputs })) {
      if (!(Number.isInteger(n) && n > 0)) throw new Error(`Dataset: ${name} must be a whole number above 0, got ${n}`);
    }
    if (this.count === 0)
      throw new Error(`Dataset: ${labels ? 'labels' : 'targets'} are empty; a data set needs at least one sequence`);
    if (targets) checkTargets(targets, steps, this.count);
    if (values.length !== this.count * steps * inputs) {
      throw new Error(
        `Dataset: values must have ${this.count} x ${steps} x ${inputs} = ${this.count * steps * inputs} entries, got ${values.length}`,
      );
    }
    if (lengths && lengths.length !== this.count)
      throw new Error(`Dataset: lengths must have ${this.count} entries, got ${lengths.length}`);
    for (let i = 0; i < this.count; i++) {
      if (labels && !(Number.isInteger(labels[i]) && labels[i]! >= 0))
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
    return {
      shape: [T, B, N],
      values,
      labels: source.labels ? take(source.labels) : new Uint32Array(0),
      targets: source.targets && timeMajor(source.targets, which),
      lengths: source.lengths && take(source.lengths),
    };
  }

  /** A data set of some of the sequences. */
  subset(which: ArrayLike<number>): Dataset {
    const { steps, inputs, values, labels, targets, lengths, form } = this.source;
    const each = steps * inputs;
    const chosen = new Float32Array(which.length * each);
    for (let i = 0; i < which.length; i++) {
      if (!(which[i]! >= 0 && which[i]! < this.count))
        throw new Error(`Dataset.subset: ${which[i]} is outside 0..${this.count - 1}`);
      for (let k = 0; k < each; k++) chosen[i * each + k] = values[which[i]! * each + k]!;
    }
    const take = (list: ArrayLike<number>): Uint32Array =>
      Uint32Array.from({ length: which.length }, (_, i) => list[which[i]!]!);
    return new Dataset({
      steps,
      inputs,
      values: chosen,
      form,
      ...(labels ? { labels: take(labels) } : {}),
      ...(targets ? { targets: { shape: targets.shape, values: sequences(targets, which) } } : {}),
      ...(lengths ? { lengths: take(lengths) } : {}),
    });
  }
}

type Targets = NonNullable<DatasetSource['targets']>;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function checkTargets({ shape, values }: Targets, steps: number, count: number): void {
  const fits = shape.length === 1 || (shape.length === 2 && shape[0] === steps);
  if (!fits || shape.some((n) => !(Number.isInteger(n) && n > 0)))
    throw new Error(`Dataset: targets must have the shape [outputs] or [${steps}, outputs], got [${shape.join(', ')}]`);
  if (values.length !== count * size(shape))
    throw new Error(
      `Dataset: targets must have ${count} x ${shape.join(' x ')} = ${count * size(shape)} values, got ${values.length}`,
    );
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      throw new Error(`Dataset: targets[${i}] is ${values[i]}, expected a finite number`);
}

/** Targets of these sequences, one after the other. */
function sequences({ shape, values }: Targets, which: ArrayLike<number>): Float32Array {
  const each = size(shape);
  return Float32Array.from(
    { length: which.length * each },
    (_, i) => values[which[Math.floor(i / each)]! * each + (i % each)]!,
  );
}

/** The same as [B, outputs], or [T, B, outputs]. */
function timeMajor(targets: Targets, which: ArrayLike<number>): Float32Array {
  const chosen = sequences(targets, which);
  const [T, N] = targets.shape as [number, number?];
  if (N === undefined) return chosen;
  const B = which.length;
  const out = new Float32Array(T * B * N);
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++) out.set(chosen.subarray((b * T + t) * N, (b * T + t + 1) * N), (t * B + b) * N);
  return out;
}

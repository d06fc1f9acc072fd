import type { SampleForm } from '../autograd/sample.ts';
import { onlyKnown } from '../neurons/nearest.ts';

/** Labelled sequences in memory. */
export interface DatasetSource {
  /** Time steps of a sequence, and values of a step. */
  readonly steps: number;
  readonly inputs: number;
  /** [count, steps, inputs], one sequence after the other. */
  readonly values: ArrayLike<number>;
  /** [count] integers from 0, or [count, steps], one for each step. May be left out where there are targets. */
  readonly labels?: ArrayLike<number>;
  /**
   * Numbers that the outputs should have, for a loss with `targets: 'values'`: one sequence after the other, each of the
   * shape [outputs], or [steps, outputs].
   */
  readonly targets?: { readonly shape: readonly number[]; readonly values: ArrayLike<number> };
  /** Valid steps of each sequence; all by default. */
  readonly lengths?: ArrayLike<number>;
  /** [count, steps] how much each step counts in the loss, finite and not below 0; 1 each by default. */
  readonly mask?: ArrayLike<number>;
  /**
   * 'bits' for spikes (0 and 1), which reach the device as bits; 'bytes' for pixels (0..255), which reach it as one byte
   * each and the net as value / 255; 'f32' by default.
   */
  readonly form?: SampleForm;
}

/** A batch, time-major. */
export interface Batch {
  readonly shape: readonly [T: number, B: number, N: number];
  /** [T, B, N]; spikes may also be words of 32 inputs, Uint32Array [T, B, ceil(N / 32)]. */
  readonly values: Float32Array | Uint8Array | Uint32Array;
  /** [B], or [T, B]; empty where the data set has none. */
  readonly labels: Uint32Array;
  /** [B, outputs], or [T, B, outputs]. */
  readonly targets: Float32Array | undefined;
  readonly lengths: Uint32Array | undefined;
  /** [T, B] */
  readonly mask: Float32Array | undefined;
  readonly form: SampleForm;
}

/** What values of each form may be. */
const VALUES: Readonly<Record<SampleForm, { readonly text: string; readonly fits: (x: number) => boolean }>> = {
  f32: { text: 'a finite number', fits: Number.isFinite },
  bits: { text: '0 or 1', fits: (x) => x === 0 || x === 1 },
  bytes: { text: 'an integer in 0..255', fits: (x) => x >= 0 && x <= 255 && Number.isInteger(x) },
};

/** Labelled sequences, checked once. */
export class Dataset {
  readonly count: number;
  readonly steps: number;
  readonly inputs: number;
  readonly form: SampleForm;
  /** Whether each step has a label. */
  readonly #stepwise: boolean;

  /** @throws when sizes do not fit, or values are not what the form says: finite, spikes 0 and 1, bytes 0..255 */
  constructor(readonly source: DatasetSource) {
    const { steps, inputs, values, labels, targets, lengths, mask, form = 'f32' } = source;
    onlyKnown('Dataset', source, ['steps', 'inputs', 'values', 'labels', 'targets', 'lengths', 'mask', 'form']);
    if (!Object.hasOwn(VALUES, form)) throw new Error(`Dataset: form must be 'f32', 'bits' or 'bytes', got '${form}'`);
    const { text, fits } = VALUES[form];
    if (!labels && !targets) throw new Error('Dataset: needs labels or targets');
    this.count = labels ? labels.length : targets!.values.length / size(targets!.shape);
    this.#stepwise = steps > 1 && !!labels && labels.length * inputs === values.length;
    if (this.#stepwise) this.count /= steps;
    [this.steps, this.inputs, this.form] = [steps, inputs, form];
    for (const [name, n] of Object.entries({ steps, inputs })) {
      if (!(Number.isInteger(n) && n > 0)) throw new Error(`Dataset: ${name} must be a whole number above 0, got ${n}`);
    }
    if (this.count === 0)
      throw new Error(`Dataset: ${labels ? 'labels' : 'targets'} are empty; a data set needs at least one sequence`);
    if (targets) checkTargets(targets, steps, Math.ceil(this.count));
    if (values.length !== this.count * steps * inputs) {
      throw new Error(
        `Dataset: values must have ${this.count} x ${steps} x ${inputs} = ${this.count * steps * inputs} entries, got ${values.length}`,
      );
    }
    if (lengths && lengths.length !== this.count)
      throw new Error(`Dataset: lengths must have ${this.count} entries, got ${lengths.length}`);
    if (mask && mask.length !== this.count * steps)
      throw new Error(
        `Dataset: mask must have ${this.count} x ${steps} entries (sequences x steps), got ${mask.length}`,
      );
    for (let i = 0; i < (mask?.length ?? 0); i++)
      if (!(mask![i]! >= 0 && Number.isFinite(mask![i])))
        throw new Error(`Dataset: mask[${i}] must be finite and not below 0, got ${mask![i]}`);
    for (let i = 0; i < (labels?.length ?? 0); i++)
      if (!(Number.isInteger(labels![i]) && labels![i]! >= 0))
        throw new Error(`Dataset: labels[${i}] must be an integer from 0 on, got ${labels![i]}`);
    for (let i = 0; i < this.count; i++) {
      if (lengths && !(Number.isInteger(lengths[i]) && lengths[i]! > 0 && lengths[i]! <= steps))
        throw new Error(`Dataset: lengths[${i}] must be in 1..${steps}, got ${lengths[i]}`);
    }
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (!fits(x)) {
        const [sequence, step] = [Math.floor(i / (steps * inputs)), Math.floor(i / inputs) % steps];
        throw new Error(`Dataset: sequence ${sequence}, step ${step}, input ${i % inputs} is ${x}, expected ${text}`);
      }
    }
  }

  /** These sequences, in this order, time-major. */
  batch(which: ArrayLike<number>): Batch {
    const { steps: T, inputs: N, source } = this;
    this.#checkIndices('batch', which);
    const { labels, targets, lengths, mask } = source;
    const stepwise = (of: ArrayLike<number>, width: number): Float32Array =>
      timeMajor({ shape: [T, width], values: of }, which);
    return {
      shape: [T, which.length, N],
      values: stepwise(source.values, N),
      labels: labels ? this.#labels(labels, which, timeMajor) : new Uint32Array(0),
      targets: targets && timeMajor(targets, which),
      lengths: lengths && taken(lengths, which),
      mask: mask && stepwise(mask, 1),
      form: this.form,
    };
  }

  /** A data set of some of the sequences. */
  subset(which: ArrayLike<number>): Dataset {
    this.#checkIndices('subset', which);
    const { steps, inputs, values, labels, targets, lengths, mask, form } = this.source;
    return new Dataset({
      steps,
      inputs,
      values: sequences({ shape: [steps, inputs], values }, which),
      ...(form ? { form } : {}),
      ...(labels ? { labels: this.#labels(labels, which, sequences) } : {}),
      ...(targets ? { targets: { shape: targets.shape, values: sequences(targets, which) } } : {}),
      ...(lengths ? { lengths: taken(lengths, which) } : {}),
      ...(mask ? { mask: sequences({ shape: [steps], values: mask }, which) } : {}),
    });
  }

  /** Labels of some sequences; those of steps in the order that `arrange` makes. */
  #labels(labels: ArrayLike<number>, which: ArrayLike<number>, arrange: typeof sequences): Uint32Array {
    if (!this.#stepwise) return taken(labels, which);
    return Uint32Array.from(arrange({ shape: [this.steps, 1], values: labels }, which));
  }

  #checkIndices(what: string, which: ArrayLike<number>): void {
    for (let i = 0; i < which.length; i++)
      if (!(Number.isInteger(which[i]) && which[i]! >= 0 && which[i]! < this.count))
        throw new Error(`Dataset.${what}: ${which[i]} is outside 0..${this.count - 1}`);
  }
}

const taken = (list: ArrayLike<number>, which: ArrayLike<number>): Uint32Array =>
  Uint32Array.from({ length: which.length }, (_, i) => list[which[i]!]!);

type Sequences = NonNullable<DatasetSource['targets']>;

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function checkTargets({ shape, values }: Sequences, steps: number, count: number): void {
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

/** Some sequences, one after the other. */
function sequences({ shape, values }: Sequences, which: ArrayLike<number>): Float32Array {
  const each = size(shape);
  const out = new Float32Array(which.length * each);
  for (let i = 0; i < which.length; i++)
    for (let k = 0; k < each; k++) out[i * each + k] = values[which[i]! * each + k]!;
  return out;
}

/** The same as [T, B, N], or [B, N] where there is one row for each. */
function timeMajor({ shape, values }: Sequences, which: ArrayLike<number>): Float32Array {
  const [T, N] = [shape.length === 2 ? shape[0]! : 1, shape.at(-1)!];
  const B = which.length;
  const out = new Float32Array(T * B * N);
  for (let b = 0; b < B; b++) {
    const from = which[b]! * T * N;
    for (let t = 0; t < T; t++) for (let n = 0; n < N; n++) out[(t * B + b) * N + n] = values[from + t * N + n]!;
  }
  return out;
}

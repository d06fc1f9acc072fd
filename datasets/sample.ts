/** How a net's input reaches the device: as floats, as spikes of one bit, or as pixels of one byte. */
export type SampleForm = 'f32' | 'bits' | 'bytes';

/** A sequence as a decoder gives it. */
export interface Sample {
  /**
   * [steps, inputs]: numbers; of the form 'bytes' integers 0..255; of the form 'bits' spikes 0 and 1, or as Uint32Array
   * [steps, ceil(inputs / 32)] with 32 inputs a word, the first in its lowest bit, as `BitRows` makes them.
   */
  readonly values: ArrayLike<number>;
  /** Class, an integer from 0; may be left out where the loader has `labels`, or where there are targets. */
  readonly label?: number;
  /** [steps] a class for each step in the place of one for the sample, for losses that judge each step. */
  readonly labels?: ArrayLike<number>;
  /** Numbers that the outputs should have, of the shape [outputs], or [steps, outputs]. */
  readonly targets?: { readonly shape: readonly number[]; readonly values: ArrayLike<number> };
  /** [steps] how much each step counts in the loss, finite and not below 0; 1 each by default. */
  readonly mask?: ArrayLike<number>;
}

/** Spikes of a sample, a bit each: `set(step, input)`, then `words` are the sample's values. */
export class BitRows {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #pitch: number;

  constructor(
    readonly steps: number,
    readonly inputs: number,
  ) {
    this.#pitch = Math.ceil(inputs / 32);
    this.words = new Uint32Array(steps * this.#pitch);
  }

  set(step: number, input: number): void {
    const at = step * this.#pitch + (input >>> 5);
    this.words[at] = (this.words[at] as number) | (1 << (input & 31));
  }

  get(step: number, input: number): boolean {
    return (((this.words[step * this.#pitch + (input >>> 5)] as number) >>> (input & 31)) & 1) === 1;
  }
}

/** What values of each form may be. */
const VALUES: Readonly<Record<SampleForm, { readonly text: string; readonly fits: (x: number) => boolean }>> = {
  f32: { text: 'a finite number', fits: Number.isFinite },
  bits: { text: '0 or 1', fits: (x) => x === 0 || x === 1 },
  bytes: { text: 'an integer in 0..255', fits: (x) => x >= 0 && x <= 255 && Number.isInteger(x) },
};

/** Whether spikes are given 32 a word; of a single input both forms are the same numbers. */
const arePacked = (values: ArrayLike<number>, rows: number, inputs: number): boolean =>
  values instanceof Uint32Array && rows > 0 && values.length === rows * Math.ceil(inputs / 32);

/**
 * How many steps a sample has.
 *
 * @param name what messages call it
 * @throws when its values are not those of whole steps, or not what the form says, or its mask or targets do not fit
 */
export function stepsOf(sample: Sample, inputs: number, form: SampleForm, name: string): number {
  const { values, mask, targets, label, labels } = sample;
  if (typeof values?.length !== 'number') throw new Error(`${name}: values must be an array of numbers, got ${values}`);
  // Packed rows are fewer numbers than unpacked ones; a Uint32Array of spikes is taken as packed.
  const packed = form === 'bits' && values instanceof Uint32Array;
  const width = packed ? Math.ceil(inputs / 32) : inputs;
  const steps = values.length / width;
  if (!Number.isInteger(steps) || steps === 0) {
    const each = packed ? `${width} words (${inputs} inputs, 32 a word)` : `${inputs} inputs`;
    throw new Error(`${name}: values must be whole steps of ${each}, got ${values.length} values`);
  }
  if (packed) checkLastWords(values, width, inputs, name);
  else checkValues(values, inputs, form, name);
  if (mask && mask.length !== steps)
    throw new Error(`${name}: mask must have one entry for each of ${steps} steps, got ${mask.length}`);
  for (let t = 0; t < (mask?.length ?? 0); t++) {
    const weight = (mask as ArrayLike<number>)[t] as number;
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw new Error(`${name}: mask[${t}] must be finite and not below 0, got ${weight}`);
  }
  if (labels && labels.length !== steps)
    throw new Error(`${name}: labels must have one entry for each of ${steps} steps, got ${labels.length}`);
  const classes = labels ?? (label === undefined ? [] : [label]);
  for (let t = 0; t < classes.length; t++) {
    if (!(Number.isInteger(classes[t]) && (classes[t] as number) >= 0))
      throw new Error(`${name}: ${labels ? `labels[${t}]` : 'label'} must be an integer from 0 on, got ${classes[t]}`);
  }
  if (targets) checkTargets(targets, steps, name);
  return steps;
}

/** The values of a sample in words, packed where they are not. */
export function wordsOf(values: ArrayLike<number>, steps: number, inputs: number): ArrayLike<number> {
  if (arePacked(values, steps, inputs)) return values;
  const bits = new BitRows(steps, inputs);
  for (let t = 0; t < steps; t++) for (let n = 0; n < inputs; n++) if (values[t * inputs + n] === 1) bits.set(t, n);
  return bits.words;
}

function checkValues(values: ArrayLike<number>, inputs: number, form: SampleForm, name: string): void {
  if (form === 'bytes' && (values instanceof Uint8Array || values instanceof Uint8ClampedArray)) return;
  const { text, fits } = VALUES[form];
  for (let i = 0; i < values.length; i++) {
    if (!fits(values[i] as number))
      throw new Error(`${name}: step ${Math.floor(i / inputs)}, input ${i % inputs} is ${values[i]}, expected ${text}`);
  }
}

/** Words have bits beyond the last input; those are 0. */
function checkLastWords(words: ArrayLike<number>, width: number, inputs: number, name: string): void {
  if (inputs % 32 === 0) return;
  for (let i = width - 1; i < words.length; i += width) {
    if ((words[i] as number) >>> (inputs % 32) !== 0)
      throw new Error(
        `${name}: step ${(i + 1) / width - 1}: spikes of inputs beyond the ${inputs} there are; a Uint32Array has 32 inputs a word`,
      );
  }
}

function checkTargets({ shape, values }: NonNullable<Sample['targets']>, steps: number, name: string): void {
  const fits = shape.length === 1 || (shape.length === 2 && shape[0] === steps);
  if (!fits || shape.some((n) => !(Number.isInteger(n) && n > 0)))
    throw new Error(`${name}: targets must have the shape [outputs] or [${steps}, outputs], got [${shape.join(', ')}]`);
  const count = shape.reduce((a, b) => a * b, 1);
  if (values.length !== count)
    throw new Error(`${name}: targets must have ${shape.join(' x ')} = ${count} values, got ${values.length}`);
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(values[i]))
      throw new Error(`${name}: targets[${i}] is ${values[i]}, expected a finite number`);
  }
}

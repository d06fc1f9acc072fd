import { type Sample, type SampleForm, wordsOf } from './sample.ts';

/** A batch, time-major, as `fit` and `evaluate` take it. */
export interface LoadedBatch {
  readonly shape: readonly [T: number, B: number, N: number];
  /** [T, B, N]; of the form 'bytes' as bytes; of the form 'bits' as words [T, B, ceil(N / 32)], 32 inputs a word. */
  readonly values: Float32Array | Uint8Array | Uint32Array;
  /** [B]; [T, B] where samples have one for each step; empty where they have none. */
  readonly labels: Uint32Array;
  /** [B, outputs], or [T, B, outputs]. */
  readonly targets: Float32Array | undefined;
  readonly lengths: Uint32Array | undefined;
  /** [T, B] */
  readonly mask: Float32Array | undefined;
  readonly form: SampleForm;
}

/** What a batch is made of besides the samples, which have been checked. */
export interface BatchPlan {
  readonly inputs: number;
  readonly form: SampleForm;
  /** Steps of the batch. */
  readonly steps: number;
  /** Valid steps of each sample. */
  readonly lengths: Uint32Array;
  /** Whether the batch carries them. */
  readonly unequal: boolean;
  /** Class of each sample, where the loader has them. */
  readonly labels: Uint32Array | undefined;
  /** What messages call a sample. */
  readonly nameOf: (b: number) => string;
}

/** Puts samples beside each other, padded by zeros. @throws when they do not go together, with the sample */
export function batchOf(samples: readonly Sample[], plan: BatchPlan): LoadedBatch {
  const { inputs, form, steps, lengths, unequal } = plan;
  const B = samples.length;
  const width = form === 'bits' ? Math.ceil(inputs / 32) : inputs;
  const values = zeros(form, steps * B * width);
  samples.forEach((sample, b) => {
    const n = lengths[b] as number;
    interleave(form === 'bits' ? wordsOf(sample.values, n, inputs) : sample.values, values, { steps: n, width, B, b });
  });
  return {
    shape: [steps, B, inputs],
    values,
    labels: labelsOf(samples, plan),
    targets: targetsOf(samples, plan),
    lengths: unequal ? lengths : undefined,
    mask: maskOf(samples, plan),
    form,
  };
}

function zeros(form: SampleForm, n: number): Float32Array | Uint8Array | Uint32Array {
  if (form === 'bits') return new Uint32Array(n);
  return form === 'bytes' ? new Uint8Array(n) : new Float32Array(n);
}

interface Place {
  steps: number;
  /** Numbers of a step. */
  width: number;
  B: number;
  b: number;
}

/** One sample's rows to their places among those of the others. */
function interleave(from: ArrayLike<number>, to: Float32Array | Uint8Array | Uint32Array, place: Place): void {
  const { steps, width, B, b } = place;
  for (let t = 0; t < steps; t++) {
    const [source, target] = [t * width, (t * B + b) * width];
    for (let n = 0; n < width; n++) to[target + n] = from[source + n] as number;
  }
}

/** One a sample, or one a step: then 0 past a sample's end. */
function labelsOf(samples: readonly Sample[], { labels, nameOf, steps, lengths }: BatchPlan): Uint32Array {
  if (labels) return labels;
  const kind = ({ label, labels: each, targets }: Sample): string => {
    if (each) return 'a label for each step';
    return label !== undefined ? 'a label' : targets ? 'targets alone' : 'neither label nor targets';
  };
  const first = kind(samples[0] as Sample);
  const other = samples.findIndex((sample) => kind(sample) !== first);
  if (other >= 0) throw new Error(`${nameOf(other)}: has ${kind(samples[other] as Sample)}, ${nameOf(0)} has ${first}`);
  if (first === 'targets alone') return new Uint32Array(0);
  if (first === 'a label') return Uint32Array.from(samples, ({ label }) => label as number);
  if (first !== 'a label for each step') throw new Error(`${nameOf(0)}: needs a label or targets`);
  const B = samples.length;
  const out = new Uint32Array(steps * B);
  samples.forEach(({ labels: each }, b) => {
    interleave(each as ArrayLike<number>, out, { steps: lengths[b] as number, width: 1, B, b });
  });
  return out;
}

function targetsOf(samples: readonly Sample[], { steps, lengths, nameOf }: BatchPlan): Float32Array | undefined {
  const first = samples[0]?.targets;
  const kind = (targets: Sample['targets']): string =>
    targets ? `targets ${targets.shape.length === 2 ? '[steps, ' : '['}${targets.shape.at(-1)}]` : 'no targets';
  const other = samples.findIndex(({ targets }) => kind(targets) !== kind(first));
  if (other >= 0)
    throw new Error(`${nameOf(other)}: has ${kind(samples[other]?.targets)}, ${nameOf(0)} has ${kind(first)}`);
  if (!first) return undefined;
  const B = samples.length;
  const perStep = first.shape.length === 2;
  const width = first.shape.at(-1) as number;
  const out = new Float32Array((perStep ? steps : 1) * B * width);
  samples.forEach(({ targets }, b) => {
    const n = perStep ? (lengths[b] as number) : 1;
    interleave((targets as NonNullable<Sample['targets']>).values, out, { steps: n, width, B, b });
  });
  return out;
}

/** 1 where a sample of the batch has none, 0 past its end. */
function maskOf(samples: readonly Sample[], { steps, lengths }: BatchPlan): Float32Array | undefined {
  if (samples.every(({ mask }) => mask === undefined)) return undefined;
  const B = samples.length;
  const out = new Float32Array(steps * B);
  samples.forEach(({ mask }, b) => {
    for (let t = 0; t < (lengths[b] as number); t++) out[t * B + b] = mask ? (mask[t] as number) : 1;
  });
  return out;
}

import { input } from '../autograd/input.ts';
import type { Loss } from '../autograd/loss.ts';
import type { Lowering } from '../autograd/lowering.ts';
import type { Node, Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Storage } from '../device/storage.ts';
import { loss as kernel, LARGEST_LOSS, POOL, TARGET } from '../kernels/loss.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';
import { countedSamples, type MaskOptions, sizes, timeWeights, weights } from './options.ts';
import { lossOf, type Part } from './result.ts';

/**
 * What of the outputs over time is judged:
 * - 'last': the last counted step
 * - 'each step': every counted step, and the mean of the losses is taken
 * - { cue: n }: the same for the last n counted steps
 * - 'mean': the mean output over the counted steps; of spikes, the rate
 * - 'sum': their sum; of spikes, the count
 * - 'max': each output's maximum over them; its gradient goes to the first step that has it
 */
export type At = 'last' | 'each step' | 'mean' | 'sum' | 'max' | { cue: number };

const NAMES = ['last', 'each step', 'mean', 'sum', 'max'];

export interface SequenceOptions extends MaskOptions {
  at?: At;
  /** [N] weights of classes, finite and not below 0 (default 1 each). The mean over samples is weighted by them. */
  classWeights?: ArrayLike<number>;
}

interface Attrs {
  readonly name: string;
  readonly pool: number;
  readonly window: number;
  readonly target: number;
  readonly squares: boolean;
  readonly smoothed: boolean;
  /** 1 over the samples that count, or over the sum of their class weights. */
  readonly share: number;
  readonly numbers: readonly number[];
  weight: number;
}

const INPUT = { outputs: 0, labels: 1, targets: 2, classWeights: 3, mask: 4 } as const;

const op: Op<Attrs> = {
  name: 'loss',
  key: (a) => [a.name, a.pool, a.window, a.target, a.squares, a.smoothed].join(),
  slots: ({ attrs }) => ({ numbers: [attrs.weight * attrs.share, ...attrs.numbers] }),
  forward(low, node) {
    const { attrs, inputs } = node;
    const o = inputs[INPUT.outputs]!;
    const [T, B, N] = o.shape as [number, number, number];
    const grad = gradientFor(low, node);
    const at = (k: keyof typeof INPUT) => {
      const t = inputs[INPUT[k]];
      return t ? low.of(t) : null;
    };
    // a mask has the samples' ends in it
    const masked = at('mask') !== null;
    low.call(kernel, node.label, {
      variant: {
        constants: {
          N,
          POOL: attrs.pool,
          TARGET: attrs.target,
          SQUARES: attrs.squares,
          SPIKES: o.form === 'bits',
          SMOOTHED: attrs.smoothed,
          HAS_CLASS_WEIGHTS: at('classWeights') !== null,
          HAS_LENGTHS: !masked && o.lengths !== undefined,
          HAS_MASK: masked,
          HAS_GRAD: grad !== null,
          KEPT: attrs.pool !== POOL.none || attrs.target === TARGET.label ? N : 1,
          KEPT_STEPS: attrs.pool === POOL.max ? N : 1,
        },
      },
      dims: { T, B, window: masked ? T : attrs.window, numbers: node.slotBase.numbers! },
      buffers: {
        outputs: low.of(o),
        labels: at('labels'),
        targets: at('targets'),
        class_weights: at('classWeights'),
        lengths: !masked && o.lengths ? low.of(o.lengths.tensor) : null,
        mask: at('mask'),
        result: low.give(node.outputs[0]!, low.make(node.label, 'f32', [B, 4])),
        grad,
      },
      groups: [B, 1, 1],
    });
    if (grad) low.addGradient(o, grad);
  },
};

/** Memory for the gradient of a loss's outputs; null when none is wanted: a loss that is only looked at sends none. */
export function gradientFor(low: Lowering, node: Pick<Node, 'inputs' | 'outputs'>): Storage | null {
  const o = node.inputs[0]!;
  const wanted = low.needs(o) && (low.tape.loss?.terms.some((t) => t.term.tensor === node.outputs[0]) ?? false);
  return wanted ? low.make('gradient of the outputs', 'f32', o.shape) : null;
}

/** @throws when an option of `SequenceOptions` is not what it should be */
export function checkSequence(owner: string, options: SequenceOptions, known: readonly string[]): void {
  onlyKnown(owner, options, ['at', 'classWeights', 'mask', ...known]);
  const { at, classWeights, mask } = options;
  if (typeof at === 'string' && !NAMES.includes(at)) throw new Error(`${owner}: at is '${at}'${suggest(at, NAMES)}`);
  if (
    at !== undefined &&
    typeof at !== 'string' &&
    !(typeof at === 'object' && Number.isInteger(at?.cue) && at.cue > 0)
  ) {
    const names = NAMES.map((n) => `'${n}'`).join(', ');
    throw new Error(`${owner}: at must be ${names} or { cue: steps above 0 }, got ${JSON.stringify(at)}`);
  }
  weights(owner, 'classWeights', classWeights);
  weights(owner, 'mask', mask);
}

/** Records a loss; options have been checked. */
export function sequenceLoss(
  owner: string,
  name: string,
  outputs: Tensor,
  given: { labels: ArrayLike<number> } | { values: ArrayLike<number> },
  options: Required<Pick<SequenceOptions, 'at'>> &
    SequenceOptions & { squares: boolean; smoothed: boolean; numbers: readonly number[] },
  part?: Part,
): { loss: Loss; result: Tensor } {
  const [T, B, N] = sizes(owner, outputs);
  const { at, classWeights, mask, squares, smoothed, numbers } = options;
  const { tape } = outputs;
  const [pool, window] = poolOf(at, T);
  const labels = 'labels' in given ? given.labels : null;
  const labelPerStep = labels !== null && pool === POOL.none && window > 1 && labels.length === T * B;
  if (labels) checkLabels(owner, labels, [T, B, N], pool === POOL.none && window > 1);
  if (labelPerStep && classWeights)
    throw new Error(`${owner}: classWeights go with one label a sample, not with one a step`);
  if (classWeights && classWeights.length !== N)
    throw new Error(`${owner}: classWeights must have one entry for each of ${N} classes, got ${classWeights.length}`);
  const largest = pool === POOL.max ? LARGEST_LOSS.max : LARGEST_LOSS.pooled;
  if ((pool !== POOL.none || labels) && N > largest)
    throw new Error(`${owner}: outputs may have ${largest} neurons here, got ${N}`);

  const perStep = 'values' in given && given.values.length === T * B * N && pool === POOL.none;
  if ('values' in given && !perStep && given.values.length !== B * N) {
    const steps = pool === POOL.none ? ` or ${T} x ${B} x ${N} (steps x samples x neurons)` : '';
    throw new Error(
      `${owner}: targets must have ${B} x ${N} (samples x neurons)${steps} values, got ${given.values.length}`,
    );
  }
  const stepWeights = timeWeights(owner, outputs, mask, part, window);
  const counted = countedSamples(outputs, stepWeights);
  let total = 0;
  for (let b = 0; b < B; b++) if (counted[b]) total += labels && classWeights ? classWeights[labels[b]!]! : 1;
  const attrs: Attrs = {
    name,
    pool,
    window,
    target: labelPerStep ? TARGET.labelPerStep : labels ? TARGET.label : perStep ? TARGET.perStep : TARGET.perSample,
    squares,
    smoothed,
    share: total > 0 ? 1 / total : 0,
    numbers,
    weight: 1,
  };
  const place = (what: string, data: ArrayLike<number>, shape: readonly number[], form: 'f32' | 'words' = 'f32') =>
    input(tape, data, { shape, form, name: `${what} of ${name}` });
  const result = tape.record(
    op,
    [
      outputs,
      labels && place('labels', labels, [labels.length], 'words'),
      'values' in given ? place('targets', given.values, perStep ? [T, B, N] : [B, N]) : null,
      classWeights ? place('class weights', classWeights, [N]) : null,
      stepWeights && place('mask', stepWeights, [T * B]),
    ],
    [],
    attrs,
    [{ form: 'f32', shape: [B, 4], requiresGrad: false, name }],
    name,
  )[0]!;
  const setWeight = (f: number): void => {
    attrs.weight = f;
  };
  return { loss: lossOf(tape, name, result, setWeight), result };
}

/** What the kernel makes of the outputs, and over how many of the last steps. */
function poolOf(at: At, T: number): [pool: number, window: number] {
  if (typeof at === 'object') return [POOL.none, Math.min(T, at.cue)];
  if (at === 'last') return [POOL.none, 1];
  return [at === 'each step' ? POOL.none : POOL[at], T];
}

function checkLabels(
  owner: string,
  labels: ArrayLike<number>,
  [T, B, classes]: readonly [number, number, number],
  stepwise: boolean,
): void {
  if (labels.length !== B && !(stepwise && labels.length === T * B)) {
    const steps = stepwise ? `, or one for each of ${T} x ${B} steps and samples` : '';
    throw new Error(`${owner}: needs one label for each of ${B} samples${steps}, got ${labels.length}`);
  }
  for (let i = 0; i < labels.length; i++) {
    if (!(Number.isInteger(labels[i]) && labels[i]! >= 0 && labels[i]! < classes))
      throw new Error(`${owner}: labels[${i}] is ${labels[i]}, expected an integer in 0..${classes - 1}`);
  }
}

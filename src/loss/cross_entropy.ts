import { input } from '../autograd/input.ts';
import { Loss } from '../autograd/loss.ts';
import type { Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { crossEntropy as kernel } from '../kernels/dense.ts';

export interface CrossEntropyOptions {
  /**
   * Where the answer is due: 'last' valid step (default), the last `cue` valid steps with a loss at each, or the 'mean'
   * output over all valid steps.
   */
  at?: 'last' | { cue: number } | 'mean';
}

interface Attrs {
  readonly perStep: boolean;
  readonly window: number;
  weight: number;
}

const op: Op<Attrs> = {
  name: 'cross entropy',
  key: (a) => `${a.perStep} ${a.window}`,
  // the mean over the samples that have steps at all
  slots: ({ attrs, inputs }) => {
    const lengths = inputs[0]!.lengths?.values;
    const samples = lengths ? lengths.filter((n) => n > 0).length : inputs[0]!.shape[1]!;
    return { weight: [attrs.weight / Math.max(1, samples)] };
  },
  forward(low, node) {
    const [o, labels] = [node.inputs[0]!, node.inputs[1]!];
    const [T, B, N] = o.shape as [number, number, number];
    // a loss that is only looked at sends nothing back
    const wanted = low.needs(o) && (low.tape.loss?.terms.some((t) => t.term.tensor === node.outputs[0]) ?? false);
    const grad = wanted ? low.make('gradient of the outputs', 'f32', o.shape) : null;
    low.call(kernel, node.label, {
      variant: {
        constants: { N, PER_STEP: node.attrs.perStep, HAS_LENGTHS: o.lengths !== undefined, HAS_GRAD: wanted },
      },
      dims: { T, B, window: node.attrs.window, weight_slot: node.slotBase.weight! },
      buffers: {
        outputs: low.of(o),
        labels: low.of(labels),
        lengths: o.lengths ? low.of(o.lengths.tensor) : null,
        result: low.give(node.outputs[0]!, low.make('cross entropy', 'f32', [B, 4])),
        grad,
      },
      groups: [B, 1, 1],
    });
    if (grad) low.addGradient(o, grad);
  },
};

/** Columns of the result, one row a sample. A sample without steps has label -1. */
export const RESULT = { loss: 0, correct: 1, prediction: 2, label: 3 } as const;

/**
 * Softmax cross entropy, the mean over the batch.
 *
 * @param outputs [T, B, classes] dense, of a readout
 * @param labels [B] integers in 0 .. classes - 1
 * @returns the loss, and per sample [B, 4]: its share of the loss, whether it was right, the prediction, the label
 */
export function crossEntropy(
  outputs: Tensor,
  labels: ArrayLike<number>,
  options: CrossEntropyOptions = {},
): { loss: Loss; result: Tensor } {
  if (outputs.form !== 'f32' || outputs.shape.length !== 3)
    throw new Error(`crossEntropy: outputs must be dense [T, B, classes], got ${outputs}`);
  const [T, B, classes] = outputs.shape as [number, number, number];
  const { at = 'last' } = options;
  if (at !== 'last' && at !== 'mean' && !(typeof at === 'object' && Number.isInteger(at.cue) && at.cue > 0)) {
    throw new Error(`crossEntropy: at must be 'last', 'mean' or { cue: steps above 0 }, got ${JSON.stringify(at)}`);
  }
  if (labels.length !== B)
    throw new Error(`crossEntropy: needs one label for each of ${B} samples, got ${labels.length}`);
  for (let b = 0; b < B; b++) {
    if (!(Number.isInteger(labels[b]) && labels[b]! >= 0 && labels[b]! < classes)) {
      throw new Error(`crossEntropy: labels[${b}] is ${labels[b]}, expected an integer in 0..${classes - 1}`);
    }
  }
  const tape = outputs.tape;
  const placed = input(tape, labels, { shape: [B], form: 'words', name: 'labels' });
  const attrs: Attrs = {
    perStep: at !== 'mean',
    window: at === 'mean' ? T : at === 'last' ? 1 : Math.min(T, at.cue),
    weight: 1,
  };
  const result = tape.record(
    op,
    [outputs, placed],
    [],
    attrs,
    [{ form: 'f32', shape: [B, 4], requiresGrad: false, name: 'cross entropy' }],
    'cross entropy',
  )[0]!;
  const sum = (values: Float32Array): number => {
    let total = 0;
    for (let b = 0; b < B; b++) total += values[4 * b]!;
    return total;
  };
  return {
    loss: Loss.of(tape, {
      name: 'cross entropy',
      tensor: result,
      sum,
      setWeight: (f) => {
        attrs.weight = f;
      },
    }),
    result,
  };
}

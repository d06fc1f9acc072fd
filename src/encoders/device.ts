import type { Op } from '../autograd/op.ts';
import { gatherAlong } from '../autograd/ops/rows.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { ENCODING, encode as kernel, neuronsPerInput } from '../kernels/encode.ts';
import { bitsAlongTime, fold, quads, spikeWords } from '../kernels/sizes.ts';
import { type Encoding, wholeSteps } from './encoding.ts';

const op: Op<{ encoding: Encoding }> = {
  name: 'encode',
  key: ({ encoding: { plan } }) =>
    [plan.kind, plan.cells, plan.ahead, plan.kind === 'rate' || plan.kind === 'delta' ? '' : plan.table.join()].join(
      ';',
    ),
  slots: ({ attrs }) => {
    const { gain, threshold, low, high, width } = attrs.encoding.plan.numbers;
    return { numbers: [gain, threshold, low, high, width] };
  },
  forward(low, node) {
    const { plan } = node.attrs.encoding;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [T, B, N] = y.shape as [number, number, number];
    const { groups, row } = fold(spikeWords(T, B, N), 64);
    low.call(kernel, node.label, {
      variant: {
        constants: {
          KIND: ENCODING[plan.kind],
          CELLS: plan.cells,
          LEVELS: plan.table.length,
          STILL: node.attrs.encoding.steps !== undefined,
          AHEAD: plan.ahead,
          HAS_LENGTHS: y.lengths !== undefined,
        },
      },
      dims: {
        T,
        B,
        N,
        input_pitch: 4 * quads(x.shape[2]!),
        bits_along_time: bitsAlongTime(T, B, N),
        stream: low.stream(node),
        slots: node.slotBase.numbers!,
        row,
      },
      buffers: {
        x: low.of(x),
        table: low.constant(`${node.label} table`, new Uint32Array(plan.table.slice().buffer)),
        lengths: y.lengths ? low.of(y.lengths.tensor) : null,
        spikes: low.give(y, low.make(y.name, 'bits', y.shape)),
      },
      groups,
      twin: plan,
    });
  },
};

/**
 * Encodes values as spikes on the device. Random bits depend on seed and number of the step.
 *
 * @param x dense, [1, B, N] for an encoding with `steps`, else [T, B, N]
 * @returns spikes [steps or T, B, outputs]
 * @throws when x depends on something that is trained: no gradient goes back through an encoder
 */
export function encode(x: Tensor, encoding: Encoding, label = 'encode'): Tensor {
  const { steps, plan } = encoding;
  if (x.form !== 'f32' || x.shape.length !== 3) throw new Error(`${label}: expects dense values [T, B, N], got ${x}`);
  const [T, B, N] = x.shape as [number, number, number];
  if (x.requiresGrad && x.tape.options.training)
    throw new Error(`${label}: no gradient goes back through an encoder to ${x}; let neurons make the spikes there`);
  if (steps !== undefined && T !== 1)
    throw new Error(`${label}: an encoding over ${steps} steps expects values that stand still, [1, B, N], got ${x}`);
  return x.tape.record(
    op,
    [x],
    [],
    { encoding },
    [
      {
        form: 'bits',
        shape: [steps ?? T, B, N * neuronsPerInput(plan)],
        requiresGrad: false,
        name: `${label} spikes`,
        lengths: steps === undefined ? x.lengths : undefined,
      },
    ],
    label,
  )[0]!;
}

/**
 * A constant current: the same values at every step, to be fed to neurons as they are. Gradients add up over the steps.
 *
 * @param x dense [1, B, N]
 * @returns dense [steps, B, N]
 */
export function constantCurrent(x: Tensor, options: { steps: number }): Tensor {
  const { steps } = options;
  wholeSteps('constantCurrent', steps);
  if (x.shape.length !== 3 || x.shape[0] !== 1)
    throw new Error(`encode.constantCurrent: expects values that stand still, [1, B, N], got ${x}`);
  return gatherAlong(x, 0, new Array<number>(steps).fill(0));
}

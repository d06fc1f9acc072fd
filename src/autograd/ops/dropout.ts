import { rows, type Storage } from '../../device/storage.ts';
import { DROPOUT_STEPS, dropout as kernel } from '../../kernels/dropout.ts';
import { quads } from '../../kernels/sizes.ts';
import type { Lowering, Rows } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { backwardByParts, forwardPart, shapeOf, takesParts } from './by_parts.ts';

interface DropoutAttrs {
  readonly p: number;
}

const op: Op<DropoutAttrs> = {
  name: 'dropout',
  key: () => '',
  // as the device compares it, in float32
  slots: ({ attrs: { p } }) => ({ dropout: [Math.fround(p), 1 / (1 - p)] }),
  forward(low, node) {
    const y = node.outputs[0]!;
    masked(low, node, low.rowsOf(node.inputs[0]!), low.give(y, low.make(y.name, 'f32', y.shape)));
  },
  forwardPart: forwardPart(masked),
  takes: takesParts,
  backward: (low, node) =>
    backwardByParts(low, node, (dy) => ({
      make(part) {
        const x = node.inputs[0]!;
        const to = low.make(`gradient of ${x.name}`, 'f32', shapeOf(x, part));
        return masked(low, node, { storage: dy, first: 0, last: rows(to.shape) }, to, `${node.label} gradient`);
      },
    })),
};

/** y of these rows of x, put into the beginning of `to`. The mask is drawn anew wherever it is needed, and never stored. */
function masked(
  low: Lowering,
  node: Node<DropoutAttrs>,
  { storage: x, first, last }: Rows,
  to: Storage,
  label = node.label,
): Storage {
  const [, B, N] = node.outputs[0]!.shape as [number, number, number];
  const [T, bits] = [(last - first) / B, x.form === 'bits'];
  low.call(kernel, label, {
    variant: { constants: { BITS: bits, STEPS: DROPOUT_STEPS } },
    dims: { T, B, N, first, stream: low.stream(node), slots: node.slotBase.dropout! },
    buffers: { x: bits ? null : x, spikes: bits ? x : null, y: to },
    groups: [Math.ceil(quads(N) / 8), Math.ceil((B * Math.ceil(T / DROPOUT_STEPS)) / 8), 1],
  });
  return to;
}

/**
 * Drops neurons for the whole sequence, each of each sample with probability p, and scales the others by 1 / (1 - p). In
 * inference, or with p = 0, x itself.
 *
 * @param x [T, B, N] dense or spikes
 * @param p in [0, 1)
 * @returns [T, B, N] dense
 * @throws when p is out of range
 */
export function dropout(x: Tensor, p: number, label = 'dropout'): Tensor {
  if (!(p >= 0 && p < 1)) throw new Error(`${label}: p must be in [0, 1), got ${p}`);
  if (x.shape.length !== 3) throw new Error(`${label}: expects [T, B, N], got ${x}`);
  if (x.form !== 'f32' && x.form !== 'bits')
    throw new Error(`${label}: expects dense floats or spikes, got ${x}; pass it through dense(...)`);
  if (p === 0 || !x.tape.options.training) return x;
  const spec = { form: 'f32' as const, shape: x.shape, requiresGrad: x.requiresGrad, lengths: x.lengths };
  return x.tape.record(op, [x], [], { p }, [spec], label)[0]!;
}

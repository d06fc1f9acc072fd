import type { Storage } from '../../device/storage.ts';
import { DROPOUT_STEPS, dropout as kernel } from '../../kernels/dropout.ts';
import { quads } from '../../kernels/sizes.ts';
import type { Lowering } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';

interface DropoutAttrs {
  readonly p: number;
}

const op: Op<DropoutAttrs> = {
  name: 'dropout',
  key: () => '',
  // as the device compares it, in float32
  slots: ({ attrs: { p } }) => ({ dropout: [Math.fround(p), 1 / (1 - p)] }),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    masked(low, node, node.label, {
      from: low.of(x),
      bits: x.form === 'bits',
      to: low.give(y, low.make(y.name, 'f32', y.shape)),
    });
  },
  backward(low, node) {
    const x = node.inputs[0]!;
    const g = low.gradient(node.outputs[0]!);
    if (!g || !low.needs(x)) return;
    const to = low.make(`gradient of ${x.name}`, 'f32', x.shape);
    masked(low, node, `${node.label} gradient`, { from: g, bits: false, to });
    low.addGradient(x, to);
  },
};

/** The mask is drawn anew from the same numbers wherever it is needed, so it is never stored. */
function masked(
  low: Lowering,
  node: Node<DropoutAttrs>,
  label: string,
  a: { from: Storage; bits: boolean; to: Storage },
): void {
  const [T, B, N] = node.outputs[0]!.shape as [number, number, number];
  low.call(kernel, label, {
    variant: { constants: { BITS: a.bits, STEPS: DROPOUT_STEPS } },
    dims: { T, B, N, stream: low.stream(node), slots: node.slotBase.dropout! },
    buffers: { x: a.bits ? null : a.from, spikes: a.bits ? a.from : null, y: a.to },
    groups: [Math.ceil(quads(N) / 8), Math.ceil((B * Math.ceil(T / DROPOUT_STEPS)) / 8), 1],
  });
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

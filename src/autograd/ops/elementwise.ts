import { rows, width } from '../../device/storage.ts';
import { add as addKernel, toDense as toDenseKernel } from '../../kernels/dense.ts';
import { fold, overRows, quads } from '../../kernels/sizes.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';

const addOp: Op<null> = {
  name: 'add',
  key: () => '',
  forward(low, node) {
    const [a, b, y] = [node.inputs[0]!, node.inputs[1]!, node.outputs[0]!];
    const total = rows(y.shape) * quads(width(y.shape));
    const { groups, row } = fold(total, 64);
    low.call(addKernel, node.label, {
      variant: { constants: { HAS_B: true } },
      dims: { count: total, source: 0, offset: 0, row },
      // one buffer may be bound twice for reading
      buffers: { a: low.of(a), b: low.of(b), result: low.give(y, low.make(y.name, 'f32', y.shape)) },
      groups,
    });
  },
  backward(low, node) {
    const g = low.gradient(node.outputs[0]!);
    if (g) for (const x of node.inputs) if (low.needs(x)) low.addGradient(x, g);
  },
};

/** a + b for dense tensors of one shape: the sum of a residual connection. Spikes go through `dense` first. */
export function add(a: Tensor, b: Tensor): Tensor {
  if (a.shape.join() !== b.shape.join()) throw new Error(`add: shapes must be equal, got ${a} and ${b}`);
  const [x, y] = [dense(a), dense(b)];
  return x.tape.record(addOp, [x, y], [], null, [
    { form: 'f32', shape: a.shape, requiresGrad: a.requiresGrad || b.requiresGrad, lengths: a.lengths ?? b.lengths },
  ])[0]!;
}

const FORMS = { bits: 0, bytes: 1, half: 2 } as const;

const denseOp: Op<{ scale: number }> = {
  name: 'dense',
  key: (a) => String(a.scale),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [M, N] = [rows(x.shape), width(x.shape)];
    low.call(toDenseKernel, node.label, {
      variant: { constants: { FORM: FORMS[x.form as keyof typeof FORMS] } },
      dims: { M, N, scale: node.attrs.scale },
      buffers: { packed: low.of(x), result: low.give(y, low.make(y.name, 'f32', y.shape)) },
      groups: overRows(Math.ceil(quads(N) / 8), M),
    });
  },
  backward(low, node) {
    const g = low.gradient(node.outputs[0]!);
    if (g && low.needs(node.inputs[0]!)) low.addGradient(node.inputs[0]!, g);
  },
};

/** A packed tensor (spikes, bytes, half precision) as floats, times a scale for those that carry no gradient. */
export function dense(x: Tensor, scale = 1): Tensor {
  if (x.form === 'f32') return x;
  if (x.form === 'words') throw new Error(`dense: ${x} holds plain words`);
  if (scale !== 1 && x.requiresGrad) throw new Error(`dense: a scale is for inputs; ${x} carries a gradient`);
  return x.tape.record(denseOp, [x], [], { scale }, [
    { form: 'f32', shape: x.shape, requiresGrad: x.requiresGrad, lengths: x.lengths },
  ])[0]!;
}

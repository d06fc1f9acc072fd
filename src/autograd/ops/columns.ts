import { rows, type Storage, width } from '../../device/storage.ts';
import { copyColumns } from '../../kernels/columns.ts';
import { overRows, quads } from '../../kernels/sizes.ts';
import type { Lowering } from '../lowering.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { dense } from './elementwise.ts';

const op: Op<null> = {
  name: 'columns',
  key: () => '',
  forward(low, node) {
    const y = node.outputs[0]!;
    const to = low.give(y, low.make(y.name, 'f32', y.shape));
    let at = 0;
    for (const x of node.inputs as Tensor[]) {
      const count = width(x.shape);
      copy(low, node.label, { from: low.of(x), first: 0, of: count, to, at, count });
      at += count;
    }
  },
  backward(low, node) {
    const y = node.outputs[0]!;
    const g = low.gradient(y);
    if (!g) return;
    let first = 0;
    for (const x of node.inputs as Tensor[]) {
      const count = width(x.shape);
      if (low.needs(x)) {
        const to = low.make(`gradient of ${x.name}`, 'f32', x.shape);
        copy(low, `${node.label} gradient`, { from: g, first, of: width(y.shape), to, at: 0, count });
        low.addGradient(x, to);
      }
      first += count;
    }
  },
};

/** Columns first .. first + count of memory `of` wide, to column `at` on; the padding behind the last one is set to 0. */
function copy(
  low: Lowering,
  label: string,
  a: { from: Storage; first: number; of: number; to: Storage; at: number; count: number },
): void {
  const M = rows(a.to.shape);
  const end = a.at + a.count === width(a.to.shape);
  const written = end ? 4 * quads(a.at + a.count) - a.at : a.count;
  low.call(copyColumns, label, {
    dims: {
      M,
      count: a.count,
      written,
      first: a.first,
      at: a.at,
      pitch_from: 4 * quads(a.of),
      pitch_to: 4 * quads(width(a.to.shape)),
    },
    buffers: { source: a.from, result: a.to },
    groups: overRows(Math.ceil(written / 32), M),
  });
}

/**
 * Tensors one beside the other, along their last dimension.
 *
 * @param list [T, B, N1], [T, B, N2], ... dense or spikes
 * @returns [T, B, N1 + N2 + ...] dense
 */
export function concatenateFeatures(list: readonly Tensor[], label = 'concatenate'): Tensor {
  const [first] = list;
  if (!first) throw new Error(`${label}: needs at least one tensor`);
  const outer = first.shape.slice(0, -1);
  for (const x of list) {
    if (x.shape.slice(0, -1).join() !== outer.join())
      throw new Error(`${label}: all dimensions but the last must be equal, got ${first} and ${x}`);
  }
  if (list.length === 1) return dense(first);
  const shape = [...outer, list.reduce((sum, x) => sum + width(x.shape), 0)];
  const requiresGrad = list.some((x) => x.requiresGrad);
  const lengths = list.find((x) => x.lengths)?.lengths;
  return first.tape.record(
    op,
    list.map((x) => dense(x)),
    [],
    null,
    [{ form: 'f32', shape, requiresGrad, lengths }],
    label,
  )[0]!;
}

import { rows, type Storage, width } from '../../device/storage.ts';
import { gatherRows } from '../../kernels/dense.ts';
import { overRows, quads } from '../../kernels/sizes.ts';
import type { Lowering } from '../lowering.ts';
import type { Op } from '../op.ts';
import type { Lengths, Tensor } from '../tensor.ts';
import { dense } from './elementwise.ts';

/** Which row of the inputs (counted through, one input after the other) each row of the output is. */
interface RowsAttrs {
  readonly index: Uint32Array;
}

const op: Op<RowsAttrs> = {
  name: 'rows',
  key: (a) => a.index.join(),
  forward(low, node) {
    const [a, b] = [node.inputs[0]!, node.inputs[1] ?? null];
    const y = node.outputs[0]!;
    const { index } = node.attrs;
    const table = new Uint32Array(2 * index.length + 1);
    for (let r = 0; r <= index.length; r++) table[r] = r;
    table.set(index, index.length + 1);
    gather(low, node.label, {
      table,
      a: low.of(a),
      rowsOfA: rows(a.shape),
      b: b && low.of(b),
      to: low.give(y, low.make(y.name, 'f32', y.shape)),
    });
  },
  backward(low, node) {
    const g = low.gradient(node.outputs[0]!);
    if (!g) return;
    let first = 0;
    for (const x of node.inputs) {
      if (!x) continue;
      const n = rows(x.shape);
      if (low.needs(x)) {
        const to = low.make(`gradient of ${x.name}`, 'f32', x.shape);
        gather(low, `${node.label} gradient`, {
          table: inverse(node.attrs.index, first, n),
          a: g,
          rowsOfA: rows(node.outputs[0]!.shape),
          b: null,
          to,
        });
        low.addGradient(x, to);
      }
      first += n;
    }
  },
};

/** For each of n input rows from `first` on, the output rows that are made of it. */
function inverse(index: Uint32Array, first: number, n: number): Uint32Array {
  const lists: number[][] = Array.from({ length: n }, () => []);
  index.forEach((from, r) => lists[from - first]?.push(r));
  const table: number[] = [0];
  for (const l of lists) table.push(table.at(-1)! + l.length);
  return Uint32Array.from([...table, ...lists.flat()]);
}

function gather(
  low: Lowering,
  label: string,
  a: { table: Uint32Array; a: Storage; rowsOfA: number; b: Storage | null; to: Storage },
): void {
  const Q = quads(width(a.to.shape));
  const n = rows(a.to.shape);
  low.call(gatherRows, label, {
    // a tensor may be the first part of larger memory, so the memory's own shape does not count
    dims: { rows: n, Q, rows_a: a.rowsOfA },
    buffers: { table: low.constant(`rows of ${label}`, a.table), a: a.a, b: a.b, result: a.to },
    groups: overRows(Math.ceil(Q / 8), n),
  });
}

const pick = (
  inputs: readonly Tensor[],
  shape: readonly number[],
  index: Uint32Array,
  label: string,
  lengths?: Lengths,
): Tensor =>
  inputs[0]!.tape.record(
    op,
    inputs,
    [],
    { index },
    [{ form: 'f32', shape, requiresGrad: inputs.some((x) => x.requiresGrad), lengths }],
    label,
  )[0]!;

/**
 * Rows along time (axis 0) or batch (axis 1), in the order given; one may come several times.
 *
 * @param x [T, B, N]
 * @param axis 0 for time, 1 for batch
 */
export function gatherAlong(x: Tensor, axis: 0 | 1, which: readonly number[]): Tensor {
  const [T, B, N] = threeDimensions(x, 'gather');
  const limit = axis === 0 ? T : B;
  const bad = which.find((i) => !(Number.isInteger(i) && i >= 0 && i < limit));
  if (bad !== undefined) throw new Error(`gather: index ${bad} is outside 0..${limit - 1} of axis ${axis} of ${x}`);
  if (which.length === 0) throw new Error('gather: needs at least one index');
  const [times, samples] = axis === 0 ? [which, [...Array(B).keys()]] : [[...Array(T).keys()], which];
  const index = Uint32Array.from(times.flatMap((t) => samples.map((b) => t * B + b)));
  return pick([dense(x)], [times.length, samples.length, N], index, 'gather');
}

/** x[from .. to) along time (axis 0) or batch (axis 1); x is [T, B, N]. */
export function slice(x: Tensor, axis: 0 | 1, from: number, to: number): Tensor {
  const limit = x.shape[axis]!;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= limit)) {
    throw new Error(`slice: ${from} .. ${to} is no part of 0 .. ${limit} of axis ${axis} of ${x}`);
  }
  return gatherAlong(
    x,
    axis,
    Array.from({ length: to - from }, (_, i) => from + i),
  );
}

/** a, then b, along time (axis 0) or batch (axis 1); the other dimensions must be equal. */
export function concatenate(a: Tensor, b: Tensor, axis: 0 | 1): Tensor {
  const [[Ta, Ba, N], [Tb, Bb, Nb]] = [threeDimensions(a, 'concatenate'), threeDimensions(b, 'concatenate')];
  if (N !== Nb || (axis === 0 ? Ba !== Bb : Ta !== Tb))
    throw new Error(`concatenate: ${a} and ${b} do not fit along axis ${axis}`);
  const [T, B] = axis === 0 ? [Ta + Tb, Ba] : [Ta, Ba + Bb];
  const index = new Uint32Array(T * B);
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < B; s++) {
      const inA = axis === 0 ? t < Ta : s < Ba;
      index[t * B + s] = inA ? t * Ba + s : Ta * Ba + (axis === 0 ? (t - Ta) * Bb + s : t * Bb + s - Ba);
    }
  }
  return pick([dense(a), dense(b)], [T, B, N], index, 'concatenate');
}

function threeDimensions(x: Tensor, what: string): [number, number, number] {
  if (x.shape.length !== 3) throw new Error(`${what}: expects [T, B, N], got ${x}`);
  return x.shape as [number, number, number];
}

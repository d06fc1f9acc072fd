import { quads } from '../kernels/sizes.ts';
import type { Twin, TwinCall } from './twin.ts';

// The forward twins have sums, and sums of squared distances, of each piece: another way to the same mean and variance.

/** Rows of a piece that count. */
function* rowsOf(c: TwinCall, k: number): Generator<number> {
  const { B, rows, chunk, chunks } = c.dims as Record<'B' | 'rows' | 'chunk' | 'chunks', number>;
  const first = Math.floor(k / chunks) * rows;
  const begin = first + (k % chunks) * chunk;
  for (let r = begin; r < Math.min(begin + chunk, first + rows); r++) if (counts(c, r, B)) yield r;
}

const counts = (c: TwinCall, r: number, B: number): boolean =>
  !c.flag('HAS_LENGTHS') || Math.floor(r / B) < c.of('lengths')[r % B]!;

/** Twin of norm_partial: number, mean and sum of squared distances of each neuron over each piece. */
export const normPartial: Twin = (c) => {
  const { Q, pieces } = c.dims as Record<'Q' | 'pieces', number>;
  const [x, sums] = [c.of('x'), c.of('sums')];
  const pitch = 4 * Q;
  for (let k = 0; k < pieces; k++) {
    const rows = [...rowsOf(c, k)];
    for (let n = 0; n < pitch; n++) {
      const mean = rows.reduce((sum, r) => sum + x[r * pitch + n]!, 0) / Math.max(1, rows.length);
      const squares = rows.reduce((sum, r) => sum + (x[r * pitch + n]! - mean) ** 2, 0);
      [rows.length, mean, squares].forEach((value, plane) => {
        sums[(plane * pieces + k) * pitch + n] = value;
      });
    }
  }
};

/** Places in a plane of sums that belong to channel i of all groups. */
function* partsOf(c: TwinCall, i: number): Generator<number> {
  const { C, P, Q, chunks } = c.dims as Record<'C' | 'P' | 'Q' | 'chunks', number>;
  for (let j = 0; j < chunks; j++) {
    for (let p = 0; p < P; p++) yield (Math.floor(i / C) * chunks + j) * 4 * Q + (i % C) * P + p;
  }
}

/** Twin of norm_stats: mean and 1 / sqrt(variance + eps) of each channel, and the running mean and variance. */
export const normStats: Twin = (c) => {
  const { Q, pieces, count, mean: meanAt, variance: varianceAt, slots } = c.dims as Record<string, number>;
  const [sums, stats, params] = [c.of('sums'), c.of('stats'), c.of('params')];
  const [momentum, eps] = [c.slot(slots!), c.slot(slots! + 1)];
  const plane = 4 * pieces! * Q!;
  const move = (at: number, to: number): void => {
    params[at] = (1 - momentum) * params[at]! + momentum * to;
  };
  for (let i = 0; i < count!; i++) {
    const parts = [...partsOf(c, i)];
    const n = parts.reduce((sum, at) => sum + sums[at]!, 0);
    const mean = parts.reduce((sum, at) => sum + sums[at]! * sums[plane + at]!, 0) / Math.max(1, n);
    const squares = parts.reduce(
      (sum, at) => sum + sums[2 * plane + at]! + sums[at]! * (sums[plane + at]! - mean) ** 2,
      0,
    );
    stats[i] = mean;
    stats[count! + i] = n ? 1 / Math.sqrt(squares / n + eps) : 0;
    stats[2 * count! + i] = n;
    if (!n || momentum === 0) continue;
    move(meanAt! + i, mean);
    if (n > 1) move(varianceAt! + i, squares / (n - 1));
  }
};

/** For each neuron of each row: its place, and its channel with the group of the row. */
function eachValue(c: TwinCall, visit: (at: number, i: number, row: number) => void): void {
  const { N, C, P, rows, quads: total } = c.dims as Record<'N' | 'C' | 'P' | 'rows' | 'quads', number>;
  const Q = quads(N);
  for (let r = 0; r < total / Q; r++) {
    for (let n = 0; n < N; n++) visit(4 * r * Q + n, Math.floor(r / rows) * C + Math.floor(n / P), r);
  }
}

/** Twin of norm_apply: weight * factor * (x - mean) / sqrt(variance + eps) + bias. */
export const normApply: Twin = (c) => {
  const { count, mean, variance, weight, bias, slots } = c.dims as Record<string, number>;
  const [x, y] = [c.of('x'), c.of('y')];
  const [eps, factor] = [c.slot(slots! + 1), c.slot(slots! + 2)];
  const running = c.flag('RUNNING') ? c.of('params') : null;
  const stats = running ? null : c.of('stats');
  const affine = c.flag('AFFINE') ? c.of('effective') : null;
  y.fill(0);
  eachValue(c, (at, i) => {
    const m = running ? running[mean! + i]! : stats![i]!;
    const scale = running ? 1 / Math.sqrt(running[variance! + i]! + eps) : stats![count! + i]!;
    const normal = factor * (x[at]! - m) * scale;
    y[at] = affine ? normal * affine[4 * weight! + i]! + affine[4 * bias! + i]! : normal;
  });
};

/** Twin of norm_sums: sums of dy and of dy h of each neuron over each piece. */
export const normSums: Twin = (c) => {
  const { N, C, P, chunks, pieces, count } = c.dims as Record<'N' | 'C' | 'P' | 'chunks' | 'pieces' | 'count', number>;
  const pitch = 4 * quads(N);
  const [x, dy, stats, sums] = [c.of('x'), c.of('dy'), c.of('stats'), c.of('sums')];
  for (let k = 0; k < pieces; k++) {
    const rows = [...rowsOf(c, k)];
    for (let n = 0; n < pitch; n++) {
      const i = Math.floor(k / chunks) * C + Math.floor(n / P);
      const h = (r: number): number => (n < N ? (x[r * pitch + n]! - stats[i]!) * stats[count + i]! : 0);
      sums[k * pitch + n] = rows.reduce((sum, r) => sum + dy[r * pitch + n]!, 0);
      sums[(pieces + k) * pitch + n] = rows.reduce((sum, r) => sum + dy[r * pitch + n]! * h(r), 0);
    }
  }
};

/** Twin of norm_totals: gradients of weight and bias, and the means of dy and dy h by channel. */
export const normTotals: Twin = (c) => {
  const { Q, pieces, count, slots } = c.dims as Record<'Q' | 'pieces' | 'count' | 'slots', number>;
  const [sums, stats, totals] = [c.of('sums'), c.of('stats'), c.of('totals')];
  const plane = 4 * pieces * Q;
  const put = (name: 'weight' | 'bias', i: number, value: number): void => {
    const [grads, at] = [c.of('grads'), c.dims[`${name}_to`]! + i];
    grads[at] = (c.dims[`${name}_adds`] ? grads[at]! : 0) + value;
  };
  for (let i = 0; i < count; i++) {
    const parts = [...partsOf(c, i)];
    const [sum, product] = [0, plane].map((from) => parts.reduce((s, at) => s + sums[from + at]!, 0)) as [
      number,
      number,
    ];
    const n = Math.max(1, stats[2 * count + i]!);
    totals[i] = sum / n;
    totals[count + i] = product / n;
    if (!c.flag('GRADS')) continue;
    put('weight', i, c.slot(slots + 2) * product);
    put('bias', i, sum);
  }
};

/** Twin of norm_gradient: dL/dx through mean and variance. */
export const normGradient: Twin = (c) => {
  const { B, count, weight, slots } = c.dims as Record<'B' | 'count' | 'weight' | 'slots', number>;
  const [x, dy, stats, totals, dx] = [c.of('x'), c.of('dy'), c.of('stats'), c.of('totals'), c.of('dx')];
  const affine = c.flag('AFFINE') ? c.of('effective') : null;
  dx.fill(0);
  eachValue(c, (at, i, row) => {
    if (!counts(c, row, B)) return;
    const scale = stats[count + i]!;
    const h = (x[at]! - stats[i]!) * scale;
    const factor = c.slot(slots + 2) * scale * (affine ? affine[4 * weight + i]! : 1);
    dx[at] = factor * (dy[at]! - totals[i]! - h * totals[count + i]!);
  });
};

import { rows, type Storage } from '../../device/storage.ts';
import { budgetOf, partsOf, SPIKING } from '../../kernels/budget.ts';
import * as kernels from '../../kernels/dense.ts';
import type { Segment } from '../../kernels/segments.ts';
import { fold, quads, words } from '../../kernels/sizes.ts';
import { sumOfColumns } from '../../kernels/subgroups.ts';
import { weightGradient as weightGradientKernel } from '../../kernels/weight_gradient.ts';
import type { Arrival } from '../arrivals.ts';
import type { Lowering, Rows } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';
import { backwardByParts, forwardPart, takesParts } from './by_parts.ts';
import { spikeWeightGradient } from './spike_weight_gradient.ts';

/** y = x W^T + b over the last dimension; of spikes only those that are there are added. */
const op: Op<{ bias: boolean }> = {
  name: 'linear',
  key: (a) => String(a.bias),
  forward(low, node) {
    const y = node.outputs[0]!;
    product(low, node, low.rowsOf(node.inputs[0]!), low.give(y, low.make(y.name, 'f32', y.shape)));
  },
  forwardPart: forwardPart(product),
  takes: takesParts,
  backward(low, node) {
    const x = node.inputs[0]!;
    const [weight, bias] = node.params as [Parameter, Parameter | undefined];
    backwardByParts(low, node, (dy, part) => {
      weightGradient(low, node.label, { x, dy, weight, ...(part && { part }) });
      const M = part ? (part.t1 - part.t0) * x.shape[1]! : rows(x.shape);
      if (bias) biasGradient(low, node.label, { dy, M, bias });
      return productOf(low, node.label, { x, dy, weight, row0: part?.t0 ?? 0 });
    });
  },
};

/** y of these rows of x, put into the beginning of `to`. */
function product(
  low: Lowering,
  node: Node<{ bias: boolean }>,
  { storage: x, first, last }: Rows,
  to: Storage,
): Storage {
  const [weight, bias] = node.params as [Parameter, Parameter | undefined];
  const [N, K] = weight.shape as [number, number];
  const Q = quads(N);
  const weights = low.weights(weight, 'pre', 'packed');
  const constants = bias ? low.constants([bias], N) : null;
  if (x.form !== 'bits') {
    multiply(low, node.label, { x, y: to, first, last, KQ: quads(K), Q, weights, bias: constants });
    return to;
  }
  for (const part of partsOf(last - first, SPIKING * K * N, budgetOf(low.limits).dispatch, lines(8)))
    low.call(kernels.linearSpikes, node.label, {
      variant: { constants: { HAS_BIAS: bias !== undefined }, regions: low.packing },
      dims: {
        Q,
        weights,
        bias: constants ?? 0,
        words: words(K),
        first: first + part.first,
        M: first + part.last,
        row0: first,
      },
      buffers: { effective: low.effective, bits: x, y: to },
      groups: [Math.ceil(Q / 8), Math.ceil((part.last - part.first) / 8), 1],
      work: part.work,
      twin: { K },
    });
  return to;
}

/**
 * @param x [..., K] dense, or spikes [T, B, K]
 * @param weight [N, K]
 * @param bias [N]
 * @returns [..., N] dense
 */
export function linear(x: Tensor, weight: Parameter, bias?: Parameter, label = 'linear'): Tensor {
  const [N, K] = weight.shape as [number, number];
  if (x.form !== 'f32' && x.form !== 'bits')
    throw new Error(`${label}: expects dense floats or spikes, got ${x}; pass it through dense(...)`);
  if (x.shape.at(-1) !== K) throw new Error(`${label}: expects inputs of width ${K}, got ${x}`);
  const grows = x.requiresGrad || weight.trainable || (bias?.trainable ?? false);
  const params = bias ? [weight, bias] : [weight];
  const spec = {
    form: 'f32' as const,
    shape: [...x.shape.slice(0, -1), N],
    requiresGrad: grows,
    name: `${label} output`,
    lengths: x.lengths,
  };
  return x.tape.record(op, [x], params, { bias: bias !== undefined }, [spec], label)[0]!;
}

/** Rows of a product's dispatch, `count` a workgroup: as many as one dimension of a dispatch holds. */
const lines = (count: number) => ({ multiple: count, limit: 65535 * count });

/** y = x E over the rows first to last of x, which are all that y has. */
function multiply(
  low: Lowering,
  label: string,
  a: {
    x: Storage;
    y: Storage;
    first: number;
    last: number;
    KQ: number;
    Q: number;
    weights: number;
    bias: number | null;
  },
): void {
  const { x, y, KQ, Q, weights, bias } = a;
  for (const part of partsOf(a.last - a.first, 32 * KQ * Q, budgetOf(low.limits).submit, lines(32)))
    low.call(kernels.linear, label, {
      variant: { constants: { HAS_BIAS: bias !== null }, regions: low.packing },
      dims: { first: a.first + part.first, M: a.first + part.last, row0: a.first, KQ, Q, weights, bias: bias ?? 0 },
      buffers: { effective: low.effective, x, y },
      groups: [Math.ceil(Q / 8), Math.ceil((part.last - part.first) / 32), 1],
      work: part.work,
    });
}

/** dL/dx = dy W, for whoever receives it to make. The first row of dy is that of step row0. */
export const productOf = (
  low: Lowering,
  label: string,
  { x, dy, weight, row0 }: { x: Tensor; dy: Storage; weight: Parameter; row0: number },
): Arrival => ({
  product: { dy, weight },
  parts: 'any',
  make: (part) => {
    const [N, K] = weight.shape as [number, number];
    const B = x.shape.at(-2) ?? 1;
    const { t0, t1 } = part ?? { t0: 0, t1: rows(x.shape) / B };
    const dx = low.make(`gradient of ${x.name}`, 'f32', part ? [t1 - t0, B, K] : x.shape);
    multiply(low, `${label} input gradient`, {
      x: dy,
      y: dx,
      first: (t0 - row0) * B,
      last: (t1 - row0) * B,
      KQ: quads(N),
      Q: quads(K),
      weights: low.weights(weight, 'post', 'packed'),
      bias: null,
    });
    return dx;
  },
});

/** dW (+)= dy^T x, over a part of time alone where dy has no more. */
export function weightGradient(
  low: Lowering,
  label: string,
  a: { x: Tensor; dy: Storage; weight: Parameter; part?: Segment },
): void {
  if (!a.weight.trainable) return;
  const [N, K] = a.weight.shape as [number, number];
  if (a.x.form === 'bits')
    return spikeWeightGradient(low, label, {
      spikes: low.of(a.x),
      shape: a.x.shape,
      dCurrent: a.dy,
      weight: a.weight,
      shift: 0,
      start: null,
      z: 0,
      ...(a.part && { ...a.part, row0: a.part.t0 }),
    });
  const { groups, row } = fold(quads(K) * quads(N), 32);
  const { submit, reads } = budgetOf(low.limits);
  const x = low.rowsOf(a.x, a.part);
  for (const { first, last, work } of partsOf(x.last - x.first, 2 * K * N, submit, { limit: reads }))
    low.call(weightGradientKernel, `${label} weight gradient`, {
      dims: { first: x.first + first, M: x.first + last, row0: x.first, K, N, row, ...low.gradientOf(a.weight) },
      buffers: { x: x.storage, dy: a.dy, grads: low.arena.grads },
      groups,
      work,
    });
}

export function biasGradient(low: Lowering, label: string, a: { dy: Storage; M: number; bias: Parameter }): void {
  if (a.bias.trainable)
    sumRows(low, `${label} bias gradient`, {
      x: a.dy,
      source: 0,
      rows: a.M,
      N: a.bias.data.length,
      p: a.bias,
      perLayer: false,
    });
}

/** grad of p (+)= sum over rows of x [rows][N], from quad `source` on. */
export function sumRows(
  low: Lowering,
  label: string,
  a: { x: Storage; source: number; rows: number; N: number; p: Parameter; perLayer: boolean },
): void {
  // of long sums many threads a column, of short ones many columns a workgroup
  const lanes = a.rows < 512 ? 8 : 128;
  const { groups, row } = fold(quads(a.N), 256 / lanes);
  low.call(kernels.sumRows, label, {
    variant: {
      constants: { LANES: lanes, PER_LAYER: a.perLayer },
      regions: lanes === 128 && low.has('subgroups') ? sumOfColumns : {},
    },
    dims: { rows: a.rows, N: a.N, source: a.source, row, ...low.gradientOf(a.p) },
    buffers: { x: a.x, grads: low.arena.grads },
    groups: a.perLayer ? [1, 1, 1] : groups,
  });
}

import { rows, type Storage } from '../../device/storage.ts';
import { budgetOf, partsOf, SPIKING } from '../../kernels/budget.ts';
import * as kernels from '../../kernels/dense.ts';
import { fold, quads, words } from '../../kernels/sizes.ts';
import { sumOfColumns } from '../../kernels/subgroups.ts';
import { weightGradient as weightGradientKernel } from '../../kernels/weight_gradient.ts';
import type { Lowering, Product } from '../lowering.ts';
import type { Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';
import { spikeWeightGradient } from './spike_weight_gradient.ts';

/** y = x W^T + b over the last dimension; of spikes only those that are there are added. */
const op: Op<{ bias: boolean }> = {
  name: 'linear',
  key: (a) => String(a.bias),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [weight, bias] = node.params as [Parameter, Parameter | undefined];
    const [N, K] = weight.shape as [number, number];
    const M = rows(x.shape);
    const Q = quads(N);
    const to = low.give(y, low.make(y.name, 'f32', y.shape));
    const dims = { Q, weights: low.weights(weight, 'pre', 'packed'), bias: bias ? low.constants([bias], N) : 0 };
    const variant = { constants: { HAS_BIAS: bias !== undefined }, regions: low.packing };
    if (x.form === 'bits') {
      for (const { first, last, work } of partsOf(M, SPIKING * K * N, budgetOf(low.limits).dispatch, lines(8)))
        low.call(kernels.linearSpikes, node.label, {
          variant,
          dims: { ...dims, words: words(K), first, M: last },
          buffers: { effective: low.effective, bits: low.of(x), y: to },
          groups: [Math.ceil(Q / 8), Math.ceil((last - first) / 8), 1],
          work,
          twin: { K },
        });
    } else
      multiply(low, node.label, {
        x: low.of(x),
        y: to,
        M,
        KQ: quads(K),
        Q,
        weights: dims.weights,
        bias: bias ? dims.bias : null,
      });
  },
  backward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const [weight, bias] = node.params as [Parameter, Parameter | undefined];
    const dy = low.gradient(y);
    if (!dy) return;
    weightGradient(low, node.label, { x, dy, weight });
    if (bias) biasGradient(low, node.label, { dy, M: rows(x.shape), bias });
    if (low.needs(x)) low.addProduct(x, productOf(low, node.label, { x, dy, weight }));
  },
};

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

/** y = x E over M rows. */
export function multiply(
  low: Lowering,
  label: string,
  a: { x: Storage; y: Storage; M: number; KQ: number; Q: number; weights: number; bias: number | null },
): void {
  for (const { first, last, work } of partsOf(a.M, 32 * a.KQ * a.Q, budgetOf(low.limits).submit, lines(32)))
    low.call(kernels.linear, label, {
      variant: { constants: { HAS_BIAS: a.bias !== null }, regions: low.packing },
      dims: { first, M: last, KQ: a.KQ, Q: a.Q, weights: a.weights, bias: a.bias ?? 0 },
      buffers: { effective: low.effective, x: a.x, y: a.y },
      groups: [Math.ceil(a.Q / 8), Math.ceil((last - first) / 32), 1],
      work,
    });
}

/** dL/dx = dy W, for whoever receives it to make. */
export const productOf = (low: Lowering, label: string, a: { x: Tensor; dy: Storage; weight: Parameter }): Product => ({
  dy: a.dy,
  weight: a.weight,
  make: () => inputGradient(low, label, a),
});

function inputGradient(low: Lowering, label: string, a: { x: Tensor; dy: Storage; weight: Parameter }): Storage {
  const [N, K] = a.weight.shape as [number, number];
  const dx = low.make(`gradient of ${a.x.name}`, 'f32', a.x.shape);
  multiply(low, `${label} input gradient`, {
    x: a.dy,
    y: dx,
    M: rows(a.x.shape),
    KQ: quads(N),
    Q: quads(K),
    weights: low.weights(a.weight, 'post', 'packed'),
    bias: null,
  });
  return dx;
}

/** dW (+)= dy^T x. */
export function weightGradient(low: Lowering, label: string, a: { x: Tensor; dy: Storage; weight: Parameter }): void {
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
    });
  const { groups, row } = fold(quads(K) * quads(N), 32);
  const { submit, reads } = budgetOf(low.limits);
  for (const { first, last, work } of partsOf(rows(a.x.shape), 2 * K * N, submit, { limit: reads }))
    low.call(weightGradientKernel, `${label} weight gradient`, {
      dims: { first, M: last, K, N, row, ...low.gradientOf(a.weight) },
      buffers: { x: low.of(a.x), dy: a.dy, grads: low.arena.grads },
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

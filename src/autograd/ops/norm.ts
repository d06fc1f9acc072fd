import * as kernels from '../../kernels/norm.ts';
import { fold, quads } from '../../kernels/sizes.ts';
import type { Lowering } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';
import { dense } from './elementwise.ts';

export interface NormParams {
  /** [S * C], S steps with statistics of their own (or 1), by step and then by channel. */
  readonly mean: Parameter;
  readonly variance: Parameter;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
}

export interface NormAttrs extends NormParams {
  readonly channels: number;
  readonly perStep: boolean;
  readonly momentum: number;
  readonly eps: number;
  /** On the normalised value. */
  readonly factor: number;
}

const op: Op<NormAttrs> = {
  name: 'norm',
  key: (a) => `${a.channels} ${a.perStep} ${a.weight !== null}`,
  slots: ({ attrs: { momentum, eps, factor }, outputs }) => ({
    norm: [outputs[0]!.tape.options.observe ? 0 : momentum, eps, factor],
  }),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const { mean, variance, weight, bias } = node.attrs;
    const { training } = low.tape.options;
    const { dims, pieces, channels, all } = sizes(node);
    dims.mean = low.arena.offset(mean);
    dims.variance = low.arena.offset(variance);
    if (training) {
      const label = `${node.label} statistics`;
      const sums = low.make(label, 'f32', [3, dims.pieces, dims.N]);
      low.call(kernels.normPartial, label, {
        variant: { constants: { HAS_LENGTHS: x.lengths !== undefined } },
        dims,
        buffers: { x: low.of(x), lengths: lengthsOf(low, x), sums },
        groups: pieces,
      });
      low.call(kernels.normStats, label, {
        dims: { ...dims, row: channels.row },
        buffers: { sums, stats: stats(low, node), params: low.arena.params },
        groups: channels.groups,
      });
    }
    const affine = weight && bias;
    if (affine) Object.assign(dims, { weight: constant(low, weight), bias: constant(low, bias) });
    low.call(kernels.normApply, node.label, {
      variant: { constants: { RUNNING: !training, AFFINE: affine !== null } },
      dims: { ...dims, row: all.row },
      buffers: {
        x: low.of(x),
        stats: training ? stats(low, node) : null,
        params: training ? null : low.arena.params,
        effective: affine && low.effective,
        y: low.give(y, low.make(y.name, 'f32', y.shape)),
      },
      groups: all.groups,
    });
  },
  backward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const { weight, bias } = node.attrs;
    const dy = low.gradient(y);
    if (!dy) return;
    const label = `${node.label} gradient`;
    const { dims, pieces, channels, all } = sizes(node);
    const sums = low.make(`${label} sums`, 'f32', [2, dims.pieces, dims.N]);
    const totals = low.make(`${label} means`, 'words', [2 * dims.count]);
    const given = { x: low.of(x), dy, lengths: lengthsOf(low, x), stats: stats(low, node) };
    const constants = { HAS_LENGTHS: x.lengths !== undefined };
    low.call(kernels.normSums, label, {
      variant: { constants },
      dims,
      buffers: { ...given, sums },
      groups: pieces,
    });
    if (weight && bias) {
      const [w, b] = [low.gradientOf(weight), low.gradientOf(bias)];
      // of steps that this sequence does not have nothing is written
      if (dims.count < weight.data.length) for (const p of [weight, bias]) low.clear(p);
      Object.assign(dims, { weight: constant(low, weight), weight_to: w.dest, weight_adds: w.accumulate });
      Object.assign(dims, { bias_to: b.dest, bias_adds: b.accumulate });
    }
    low.call(kernels.normTotals, label, {
      variant: { constants: { GRADS: weight !== null } },
      dims: { ...dims, row: channels.row },
      buffers: { sums, stats: given.stats, totals, grads: weight && low.arena.grads },
      groups: channels.groups,
    });
    if (!low.needs(x)) return;
    const dx = low.make(`gradient of ${x.name}`, 'f32', x.shape);
    low.call(kernels.normGradient, label, {
      variant: { constants: { ...constants, AFFINE: weight !== null } },
      dims: { ...dims, row: all.row },
      buffers: { ...given, totals, effective: weight && low.effective, dx },
      groups: all.groups,
    });
    low.addGradient(x, dx);
  },
};

/** Dims of the calls, and their three shapes. A group of rows (all of them, or those of one step) has its own statistics. */
function sizes(node: Node<NormAttrs>) {
  const [T, B, N] = node.outputs[0]!.shape as [number, number, number];
  const { channels: C, perStep } = node.attrs;
  const [groups, rows] = perStep ? [T, B] : [1, T * B];
  const Q = quads(N);
  const cut = kernels.pieces(rows, groups);
  const dims = {
    ...{ B, N, C, P: N / C, Q, rows, ...cut, quads: T * B * Q, count: groups * C },
    ...{ mean: 0, variance: 0, weight: 0, bias: 0, weight_to: 0, weight_adds: 0, bias_to: 0, bias_adds: 0 },
    ...{ slots: node.slotBase.norm!, row: 0 },
  };
  return {
    dims,
    pieces: [Math.ceil(Q / 8), Math.ceil(cut.pieces / 8), 1] as const,
    channels: fold(dims.count, 1),
    all: fold(dims.quads, 64),
  };
}

/** Mean, 1 / sqrt(variance + eps) and number of values of each channel. */
const stats = (low: Lowering, node: Node<NormAttrs>) =>
  low.scratch(node, 'stats', () => low.make(`${node.label} mean and variance`, 'words', [3 * sizes(node).dims.count]));

const lengthsOf = (low: Lowering, x: Tensor) => (x.lengths ? low.of(x.lengths.tensor) : null);

const constant = (low: Lowering, p: Parameter): number => low.constants([p], p.data.length);

/**
 * Batch normalisation over time and batch, by channel. In training with the statistics of this step, which also move the
 * running ones; in inference with those.
 *
 * @param x [T, B, N] dense or spikes; steps past a sample's length do not count
 * @returns [T, B, N] dense
 * @throws when there are too few values to have a variance, or more steps than parameters for them
 */
export function norm(x: Tensor, attrs: NormAttrs, label = 'norm'): Tensor {
  if (x.shape.length !== 3) throw new Error(`${label}: expects [T, B, N], got ${x}`);
  const [T, B, N] = x.shape as [number, number, number];
  const { channels, perStep, mean, variance, weight, bias } = attrs;
  if (N % channels !== 0) throw new Error(`${label}: ${channels} channels do not divide ${x}`);
  const steps = mean.data.length / channels;
  if (perStep && T > steps)
    throw new Error(`${label}: has statistics for ${steps} steps, got ${x}; make it with perStep: ${T}`);
  const valid = perStep ? B : x.lengths ? x.lengths.values.reduce((a, b) => a + b, 0) : T * B;
  if (x.tape.options.training && valid * (N / channels) < 2)
    throw new Error(
      `${label}: one value a channel has no variance, got ${x}; train with more samples, or with training: false`,
    );
  const from = dense(x);
  const requiresGrad = x.requiresGrad || (weight?.trainable ?? false);
  const spec = { form: 'f32' as const, shape: x.shape, requiresGrad, lengths: x.lengths };
  const params = [mean, variance, ...[weight, bias].filter((p) => p !== null)];
  return x.tape.record(op, [from], params, attrs, [spec], label)[0]!;
}

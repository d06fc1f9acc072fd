import type { Sliding } from '../../kernels/conv.ts';
import type { BatchNorm } from '../../layers/batch_norm.ts';
import { effectiveWeights } from '../weights.ts';

/** Weights on their way to the neurons that they are for. */
export interface Current {
  readonly label: string;
  /** [post, pre], or [channels, channels / groups, rows, columns] of a convolution. */
  readonly weight: Float64Array;
  /** By neuron, or by channel. */
  readonly bias: Float64Array | null;
  readonly window: Sliding | null;
}

/** Weights with a normalisation by running statistics taken into them. @returns why it cannot be, if it cannot */
export function folded(current: Current, layer: BatchNorm): Current | string {
  const { options } = layer.config as { options?: Record<string, number> };
  const { eps = 1e-5, perStep, alpha = 1, threshold = 1 } = options ?? {};
  if (perStep !== undefined) return 'has statistics for each step; the weights of a NetX file hold for all';
  const { channels, outputs } = layer;
  const rows = current.window ? current.window.output[0] : outputs;
  if (current.window && channels !== rows) return `normalises ${channels} channels, the convolution has ${rows}`;
  const of = (name: string, fallback: number): Float64Array =>
    layer.params[name] ? effectiveWeights(layer, name) : new Float64Array(channels).fill(fallback);
  const [mean, variance] = [of('running_mean', 0), of('running_var', 1)];
  const [weight, bias] = [of('weight', 1), of('bias', 0)];
  const factor = variance.map((v, c) => (alpha * threshold * weight[c]!) / Math.sqrt(v + eps));
  const channelOf = (row: number): number => Math.floor((row * channels) / rows);
  const columns = current.weight.length / rows;
  return {
    ...current,
    weight: current.weight.map((w, i) => w * factor[channelOf(Math.floor(i / columns))]!),
    bias: Float64Array.from({ length: rows }, (_, row) => {
      const c = channelOf(row);
      return bias[c]! + factor[c]! * ((current.bias?.[row] ?? 0) - mean[c]!);
    }),
  };
}

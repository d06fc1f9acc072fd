import type { Planes, Sliding } from '../../kernels/conv.ts';
import type { LoihiNeurons } from './loihi.ts';

/** Weights [post, pre], whole numbers, as the file has them. */
interface Weighted {
  readonly weight: Int32Array;
  /** By neuron, by channel in a convolution; in units of a weight. */
  readonly bias: Int32Array | null;
  readonly neurons: LoihiNeurons;
  /** What the file says beyond NetX, or what is assumed in its place. */
  readonly meaning: Meaning;
}

export interface DenseLayer extends Weighted {
  readonly type: 'dense';
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs, outputs], from the spikes of the step before. */
  readonly recurrent: Int32Array | null;
}

export interface ConvLayer extends Weighted {
  readonly type: 'conv';
  readonly window: Sliding;
}

/** Layers that only tell a shape. */
export interface ShapeLayer {
  readonly type: 'input' | 'flatten';
  readonly shape: Planes;
}

/** A net as a NetX file has it, in integers. */
export type NetxLayer = DenseLayer | ConvLayer | ShapeLayer;

export type NeuronLayer = DenseLayer | ConvLayer;

/** How integers are to be read in the net's own units. */
export interface Meaning {
  /** The layer's label in the net that was written: `1 LIF`. */
  readonly label: string | null;
  /** Units of a weight, a bias and a threshold in 1. */
  readonly scale: number;
  /** The voltage that the net records. */
  readonly record: 'before reset' | 'after reset';
  /** By neuron, where thresholds differed: what 1 of the layer's common unit was in the net. */
  readonly units: Float64Array | null;
}

/** lava-dl's trainer has 64 units in 1. */
export const SLAYER_SCALE = 64;

export const hasNeurons = (layer: NetxLayer): layer is NeuronLayer => 'neurons' in layer;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const outputsOf = (layer: NeuronLayer): number =>
  layer.type === 'dense' ? layer.outputs : sizeOf(layer.window.output);
export const inputsOf = (layer: NeuronLayer): number =>
  layer.type === 'dense' ? layer.inputs : sizeOf(layer.window.input);

/**
 * Why Loihi cannot store a matrix as it is, or null. Weights of both signs are even (8 bits and a sign, without the last bit); those that are small enough
 * are shifted up when they are stored, and may be odd; of one sign they have all 8 bits.
 */
export function unstorable(weight: ArrayLike<number>): string | null {
  let [low, high, odd] = [Infinity, -Infinity, false];
  for (let i = 0; i < weight.length; i++) {
    const w = weight[i]!;
    if (!Number.isInteger(w)) return `weight ${i} is ${w}, which is no whole number`;
    low = Math.min(low, w);
    high = Math.max(high, w);
    odd ||= w % 2 !== 0;
  }
  if (low >= 0) return high > 255 ? `the largest weight is ${high}, above 255` : null;
  if (low < -256) return `the smallest weight is ${low}, below -256`;
  if (high < 0) return null;
  if (high > 254) return `the largest weight is ${high}, above 254`;
  if (odd && (high > 127 || low < -128))
    return `weights of both signs up to ${Math.max(high, -low)} must be even, and some are odd`;
  return null;
}

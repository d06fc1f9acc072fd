import type { NirNode, NirValue } from '../file/graph.ts';
import { array, scalar } from '../file/values.ts';

/** Nodes as we write them. Constants of neurons have the layer's shape, as readers want it. */

const perNeuron = (shape: readonly number[], fields: Record<string, Float64Array | number>): Record<string, NirValue> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      array(typeof value === 'number' ? new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value) : value, shape),
    ]),
  );

/** @param reset left out where it is 0, so that old readers read the file */
const withReset = (reset: Float64Array | null): Record<string, Float64Array> =>
  reset?.some((x) => x !== 0) ? { v_reset: reset } : {};

export const input = (shape: readonly number[]): NirNode => ({ type: 'Input', fields: { shape: array(shape) } });
export const output = (shape: readonly number[]): NirNode => ({ type: 'Output', fields: { shape: array(shape) } });

/** Affine with a bias, Linear without. */
export const matrix = (weight: Float64Array, shape: readonly number[], bias: Float64Array | null = null): NirNode =>
  bias
    ? { type: 'Affine', fields: { weight: array(weight, shape), bias: array(bias) } }
    : { type: 'Linear', fields: { weight: array(weight, shape) } };

/** A matrix that multiplies each number by one of its own, and adds one: more readers have it than Scale. */
export function diagonal(values: Float64Array, shift: Float64Array | null = null): NirNode {
  const N = values.length;
  const weight = new Float64Array(N * N);
  values.forEach((x, n) => {
    // not -0
    weight[n * N + n] = x + 0;
  });
  return matrix(weight, [N, N], shift);
}

/** The same for neurons in planes, which no matrix takes. */
export const scale = (shape: readonly number[], values: Float64Array): NirNode => ({
  type: 'Scale',
  fields: {
    scale: array(
      values.map((x) => x + 0),
      shape,
    ),
  },
});

export const lif = (
  shape: readonly number[],
  fields: { tau: Float64Array; r: Float64Array; v_leak: Float64Array; v_threshold: Float64Array },
  reset: Float64Array | null,
): NirNode => ({ type: 'LIF', fields: perNeuron(shape, { ...fields, ...withReset(reset) }) });

export const integrateAndFire = (
  shape: readonly number[],
  fields: { r: Float64Array; v_threshold: Float64Array },
  reset: Float64Array | null,
): NirNode => ({ type: 'IF', fields: perNeuron(shape, { ...fields, ...withReset(reset) }) });

export const li = (
  shape: readonly number[],
  fields: { tau: Float64Array; r: Float64Array; v_leak: Float64Array },
): NirNode => ({
  type: 'LI',
  fields: perNeuron(shape, fields),
});

export const cubaLif = (
  shape: readonly number[],
  fields: Record<'tau_syn' | 'tau_mem' | 'r' | 'v_leak' | 'w_in' | 'v_threshold', Float64Array>,
  reset: Float64Array | null,
): NirNode => ({ type: 'CubaLIF', fields: perNeuron(shape, { ...fields, ...withReset(reset) }) });

export const threshold = (shape: readonly number[], value: Float64Array): NirNode => ({
  type: 'Threshold',
  fields: perNeuron(shape, { threshold: value }),
});

export const delay = (shape: readonly number[], seconds: number): NirNode => ({
  type: 'Delay',
  fields: perNeuron(shape, { delay: seconds }),
});

export const flatten = (shape: readonly number[]): NirNode => ({
  type: 'Flatten',
  fields: { start_dim: scalar(0), end_dim: scalar(-1), input_type: array(shape) },
});

import type { NirArray, NirGraph, NirNode, NirValue } from '../../../src/exchange/nir/file/graph.ts';

export const arr = (data: readonly number[], shape: readonly number[] = [data.length]): NirArray => ({
  shape,
  data: Float64Array.from(data),
});
export const fill = (shape: readonly number[], from = 0.5): NirArray => {
  const count = shape.reduce((a, b) => a * b, 1);
  return arr(
    Array.from({ length: count }, (_, i) => from + i / 4),
    shape,
  );
};
export const node = (type: string, fields: Record<string, NirValue>): NirNode => ({ type, fields });
export const graphOf = (nodes: Record<string, NirNode | NirGraph>, ...edges: string[]): NirGraph => ({
  type: 'NIRGraph',
  nodes: new Map(Object.entries(nodes)),
  edges: edges.map((edge) => edge.split(' ') as [string, string]),
});
export const input = (...shape: number[]): NirNode => node('Input', { shape: arr(shape) });
export const output = (...shape: number[]): NirNode => node('Output', { shape: arr(shape) });
export const lif = (n: number): NirNode =>
  node('LIF', { tau: fill([n]), r: fill([n]), v_leak: fill([n], 0), v_threshold: fill([n]) });
export const linear = (to: number, from: number): NirNode => node('Linear', { weight: fill([to, from]) });
/** One node between an Input and an Output. */
export const between = (given: readonly number[], middle: NirNode | NirGraph, made: readonly number[]): NirGraph =>
  graphOf({ input: input(...given), x: middle, output: output(...made) }, 'input x', 'x output');

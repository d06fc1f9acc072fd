import type { NirArray, NirGraph, NirNode, NirValue } from './graph.ts';

/** Numbers as a field has them. */
export const array = (data: ArrayLike<number>, shape: readonly number[] = [data.length]): NirArray => ({
  shape,
  data: data instanceof Float64Array ? data : Float64Array.from(data),
});

export const scalar = (value: number): NirArray => array([value], []);

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How a shape is written in messages. */
export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** The field as numbers. @throws naming node and field when it is not there or is text */
export function numbersOf(place: string, node: NirNode, field: string): NirArray {
  const value = Object.hasOwn(node.fields, field) ? node.fields[field] : undefined;
  if (value === undefined) throw new Error(`NIR node '${place}' (${node.type}): has no field '${field}'`);
  if (typeof value === 'string')
    throw new Error(`NIR node '${place}' (${node.type}): ${field} must be numbers, got '${value}'`);
  if (value.data.length !== sizeOf(value.shape))
    throw new Error(
      `NIR node '${place}' (${node.type}): ${field} of shape ${shapeText(value.shape)} must have ${sizeOf(value.shape)} numbers, got ${value.data.length}`,
    );
  return value;
}

/**
 * A field with one value for each neuron; a scalar stands for all of them. Zeros, or `absent`, where an optional one
 * is missing.
 */
export function perNeuron(place: string, node: NirNode, field: string, N: number, absent?: number): Float64Array {
  if (absent !== undefined && !Object.hasOwn(node.fields, field)) return new Float64Array(N).fill(absent);
  const { data } = numbersOf(place, node, field);
  if (data.length === N) return data;
  if (data.length === 1) return new Float64Array(N).fill(data[0]!);
  throw new Error(`NIR node '${place}' (${node.type}): ${field} must have ${N} numbers, got ${data.length}`);
}

/** The metadata of a node by name, if it is text. */
export function textOf(node: NirNode | NirGraph, key: string): string | undefined {
  const value: NirValue | undefined =
    node.metadata && Object.hasOwn(node.metadata, key) ? node.metadata[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The metadata of a node by name, if it is a number. */
export function numberOf(node: NirNode | NirGraph, key: string): number | undefined {
  const value: NirValue | undefined =
    node.metadata && Object.hasOwn(node.metadata, key) ? node.metadata[key] : undefined;
  return value !== undefined && typeof value !== 'string' && value.data.length === 1 ? value.data[0] : undefined;
}

/** The one value of all neurons, or null where they differ. */
export function uniform(values: ArrayLike<number>): number | null {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return null;
  return values.length ? values[0]! : null;
}

export const map = (values: Float64Array, f: (x: number, i: number) => number): Float64Array => values.map(f);

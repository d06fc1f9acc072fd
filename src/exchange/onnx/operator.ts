import type { Node } from './model.ts';
import type { Arithmetic, Value } from './values.ts';

/** What an operator computes. Inputs that are not given are undefined. */
export type Operator = (inputs: readonly (Value | undefined)[], node: Node, make: Arithmetic) => Value[];

/** The i-th input. @throws when it is not given */
export function given(inputs: readonly (Value | undefined)[], i: number): Value {
  const value = inputs[i];
  if (!value) throw new Error(`input ${i} is missing`);
  return value;
}

/** An attribute that is a whole number. */
export function intAttribute(node: Node, name: string, otherwise?: number): number {
  const a = node.attributes.find((x) => x.name === name);
  if (a?.kind === 'int') return a.value;
  if (!a && otherwise !== undefined) return otherwise;
  throw new Error(`attribute '${name}' must be an int`);
}

/** An attribute that is a list of them. */
export function intsAttribute(node: Node, name: string, otherwise?: readonly number[]): readonly number[] {
  const a = node.attributes.find((x) => x.name === name);
  if (a?.kind === 'ints') return a.value;
  if (!a && otherwise) return otherwise;
  throw new Error(`attribute '${name}' must be a list of ints`);
}

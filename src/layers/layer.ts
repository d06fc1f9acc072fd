import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';

/** State that a user carries from one piece of a sequence to the next; see `Sequential.forward`. */
export class CarriedState {
  readonly final = new Map<Layer, Tensor>();

  /** Begins afresh with the next step. */
  reset(): void {
    this.final.clear();
  }
}

export interface ForwardContext {
  readonly carried: CarriedState | undefined;
}

/** What rebuilds a layer: its kind, and the arguments of its constructor. */
export interface LayerConfig {
  readonly kind: string;
  readonly [option: string]: unknown;
}

/** A part of a net. It knows no device; its parameters live on the CPU until the net is bound. */
export abstract class Layer {
  /** Position in the net, and kind: `0 AHP`. */
  label = '';
  /** Parameters by their name within the layer, in a fixed order. */
  abstract readonly params: Readonly<Record<string, Parameter>>;
  abstract readonly config: LayerConfig;
  /** Width of the input that it expects, and of its output. */
  abstract readonly inputs: number;
  abstract readonly outputs: number;
  /** Records the layer's operations on the tape of x. */
  abstract forward(x: Tensor, context: ForwardContext): Tensor;
}

/** @throws unless `value` is a whole number above 0 */
export function positiveInteger(owner: string, name: string, value: number): number {
  if (!(Number.isInteger(value) && value > 0))
    throw new Error(`${owner}: ${name} must be a whole number above 0, got ${value}`);
  return value;
}

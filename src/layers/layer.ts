import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';

/**
 * State that a user carries from one piece of a sequence to the next; see `Sequential.forward`. It holds what each layer of
 * neurons left, [states (+ 1 for spikes), B, N], by the layer's place in the net (`0`, `1.body.0`): a kept tensor of the
 * step that left it, or plain numbers in that order, which a user may put there.
 */
export class CarriedState {
  readonly final = new Map<string, Tensor | ArrayLike<number>>();

  /** Begins afresh with the next step. */
  reset(): void {
    this.final.clear();
  }
}

/** What a net tells its layers when it is recorded. */
export interface ForwardContext {
  /** Where states are taken from and left, if they are carried over. */
  readonly state?: CarriedState | undefined;
  /** The layer's place in the net: `0`, `1.body.0`. */
  readonly place?: string | undefined;
}

/** What rebuilds a layer: its kind, and the arguments of its constructor. A saved net adds the layers within it. */
export interface LayerConfig {
  readonly kind: string;
  readonly [option: string]: unknown;
}

/** A part of a net. It knows no device; its parameters live on the CPU until the net is bound. */
export abstract class Layer {
  /** Place in the net, and kind: `0 AHP`. Set whenever the net is recorded, since a layer may stand in several places. */
  label = '';
  /** Parameters by their name within the layer, in a fixed order. */
  abstract readonly params: Readonly<Record<string, Parameter>>;
  abstract readonly config: LayerConfig;
  /** Width of the input that it expects, and of its output. */
  abstract readonly inputs: number;
  abstract readonly outputs: number;
  /** Layers within this one, by their name within it. */
  readonly children: Readonly<Record<string, Layer>> = {};
  /** Records the layer's operations on the tape of x. */
  abstract forward(x: Tensor, context?: ForwardContext): Tensor;

  /**
   * Uses another layer's parameter in place of its own: `decoder.tie('weight', encoder.params.weight!)`. There is then one
   * array, whose gradient is the sum over all uses; its own range, mask and signs hold wherever it is used. Before the net is
   * bound. A net that is to be saved must contain the layer that the parameter is of.
   *
   * @throws when the layer has no parameter of this name, or of another shape, or trained where the other is fixed
   */
  tie(name: string, parameter: Parameter): this {
    const own = this.params[name];
    const kind = this.config.kind;
    if (!own || Object.keys(this.children).length > 0)
      throw new Error(`${kind}: has no parameter '${name}' of its own; it has ${Object.keys(this.params).join(', ')}`);
    if (own.shape.join() !== parameter.shape.join() || own.trainable !== parameter.trainable) {
      const say = (p: Parameter): string => `${p.trainable ? 'trained' : 'fixed'} [${p.shape.join(', ')}]`;
      throw new Error(`${kind}: cannot tie ${name}: it is ${say(own)}, the other parameter is ${say(parameter)}`);
    }
    const params = this.params as Record<string, Parameter>;
    params[name] = parameter;
    for (const what of ['mask', 'signs'] as const) {
      const its = parameter.options[what];
      delete params[`${name}_${what}`];
      if (its) params[`${name}_${what}`] = its;
    }
    return this;
  }
}

/** @throws unless `value` is a whole number above 0 */
export function positiveInteger(owner: string, name: string, value: number): number {
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new Error(`${owner}: ${name} must be a whole number above 0, got ${value}`);
  return value;
}

/** @throws naming the option */
export function trueOrFalse(owner: string, name: string, value: boolean): void {
  if (typeof value !== 'boolean') throw new Error(`${owner}: ${name} must be true or false, got ${String(value)}`);
}

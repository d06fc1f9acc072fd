import { deriveAdjoint } from './adjoint.ts';
import type { NeuronDefinition } from './definition.ts';
import type { Surrogate } from './surrogates.ts';

/** What the forward pass of a layer of neurons keeps for the backward pass. */
export interface Saved {
  /**
   * Values of 4 bytes each: `v` is the recorded voltage, `I` the current, states have their names, `inner...` is a value
   * between; a GLIF layer's `current` is that before its gate.
   */
  readonly planes: readonly string[];
  /** A neuron and step. */
  readonly bytes: number;
}

/**
 * What a layer's neurons save for the backward pass, for each neuron and time step: 4 bytes for each value, and 1/8 for
 * the spike. Not counted: the packing of the spikes along time, which the weights' gradients read (1/8 more), what other
 * operations read anyway, such as the input, and nothing that does not grow with time.
 *
 * @param layer a layer of neurons, or its parts: a constant is learned if its parameter is trainable
 * @param options `recordGradient` counts a voltage that has a gradient of its own, from a loss or a regulariser
 */
export function savedBytes(
  layer: {
    readonly definition: NeuronDefinition;
    readonly surrogate: Surrogate | null;
    readonly constants: readonly { readonly trainable: boolean }[];
    readonly keptBeside?: readonly string[];
  },
  options: { recordGradient?: boolean } = {},
): Saved {
  const { definition: def, surrogate, constants } = layer;
  const learned = Object.keys(def.params).filter((_, i) => constants[i]?.trainable);
  const adjoint = deriveAdjoint(def, {
    surrogate,
    learned,
    recordGradient: options.recordGradient ?? !def.z,
  });
  const planes = [...adjoint.planes.map((p) => p.name), ...(layer.keptBeside ?? [])];
  return { planes, bytes: 4 * planes.length + (def.z ? 1 / 8 : 0) };
}

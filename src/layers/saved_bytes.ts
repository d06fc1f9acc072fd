import { chooseSegments } from '../kernels/segments.ts';
import { deriveAdjoint } from '../neurons/adjoint.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import type { Surrogate } from '../neurons/surrogates.ts';

/** What the forward pass of a layer of neurons keeps for the backward pass. */
export interface Saved {
  /**
   * Values of 4 bytes each: `v` is the recorded voltage, `I` the current, states have their names, `inner...` is a value
   * between; a GLIF layer's `current` is that before its gate.
   */
  readonly planes: readonly string[];
  /** A neuron and step. */
  readonly bytes: number;
  /** Of these, what is there during the backward pass only, in buffers that layers share: 0 but with low memory. */
  readonly shared: number;
}

/**
 * What a layer's neurons save for the backward pass, for each neuron and time step: 4 bytes for each value, and 1/8 for
 * the spike. Not counted: the packing of the spikes along time, which the weights' gradients read (1/8 more), what other
 * operations read anyway, such as the input, and nothing that does not grow with time.
 *
 * With low memory (`engine.tape({ memory: 'low' })`, `fit(..., { memory: 'low' })`) a part of time at a time is run again: what
 * that part needs, and the states kept between parts, both counted as if spread over all T steps. Few steps are one part. A layer
 * whose current comes from an operation that needs all of time, such as a BatchNorm, keeps as much as with full memory.
 *
 * @param layer a layer of neurons, or its parts: a constant is learned if its parameter is trainable
 * @param options `recordGradient` counts a voltage that has a gradient of its own, from a loss or a regulariser; `lowMemory`
 *   the number of time steps T, for the bytes with low memory
 * @throws when lowMemory is no whole number above 0
 */
export function savedBytes(
  layer: {
    readonly definition: NeuronDefinition;
    readonly surrogate: Surrogate | null;
    readonly constants: readonly { readonly trainable: boolean }[];
    readonly keptBeside?: readonly string[];
  },
  options: { recordGradient?: boolean; lowMemory?: number } = {},
): Saved {
  const { definition: def, surrogate, constants } = layer;
  const learned = Object.keys(def.params).filter((_, i) => constants[i]?.trainable);
  const adjoint = deriveAdjoint(def, {
    surrogate,
    learned,
    recordGradient: options.recordGradient ?? !def.z,
  });
  const beside = layer.keptBeside ?? [];
  const values = valuesPerStep(adjoint.planes.length, def.states.length, beside.length, options.lowMemory);
  return {
    planes: [...adjoint.planes.map((p) => p.name), ...beside],
    bytes: 4 * (values.kept + values.shared + beside.length) + (def.z ? 1 / 8 : 0),
    shared: 4 * values.shared,
  };
}

/** Values of 4 bytes that are kept from the forward pass, and those of a part that is run again. */
function valuesPerStep(
  planes: number,
  states: number,
  beside: number,
  T: number | undefined,
): { kept: number; shared: number } {
  if (T === undefined) return { kept: planes, shared: 0 };
  if (!(Number.isInteger(T) && T > 0))
    throw new Error(`savedBytes: lowMemory must be a whole number of steps, got ${T}`);
  const { list, replay } = chooseSegments(
    { T, planes, states, beside },
    { bound: T, run: T },
    {
      low: true,
      split: true,
    },
  );
  if (!replay) return { kept: planes, shared: 0 };
  return { kept: (states * (list.length - 1)) / T, shared: (planes * list[0]!.t1) / T };
}

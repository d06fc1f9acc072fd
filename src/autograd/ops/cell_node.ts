import type { RatePenalty } from '../../kernels/activity.ts';
import type { Penalty } from '../../neurons/adjoint.ts';
import type { NeuronDefinition } from '../../neurons/definition.ts';
import type { Surrogate } from '../../neurons/surrogates.ts';
import type { Node } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Tensor } from '../tensor.ts';

/** What a layer of neurons is made of. */
export interface CellAttrs {
  readonly definition: NeuronDefinition;
  readonly surrogate: Surrogate | null;
  readonly N: number;
  /** The neuron's constants in the definition's order. */
  readonly constants: readonly Parameter[];
  /** Weights [N, inputs] of spikes that are gathered inside the time loop. */
  readonly weight: Parameter | null;
  readonly recurrent: Parameter | null;
  readonly bias: Parameter | null;
  readonly chunk: number | undefined;
  /** What regularisers and monitors add before the step runs. */
  readonly extras: CellExtras;
}

export interface CellExtras {
  monitored: boolean;
  readonly penalties: { penalty: Penalty; weight: number }[];
  rate: { penalty: RatePenalty; weight: number } | null;
}

/** The inputs of a cell, in the node's order. */
export const INPUT = { current: 0, spikes: 1, start: 2 } as const;

/** The outputs of a cell. Those that nobody reads take no memory. */
export interface CellOutputs {
  /** Spikes [T, B, N]; null for a neuron that does not spike. */
  readonly z: Tensor | null;
  /** Recorded voltage [T, B, N]. */
  readonly v: Tensor;
  /** States after the last step, then the last spikes: [states (+ 1), B, N]. */
  readonly final: Tensor;
  /** Sums over the batch, [6, N]: spikes, smallest and largest voltage, voltage penalty, rate penalty, rate. */
  readonly activity: Tensor;
  /** The gradient of the loss by the current that reaches each neuron at each step, [T, B, N]; made by the backward pass. */
  readonly currentGradient: Tensor;
  /** The other states over time, [T, B, N] each. */
  readonly states: Readonly<Record<string, Tensor>>;
}

/** A cell as it was recorded: what regularisers and monitors work with. */
export interface CellRun extends CellOutputs {
  readonly label: string;
  /** The neuron's constants by name. */
  readonly constants: Readonly<Record<string, Parameter>>;
  readonly extras: CellExtras;
}

/** The outputs by name. */
export const outputOf = (node: Node<CellAttrs>): CellOutputs => {
  const [z, v, final, act, dI, ...states] = node.outputs as [Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const { definition: def } = node.attrs;
  return {
    z: def.z ? z : null,
    v,
    final,
    activity: act,
    currentGradient: dI,
    states: Object.fromEntries(def.states.map((s, i) => [s, states[i]!])),
  };
};

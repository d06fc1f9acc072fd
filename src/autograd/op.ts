import type { Form, Storage } from '../device/storage.ts';
import type { Segment } from '../kernels/segments.ts';
import type { Expr } from '../neurons/expr.ts';
import type { Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';
import type { Lengths, Tensor } from './tensor.ts';

/** What one step of an operation takes for one sample in inference, where its parameters do not say it; see `spiketape/cost`. */
export interface StepCost {
  readonly multiplyAccumulates?: number;
  readonly adds?: number;
  readonly multiplies?: number;
  /** Exponentials, quotients and the like. */
  readonly functions?: number;
  /** What each of `units` evaluates besides, as expressions. */
  readonly equations?: readonly Expr[];
  readonly units?: number;
  /** Numbers kept from step to step. */
  readonly states?: number;
  /** Each value is a sum of values of the inputs: sums of spikes go on as spikes, and cost nothing before they arrive. */
  readonly sums?: boolean;
}

/**
 * A differentiable operation: how it becomes kernel calls forward, and backward. One row of the table that the tape
 * works from; users add their own the same way.
 */
export interface Op<A = unknown> {
  readonly name: string;
  /** Whatever of the attributes shapes the calls, as text: two nodes with one key lower to the same calls. */
  key(attrs: A): string;
  /** Numbers that may change from step to step without a new compilation, by name. */
  slots?(node: Node<A>): Readonly<Record<string, readonly number[]>>;
  forward(low: Lowering, node: Node<A>): void;
  /** Called after everything that uses the outputs has been called; gradients arrive by `low.gradient(output)`. */
  backward?(low: Lowering, node: Node<A>): void;
  /**
   * The one output over a part of time alone, into the beginning of `to` where that is given; its first row is that of the part's
   * first step. Where a layer of neurons alone reads the output, it is made in this way each time that the layer runs the part, into
   * the memory of what the layer saves of it, and `forward` is not called.
   */
  forwardPart?(low: Lowering, node: Node<A>, part: Segment, to?: Storage): Storage;
  /** Whether its output's gradient may arrive in these parts of time, the last one first; see `Arrival`. */
  takes?(low: Lowering, node: Node<A>, parts: readonly Segment[]): boolean;
  /** Of an update: called after each node's backward, for rules that change a layer as soon as its gradient is there. */
  afterBackward?(low: Lowering, update: Node<A>, node: Node): void;
  /** For `spiketape/cost`, which otherwise counts a product at every step for each matrix among the parameters, and no more. */
  cost?(node: Node<A>): StepCost;
}

/** One operation as it was recorded. */
export interface Node<A = unknown> {
  readonly op: Op<A>;
  readonly attrs: A;
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly params: readonly Parameter[];
  /** For messages and profiles. */
  readonly label: string;
  /** First slot of each name, set when the step is closed. */
  slotBase: Readonly<Record<string, number>>;
}

/** What an operation says of an output when it is recorded. */
export interface OutputSpec {
  readonly form: Form;
  readonly shape: readonly number[];
  readonly requiresGrad: boolean;
  readonly name?: string;
  readonly lengths?: Lengths | undefined;
}

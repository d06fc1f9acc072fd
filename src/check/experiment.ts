import type { Module } from '../autograd/engine.ts';
import type { Loss } from '../autograd/loss.ts';
import type { Tape, TapeOptions } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';

/** What a step of an experiment leaves to look at. */
export interface Recorded {
  readonly loss: Loss;
  /** Inputs that require a gradient. */
  readonly inputs: readonly Tensor[];
  /** Values to compare. */
  readonly values: readonly Tensor[];
}

/** A net and one step of it, to be run on any device any number of times. */
export interface Experiment {
  readonly module: Module;
  /** How the device keeps the forward pass; the reference keeps all of it. */
  readonly memory?: TapeOptions['memory'];
  /** Of the weights, on both. */
  readonly precision?: TapeOptions['precision'];
  record(tape: Tape): Recorded;
}

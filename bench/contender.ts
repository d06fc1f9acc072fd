import type { BenchCase } from './cases.ts';
import type { CaseData } from './data.ts';

/** A framework that runs cases. */
export interface Contender {
  /** As bench.json has it: `spiketape`, `tfjs-webgpu`, `jax-js`. */
  readonly name: string;
  /** Puts weights and inputs on its device. Nothing is compiled here. */
  prepare(c: BenchCase, data: CaseData): Promise<Runner>;
}

/** A case in a framework, ready to run. */
export interface Runner {
  /** One training step on the device; resolves to the loss before its update, once that has been read back. */
  step(): Promise<number>;
  /**
   * What the last step came to, by the names of `CaseData.weights` and as those are laid out: the updated weights, or
   * where the case has no update the gradients; of neurons alone `current`, the gradient of their input.
   */
  outcome(): Promise<Record<string, Float32Array>>;
  dispose(): void;
}

import type { Call } from '../device/device.ts';

/** Where spikes come from: an own step or primitive, or spikes imposed from outside. */
export interface SpikeSource {
  /** A spike's value is the surrogate's primitive; the whole net is then differentiable. */
  readonly smooth: boolean;
  /** Spikes [T, B, N] to use in place of a layer's own. */
  forced(call: Call): ArrayLike<number> | undefined;
  /** Tells of an own spike at distance x from the threshold that was compared with an imposed one. */
  compared(differs: boolean, x: number): void;
}

/** One call of a kernel, as its twin sees it. */
export interface TwinCall {
  readonly call: Call;
  readonly dims: Readonly<Record<string, number>>;
  /** A constant of the variant. @throws when the variant has none of this name */
  constant(name: string): number;
  flag(name: string): boolean;
  /** Memory by binding name, in the layout of the device, one number a spike. @throws when nothing is bound */
  of(binding: string): Float64Array;
  /** One of the numbers that vary from step to step. */
  slot(i: number): number;
  /** Seed and number of the step, for everything random. */
  readonly seed: number;
  readonly step: number;
  readonly spikes: SpikeSource;
}

/** What a kernel means, in float64 and without any of its tricks. */
export type Twin = (c: TwinCall) => void;

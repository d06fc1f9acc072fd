/** What a layer does for one sample, averaged over the samples. */
export interface Work {
  /** Time steps that the layer runs for a sample; replicas of the sample within the net count each. */
  readonly steps: number;
  readonly spikes: number;
  /** A spike that reaches a neuron through one of the connections that there are: an addition. */
  readonly synapticOperations: number;
  /** Products that have to be computed because the layer's input is no spikes. */
  readonly multiplyAccumulates: number;
  /** Neurons times steps. */
  readonly updates: number;
  /** Of the updates, and of all that is done value by value: biases, sums, normalisations, pools of dense values. */
  readonly adds: number;
  readonly multiplies: number;
  /** Exponentials, quotients, roots and the like. */
  readonly functions: number;
  /** Multiply-accumulates of the same layer without spikes: every connection at every step. */
  readonly dense: number;
}

/** Numbers that move between memory and arithmetic for one sample; see `energyOf` for what moves when. */
export interface Traffic {
  readonly weightReads: number;
  /** States of neurons and sums that arrive at them. */
  readonly stateReads: number;
  readonly stateWrites: number;
  /** Dense values between layers. */
  readonly activationReads: number;
  readonly activationWrites: number;
  /** Bits of the addresses of spikes, written where they are made and read where they arrive. */
  readonly eventBits: number;
  /** Outputs of the layer without spikes, over all steps. */
  readonly denseOutputs: number;
}

/** What a layer is made of, in numbers; of connections only those that there are. */
export interface Sizes {
  /** 0 for a layer that has none. */
  readonly neurons: number;
  /** Weights, biases, and constants that each neuron or channel has for itself. */
  readonly weights: number;
  /** Kept by the neurons from step to step. */
  readonly states: number;
  /** States, and sums that arrive: the memory that spikes change. */
  readonly accumulators: number;
  /** Width of the input. */
  readonly inputs: number;
}

export type Counts = Work & Traffic;

const NONE: Counts = {
  steps: 0,
  spikes: 0,
  synapticOperations: 0,
  multiplyAccumulates: 0,
  updates: 0,
  adds: 0,
  multiplies: 0,
  functions: 0,
  dense: 0,
  weightReads: 0,
  stateReads: 0,
  stateWrites: 0,
  activationReads: 0,
  activationWrites: 0,
  eventBits: 0,
  denseOutputs: 0,
};

const KEYS = Object.keys(NONE) as (keyof Counts)[];
const WORK = KEYS.slice(0, KEYS.indexOf('dense') + 1) as (keyof Work)[];

export const counts = (some: Partial<Counts> = {}): Counts => ({ ...NONE, ...some });

/** Sums. Steps are not added: operations of one layer run at the same ones. */
export const plus = (a: Counts, b: Partial<Counts>): Counts => ({
  ...counts(Object.fromEntries(KEYS.map((k) => [k, a[k] + (b[k] ?? 0)]))),
  steps: Math.max(a.steps, b.steps ?? 0),
});

export const over = (a: Counts, samples: number): Counts =>
  counts(Object.fromEntries(KEYS.map((k) => [k, a[k] / samples])));

export const workOf = (a: Counts): Work => Object.fromEntries(WORK.map((k) => [k, a[k]])) as unknown as Work;

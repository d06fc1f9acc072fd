/** What a net is given when it is compared with another: T steps of B samples of N numbers, spikes as 0 and 1. */
export interface Sample {
  readonly T: number;
  readonly B: number;
  readonly N: number;
  /** [T, B, N] */
  readonly inputs: Float32Array;
}

/** What a layer of neurons did. */
export interface Trace {
  /** The layer's label in the net: its place and kind, `0 AHP`, `1.body.0 LIF`. */
  readonly label: string;
  readonly N: number;
  /** [T, B, N], 0 or 1; null for neurons that do not spike. */
  readonly spikes: Float64Array | null;
  /** [T, B, N] as the layer records it; null where it cannot be had in that form. */
  readonly voltage: Float64Array | null;
}

/** What a net did on a sample, by whatever means it was run. */
export interface Activity {
  /** Steps of what comes out: more than go in where the net encodes. */
  readonly T: number;
  readonly B: number;
  /** What the last layer put out, [T, B, outputs]. */
  readonly outputs: Float64Array;
  /** In the order of the net. */
  readonly layers: readonly Trace[];
}

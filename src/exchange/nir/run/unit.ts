/** What a node does in a step, in the interpreter. */
export interface Unit {
  /** [B, size]: what it put out last; zeros at first. */
  readonly out: Float64Array;
  /** Takes [B, size of its input]. */
  step(x: Float64Array): void;
  /** [B, N] of a node of neurons: what they did in this step; null for those that do not spike. */
  readonly spikes?: Float64Array | null;
  /** [B, N]: as it was compared with the threshold. */
  readonly voltage?: Float64Array;
}

/** What a unit is made for. The graph is valid. */
export interface Setting {
  readonly B: number;
  /** Seconds. */
  readonly dt: number;
  /** Shapes of one sample's input and output. */
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Numbers that one node keeps or puts out, all samples together, at most. */
const LARGEST = 2 ** 26;

/** @throws when it would be more */
export function activation(place: string, size: number, B: number): Float64Array {
  if (size * B <= LARGEST) return new Float64Array(size * B);
  throw new Error(
    `NIR node '${place}': ${size} numbers for each of ${B} samples are more than the ${LARGEST} that are allowed`,
  );
}

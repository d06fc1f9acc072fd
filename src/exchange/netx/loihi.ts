/**
 * A Loihi neuron in its own integers, bit for bit as lava's `PyLifModelBitAcc` has it, in arithmetic that doubles hold exactly. With the
 * numbers that a NetX file has:
 *
 *     u_t = wrap( trunc( u_{t-1} (4096 - iDecay) / 4096 ) + 64 a_t )
 *     v_t = clip( trunc( v_{t-1} (4096 - vDecay) / 4096 ) + u_t + 64 bias )
 *     z_t = [v_t > 64 vThMant] ;  then v_t is 0 where z_t is 1
 *
 * a_t is the sum of the weights of what arrives; trunc drops the fraction, towards 0. u has 24 bits and wraps, into (-2^23, 2^23]; v has as many
 * and is kept within +-(2^23 - 1). (lava calls iDecay - 1 du, vDecay dv; bias has an exponent of 6. The reset is the whole refractory period.)
 */
export interface LoihiNeurons {
  /** What u loses in a step, in 4096ths: 1 .. 4096, and 4096 is no synaptic memory. */
  readonly iDecay: number;
  /** What v loses in a step, in 4096ths: 0 .. 4096, and 0 is no leak. */
  readonly vDecay: number;
  /** The threshold, in units of a weight: 0 .. 131071. */
  readonly vThMant: number;
}

/** Units of v and u in one of a weight, a bias and a threshold. */
export const SHIFT = 64;
/** Units of a decay in 1. */
export const UNITY = 4096;
/** Half the range of u and v. */
const HALF = 2 ** 23;

/** The ranges of what Loihi stores. */
export const RANGES = {
  iDecay: [1, UNITY],
  vDecay: [0, UNITY],
  vThMant: [0, 131071],
  bias: [-4096, 4095],
  weight: [-256, 255],
} as const;

/** What is left of a whole number below 2^24 after a step. */
const left = (x: number, decay: number): number => Math.trunc((x * (UNITY - decay)) / UNITY);

/** 24 bits with a sign, of which -2^23 is written as 2^23. */
export const wrap = (x: number): number => x - 2 * HALF * Math.ceil((x - HALF) / (2 * HALF));

const clip = (x: number): number => Math.min(HALF - 1, Math.max(1 - HALF, x));

/** The synaptic current after a step. @param a sum of weights that arrive */
export const nextCurrent = (u: number, a: number, { iDecay }: LoihiNeurons): number =>
  wrap(left(u, iDecay) + SHIFT * a);

/** The membrane voltage after a step, before its reset. @param u after the step */
export const nextVoltage = (v: number, u: number, bias: number, { vDecay }: LoihiNeurons): number =>
  clip(left(v, vDecay) + u + SHIFT * bias);

/** Whether a voltage is above the threshold. */
export const fires = (v: number, { vThMant }: LoihiNeurons): boolean => v > SHIFT * vThMant;

/** Currents and voltages of a layer, after the last step. */
export interface LoihiState {
  readonly u: Int32Array;
  readonly v: Int32Array;
}

export const restingState = (N: number): LoihiState => ({ u: new Int32Array(N), v: new Int32Array(N) });

/**
 * One step of a layer of N neurons, in place.
 *
 * @param arriving sums of weights, N whole numbers
 * @param bias N whole numbers, or null
 * @param spikes takes N numbers, 0 or 1
 * @param voltages takes the N voltages as they were compared with the threshold
 */
export function step(
  neurons: LoihiNeurons,
  { u, v }: LoihiState,
  arriving: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  spikes: Uint8Array | Float64Array,
  voltages: Int32Array | Float64Array | null = null,
): void {
  for (let n = 0; n < v.length; n++) {
    const current = nextCurrent(u[n]!, arriving[n]!, neurons);
    const voltage = nextVoltage(v[n]!, current, bias ? bias[n]! : 0, neurons);
    const fired = fires(voltage, neurons);
    u[n] = current;
    v[n] = fired ? 0 : voltage;
    spikes[n] = fired ? 1 : 0;
    if (voltages) voltages[n] = voltage;
  }
}

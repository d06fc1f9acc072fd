import { fires, neuronsPerInput } from '../kernels/encode.ts';
import { uniform } from '../kernels/random.ts';
import { type Encoding, wholeSteps } from './encoding.ts';

/**
 * Encodes values as spikes on the CPU, bit for bit as the device does for the same seed, step and stream (the responses of
 * a population, which go through an exponential, may round differently).
 *
 * @param values in the order of `shape`
 * @param options shape [1, B, N] for an encoding with `steps`, else [T, B, N]; seed, step and stream (0) choose the random bits;
 *   on the device the stream is the number of the operation on the tape
 * @returns spikes of 0 and 1, and their shape [steps or T, B, outputs]
 */
export function encodeOnHost(
  values: ArrayLike<number>,
  encoding: Encoding,
  options: { shape: readonly [T: number, B: number, N: number]; seed?: number; step?: number; stream?: number },
): { values: Float32Array; shape: [number, number, number] } {
  const { seed = 0, step = 0, stream = 0 } = options;
  const [T, B, N] = options.shape;
  const { steps, plan } = encoding;
  if (values.length !== T * B * N)
    throw new Error(`encode: shape [${T}, ${B}, ${N}] has ${T * B * N} values, got ${values.length}`);
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw new Error(`encode: value ${i} is ${values[i]}, expected a finite number`);
  if (steps !== undefined && T !== 1)
    throw new Error(
      `encode: an encoding over ${steps} steps expects values that stand still, [1, B, N], got ${T} steps`,
    );
  const [length, outputs] = [steps ?? T, N * neuronsPerInput(plan)];
  const out = new Float32Array(length * B * outputs);
  for (let t = 0; t < length; t++) {
    for (let b = 0; b < B; b++) {
      const value = (at: number, n: number): number => values[((steps === undefined ? at : 0) * B + b) * N + n]!;
      for (let n = 0; n < outputs; n++) {
        const index = (t * B + b) * outputs + n;
        out[index] = fires(plan, { t, n, T: length }, value, () => uniform(seed, stream, step, index)) ? 1 : 0;
      }
    }
  }
  return { values: out, shape: [length, B, outputs] };
}

/**
 * A constant current on the CPU: the same values at every step.
 *
 * @param values [B, N]
 * @returns [steps, B, N], time-major
 */
export function constantCurrentOnHost(values: ArrayLike<number>, options: { steps: number }): Float32Array {
  const { steps } = options;
  wholeSteps('constantCurrentOnHost', steps);
  return Float32Array.from({ length: steps * values.length }, (_, i) => values[i % values.length]!);
}

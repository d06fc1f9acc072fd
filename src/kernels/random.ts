/**
 * Random numbers on the device and in its twins: a function of (seed, stream, step, index) alone, the same bits everywhere.
 * The rounds are those of PCG's output permutation (O'Neill 2014) as Jarzynski & Olano 2020 hash with it; shaders that draw
 * carry the same two functions.
 */
export function pcg(x: number): number {
  const state = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737);
  return ((word >>> 22) ^ word) >>> 0;
}

/** 32 random bits. */
export function randomBits(seed: number, stream: number, step: number, index: number): number {
  const key = pcg((step ^ pcg((stream ^ pcg(seed >>> 0)) >>> 0)) >>> 0);
  return pcg((pcg((index + key) >>> 0) ^ key) >>> 0);
}

/** Uniform in [0, 1), a multiple of 2^-24, so that float32 holds it exactly. */
export const uniform = (seed: number, stream: number, step: number, index: number): number =>
  (randomBits(seed, stream, step, index) >>> 8) / 2 ** 24;

/**
 * The padding of everything on the device, in one place.
 *
 * The last dimension of an activation, N neurons, is padded with zeros to whole quads (vec4f). Spikes are one bit each in
 * two packings: along neurons, for gathering weight rows, and along time, for weight gradients; the second lies behind
 * the first in one buffer.
 */
export const quads = (n: number): number => Math.ceil(n / 4);
/** Words of one row of spikes packed along neurons. */
export const words = (n: number): number => Math.ceil(n / 32);
/** Words of all rows packed along neurons: where the packing along time begins. */
export const bitsAlongTime = (T: number, B: number, N: number): number => T * B * words(N);
/** Words of both packings. */
export const spikeWords = (T: number, B: number, N: number): number =>
  bitsAlongTime(T, B, N) + Math.ceil(T / 32) * B * 4 * quads(N);

/** Workgroups of a dispatch over rows, eight a workgroup, in two dimensions where there are many: row = 524280 z + y. */
export function overRows(columns: number, rows: number): [number, number, number] {
  const all = Math.ceil(rows / 8);
  return [columns, Math.min(all, 65535), Math.ceil(all / 65535)];
}

/** Workgroups of a one-dimensional dispatch, folded into two dimensions where it is long, and the length of a row. */
export function fold(count: number, workgroup: number): { groups: [number, number, number]; row: number } {
  const all = Math.ceil(count / workgroup);
  const x = Math.min(all, 65535);
  return { groups: [x, Math.ceil(all / x), 1], row: x * workgroup };
}

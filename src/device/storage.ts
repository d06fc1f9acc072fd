import { quads, spikeWords, words } from '../kernels/sizes.ts';

/**
 * What a piece of device memory holds.
 *
 * `f32`, `bits`, `bytes` and `half` are activations: shape [..., N], padded as `kernels/sizes.ts` says. `bits` are spikes
 * of shape [T, B, N] in both packings. `words` are plain 32-bit numbers without padding: tables, labels, arenas.
 */
export type Form = 'f32' | 'bits' | 'bytes' | 'half' | 'words';

/** A piece of device memory; what it is called, not where it lies. */
export interface Storage {
  readonly name: string;
  readonly form: Form;
  readonly shape: readonly number[];
  /**
   * transient: made and used up within a step; input: written before it; constant: written once when the step is
   * compiled; persistent: outlives the step, owned by an arena.
   */
  readonly role: 'transient' | 'input' | 'constant' | 'persistent';
  readonly data?: Uint32Array | undefined;
}

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Rows of an activation: all dimensions but the last. */
export const rows = (shape: readonly number[]): number => count(shape.slice(0, -1));
export const width = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/** Bytes on a device. */
export function byteLength(s: Pick<Storage, 'form' | 'shape'>): number {
  const [n, m] = [width(s.shape), rows(s.shape)];
  switch (s.form) {
    case 'f32':
      return 16 * quads(n) * m;
    case 'bits':
      return 4 * spikeWords(s.shape[0]!, s.shape[1]!, n);
    case 'bytes':
      return 4 * quads(n) * m;
    case 'half':
      return 8 * quads(n) * m;
    case 'words':
      return 4 * count(s.shape);
  }
}

/** Numbers that the float64 reference keeps for it: padded as on the device, but one number a spike. */
export const numberCount = (s: Pick<Storage, 'form' | 'shape'>): number =>
  s.form === 'words' ? count(s.shape) : 4 * quads(width(s.shape)) * rows(s.shape);

/** Pads rows of n numbers to whole quads. */
export function padRows<A extends Float32Array | Float64Array>(
  values: ArrayLike<number>,
  shape: readonly number[],
  make: (n: number) => A,
): A {
  const [n, m] = [width(shape), rows(shape)];
  const pitch = 4 * quads(n);
  const out = make(m * pitch);
  for (let r = 0; r < m; r++) for (let i = 0; i < n; i++) out[r * pitch + i] = values[r * n + i]!;
  return out;
}

/** Undoes padRows. */
export function unpadRows<A extends Float32Array | Float64Array>(
  padded: ArrayLike<number>,
  shape: readonly number[],
  make: (n: number) => A,
): A {
  const [n, m] = [width(shape), rows(shape)];
  const pitch = 4 * quads(n);
  const out = make(m * n);
  for (let r = 0; r < m; r++) for (let i = 0; i < n; i++) out[r * n + i] = padded[r * pitch + i]!;
  return out;
}

/** Whether spikes of this shape are given 32 neurons a word, [T, B, words(N)]; for one neuron both are the same numbers. */
export const inWords = (z: ArrayLike<number>, shape: readonly number[]): z is Uint32Array =>
  z instanceof Uint32Array && z.length === rows(shape) * words(width(shape));

/** Spikes [T, B, N] of 0 and 1 (anything but 0 counts), or already in words, in both packings. */
export function packSpikes(z: ArrayLike<number>, shape: readonly [number, number, number]): Uint32Array<ArrayBuffer> {
  const [T, B, N] = shape;
  const [W, P] = [words(N), 4 * quads(N)];
  const out = new Uint32Array(spikeWords(T, B, N));
  const alongTime = T * B * W;
  if (inWords(z, shape)) out.set(z);
  else
    for (let r = 0; r < T * B; r++)
      for (let n = 0; n < N; n++) if (z[r * N + n] !== 0) out[r * W + (n >>> 5)]! |= 1 << (n & 31);
  for (let i = 0; i < alongTime; i++) {
    const r = Math.floor(i / W);
    const t = Math.floor(r / B);
    const to = alongTime + ((t >>> 5) * B + (r % B)) * P + 32 * (i % W);
    // the lowest spike of the word, until none is left
    for (let word = out[i]!; word !== 0; word &= word - 1) out[to + 31 - Math.clz32(word & -word)]! |= 1 << (t & 31);
  }
  return out;
}

/** Spikes [T, B, N] as bytes of 0 and 1. */
export function unpackSpikes(packed: Uint32Array, shape: readonly [number, number, number]): Uint8Array {
  const [T, B, N] = shape;
  const W = words(N);
  const out = new Uint8Array(T * B * N);
  for (let r = 0; r < T * B; r++)
    for (let n = 0; n < N; n++) out[r * N + n] = (packed[r * W + (n >>> 5)]! >>> (n & 31)) & 1;
  return out;
}

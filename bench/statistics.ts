/** Where samples lie: the first quartile, the median, the third quartile. @throws when there are none */
export function quartiles(samples: readonly number[]): [low: number, median: number, high: number] {
  if (samples.length === 0) throw new Error('quartiles: needs at least one sample');
  const sorted = [...samples].sort((a, b) => a - b);
  return [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
}

/** Between neighbours in proportion. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * |a - b| relative to |a|, or to how far a has moved `from` somewhere: both as a whole, Euclidean. Infinite where they have
 * no common length or a number is none.
 */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>, from?: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [apart, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    size += (a[i]! - (from?.[i] ?? 0)) ** 2;
  }
  if (apart === 0) return 0;
  const ratio = Math.sqrt(apart / size);
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}

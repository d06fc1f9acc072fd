/** How a number varies over several runs. */
export interface Spread {
  /** One a run, in their order. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Of the sample, with n - 1; null for a single run. */
  readonly deviation: number | null;
  readonly smallest: number;
  readonly largest: number;
}

export interface SeedResults<R> {
  readonly seeds: readonly number[];
  /** What each run gave. */
  readonly runs: readonly R[];
  /** Of every field that is a number in all runs. */
  readonly spread: Readonly<Record<string, Spread>>;
}

/**
 * The same with several seeds, one after the other.
 *
 *     const { spread } = await overSeeds([1, 2, 3], async (seed) => ({ accuracy: await trained(seed) }));
 *     spreadText(spread.accuracy, { percent: true }); // 97.1 +- 0.4 % (3 seeds)
 *
 * @throws when there is no seed or one comes twice; what a run throws
 */
export async function overSeeds<R extends object>(
  seeds: readonly number[],
  run: (seed: number) => Promise<R> | R,
): Promise<SeedResults<R>> {
  if (seeds.length === 0 || new Set(seeds).size < seeds.length)
    throw new Error(`overSeeds: seeds must be numbers that differ, got [${seeds.join(', ')}]`);
  const runs: R[] = [];
  for (const seed of seeds) runs.push(await run(seed));
  const fields = Object.keys(runs[0]!).flatMap((name) => {
    const values = runs.map((r) => (r as Record<string, unknown>)[name]);
    return values.every((v) => typeof v === 'number') ? [[name, spreadOf(values as number[])] as const] : [];
  });
  return { seeds, runs, spread: Object.fromEntries(fields) };
}

/** Mean, deviation and range of some numbers. */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const deviation = n > 1 ? Math.sqrt(squares / (n - 1)) : null;
  return { values, mean, deviation, smallest: Math.min(...values), largest: Math.max(...values) };
}

/**
 * `97.1 +- 0.4 (3 seeds)`: mean and standard deviation.
 *
 * @param options percent: of fractions, times 100, with the sign behind; digits behind the point, by default one in per cent, otherwise so many
 *   that the deviation has two that count
 */
export function spreadText(
  { mean, deviation, values }: Spread,
  options: { percent?: boolean; digits?: number } = {},
): string {
  const { percent = false } = options;
  const factor = percent ? 100 : 1;
  const size = Math.abs(deviation || mean) || 1;
  const { digits = percent ? 1 : Math.min(10, Math.max(0, 1 - Math.floor(Math.log10(size)))) } = options;
  const text = (x: number): string => (factor * x).toFixed(digits);
  const spread = deviation === null ? '' : ` +- ${text(deviation)}`;
  return `${text(mean)}${spread}${percent ? ' %' : ''} (${values.length} ${values.length === 1 ? 'seed' : 'seeds'})`;
}

import type { Random } from '../src/check/random.ts';

/** A value for each factor. */
export type Row = Readonly<Record<string, string>>;
export type Factors = Readonly<Record<string, readonly string[]>>;
/** Whether values go together, as far as they are chosen. The first factor is always chosen. */
export type Allowed = (row: Partial<Row>) => boolean;

/** Rows tried for each one that is taken. */
const CANDIDATES = 12;

/**
 * Rows in which every allowed pair of values of two factors occurs at least once: each row is the best of some that are
 * made greedily around a pair that is still missing (Cohen, Dalal, Fredman, Patton 1997). The same for the same random
 * numbers.
 *
 * @param factors the first decides what the others may be; with its value given, every other choice can be completed
 */
export function covering(factors: Factors, allowed: Allowed, random: Random): Row[] {
  const names = Object.keys(factors);
  const first = names[0]!;
  const place = new Map<string, number>();
  for (const n of names) for (const v of factors[n]!) place.set(`${n}=${v}`, place.size);
  const size = place.size;
  const at = (n: string, v: string): number => place.get(`${n}=${v}`)!;
  const missing = new Uint8Array(size * size);
  const pairs: [a: [string, string], b: [string, string]][] = [];
  names.forEach((a, i) => {
    for (const b of names.slice(i + 1)) {
      for (const va of factors[a]!) {
        for (const vb of factors[b]!) {
          const possible = factors[first]!.some(
            (v) => (a !== first || v === va) && allowed({ [first]: v, [a]: va, [b]: vb }),
          );
          if (!possible) continue;
          missing[at(a, va) * size + at(b, vb)] = 1;
          pairs.push([
            [a, va],
            [b, vb],
          ]);
        }
      }
    }
  });
  const isMissing = ([a, b]: (typeof pairs)[number]): boolean => missing[at(...a) * size + at(...b)] === 1;
  const news = (row: Partial<Row>, n: string, v: string): number => {
    let count = 0;
    const k = at(n, v);
    for (const [m, w] of Object.entries(row) as [string, string][]) {
      const l = at(m, w);
      count += missing[k * size + l]! + missing[l * size + k]!;
    }
    return count;
  };

  const rows: Row[] = [];
  for (let left = pairs; left.length > 0; left = left.filter(isMissing)) {
    let [best, most]: [Row | null, number] = [null, -1];
    for (let c = 0; c < CANDIDATES; c++) {
      const [a, b] = pick(left, random);
      const start = { [a[0]]: a[1], [b[0]]: b[1] };
      const row = complete(factors, allowed, random, start, news);
      const count = row ? covered(row, missing, at, size) : -1;
      if (row && count > most) [best, most] = [row, count];
    }
    if (!best) throw new Error('covering: no row could be completed');
    for (const [n, v] of Object.entries(best)) {
      for (const [m, w] of Object.entries(best)) missing[at(n, v) * size + at(m, w)] = 0;
    }
    rows.push(best);
  }
  return rows;
}

function covered(row: Row, missing: Uint8Array, at: (n: string, v: string) => number, size: number): number {
  const places = Object.entries(row).map(([n, v]) => at(n, v));
  let count = 0;
  for (const k of places) for (const l of places) count += missing[k * size + l]!;
  return count;
}

/** A row with what is given in it; each further value is the one that adds most. Null when none goes with the rest. */
export function complete(
  factors: Factors,
  allowed: Allowed,
  random: Random,
  start: Partial<Row>,
  worth: (row: Partial<Row>, name: string, value: string) => number = () => 0,
): Row | null {
  const [first, ...others] = Object.keys(factors) as [string, ...string[]];
  const row: Record<string, string> = { ...(start as Row) };
  const order = [first, ...shuffled(others, random)].filter((n) => row[n] === undefined);
  for (const n of order) {
    const possible = shuffled(factors[n]!, random).filter((v) => allowed({ ...row, [n]: v }));
    if (possible.length === 0) return null;
    const worths = possible.map((v) => worth(row, n, v));
    row[n] = possible[worths.indexOf(Math.max(...worths))]!;
  }
  return Object.fromEntries(Object.keys(factors).map((n) => [n, row[n]!]));
}

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random.uniform() * from.length)]!;

export function shuffled<T>(from: readonly T[], random: Random): T[] {
  const out = [...from];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

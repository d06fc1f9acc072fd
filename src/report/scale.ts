import type { Values } from './types.ts';

export interface Scale {
  (value: number): number;
  domain: [number, number];
  range: [number, number];
}

/** Maps a range of values linearly onto a range of pixels. */
export function linear(domain: [number, number], range: [number, number]): Scale {
  const factor = (range[1] - range[0]) / (domain[1] - domain[0] || 1);
  const map = (value: number): number => range[0] + (value - domain[0]) * factor;
  return Object.assign(map, { domain, range });
}

/** True for values that can be drawn. Beyond 1e300 the arithmetic of a scale would overflow. */
export function drawable(value: number): boolean {
  return Math.abs(value) < 1e300;
}

/** Smallest and largest value that can be drawn, or undefined when there is none. */
export function extent(lists: Iterable<Values>): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const values of lists) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!drawable(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : undefined;
}

/** The range with room on both sides; one that is too narrow for distinct ticks becomes wide enough. */
export function widen([low, high]: [number, number], share: number): [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1e-290) return [-1, 1];
  const span = high - low;
  const margin = span < 1e-7 * size ? 0.1 * size : share * span;
  return [low - margin, high + margin];
}

export interface Ticks {
  values: number[];
  labels: string[];
  /** The data's range, widened to whole ticks. */
  domain: [number, number];
}

/**
 * Round tick values for a data range.
 *
 * @param count about how many
 * @param whole true for values between which there is nothing, such as epochs
 */
export function niceTicks([low, high]: [number, number], count: number, whole = false): Ticks {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low < 1e-7 * size || size < 1e-290) {
    const margin = Math.max(1, 1e-6 * size);
    return niceTicks(whole ? [low - margin, high + margin] : widen([low, high], 0), count, whole);
  }
  const step = niceStep((high - low) / count, whole);
  // A hair of slack keeps 0.30000000000000004 from costing another tick.
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const values: number[] = [];
  for (let i = first; i <= last; i++) values.push(i * step);
  return {
    values,
    labels: values.map((value) => tickLabel(value, step)),
    domain: [first * step, last * step],
  };
}

function niceStep(rough: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const mantissa = rough / power;
  const step = (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10) * power;
  return whole ? Math.max(1, Math.round(step)) : step;
}

function tickLabel(value: number, step: number): string {
  const size = Math.max(Math.abs(value), step);
  if (size >= 1e6 || step < 1e-5) {
    // As many digits as it takes to tell a tick from its neighbour.
    const digits = Math.ceil(Math.log10(size / step)) + 1;
    return minus(Number(value.toPrecision(Math.min(15, digits))).toExponential());
  }
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return minus(value.toFixed(decimals));
}

/** A number in at most `digits` digits, but with all before the decimal point. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return minus(value.toExponential(2));
  return minus(String(Number(value.toPrecision(Math.max(digits, Math.floor(Math.log10(size || 1)) + 1)))));
}

function minus(text: string): string {
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace(/-/g, '−');
}

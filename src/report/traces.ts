import { colorOf, forJson, linePath } from './chart.ts';
import { px } from './html.ts';
import { type EndLabel, endLabels, labelRoom } from './labels.ts';
import type { Panel, Place } from './raster.ts';
import { drawable, extent, linear, niceTicks, widen } from './scale.ts';
import type { NamedValues } from './types.ts';

/** Pixels from label to label. */
const gap = 13;

export interface TraceOptions {
  height: number;
  /** Drawn as a dashed line. */
  threshold?: number;
  /** Show this trace in full colour and the others greyed. */
  winner?: number;
  /** Colour of each trace by position; the palette in order when left out. */
  colors?: readonly number[];
}

/** Several values over the time steps in one panel, named at their ends. */
export function renderTraces(traces: readonly NamedValues[], place: Place, options: TraceOptions): Panel {
  const { top, left, right, room, fontSize, x } = place;
  const { height, winner } = options;
  const bottom = top + height;
  const threshold = drawable(options.threshold ?? Number.NaN) ? options.threshold : undefined;
  const lists = traces.map(({ values }) => values);
  const range = extent(threshold === undefined ? lists : [...lists, [threshold]]) ?? [0, 1];
  const ticks = niceTicks(range, height < 100 ? 2 : 3);
  // Ends near the data rather than at the next tick: the panels are low.
  const y = linear(widen(range, 0.06), [bottom, top]);

  const grid = ticks.values.map((value, i) => {
    if (value < y.domain[0] || value > y.domain[1]) return '';
    const at = px(y(value));
    return (
      `<path class="grid" d="M${px(left)} ${at}H${px(right)}"/>` +
      `<text class="tick end" x="${px(left - 7)}" y="${at}" dy=".34em">${ticks.labels[i]}</text>`
    );
  });
  const limit =
    threshold === undefined ? '' : `<path class="limit" d="M${px(left)} ${px(y(threshold))}H${px(right)}"/>`;

  const classes = traces.map((_, i) => {
    if (winner === undefined) return colorOf(options.colors?.[i] ?? i);
    return i === winner ? 'winner' : 'muted';
  });
  const steps = Array.from({ length: traces[0]?.values.length ?? 0 }, (_, t) => t);
  // The winner is drawn last, over the others.
  const order = traces.map((_, i) => i).sort((a, b) => Number(a === winner) - Number(b === winner));
  const lines = order.map(
    (i) => `<path class="line thin ${classes[i]}" d="${linePath(steps, (traces[i] as NamedValues).values, x, y)}"/>`,
  );

  const ends: (EndLabel & { last: number })[] = [];
  traces.forEach(({ label, values }, i) => {
    const last = lastDrawable(values);
    if (last !== undefined) ends.push({ text: label, y: y(last), className: classes[i] as string, last });
  });
  // Among many classes the leading ones are named.
  if (winner !== undefined) ends.sort((a, b) => b.last - a.last);
  const tags: EndLabel[] = ends.slice(0, labelRoom(height, gap) - (threshold === undefined ? 0 : 1));
  if (threshold !== undefined) tags.push({ text: 'threshold', y: y(threshold), className: 'faint' });

  return {
    height,
    svg: `${grid.join('')}${limit}${lines.join('')}${endLabels(tags, { x: right, top, bottom, room, fontSize, gap })}`,
    hover: {
      top,
      bottom,
      series: traces.map(({ label, values }, i) => ({ label, color: classes[i] as string, values: forJson(values) })),
    },
  };
}

/** The trace with the largest value at the end, or undefined when none is finite there. */
export function winnerOf(traces: readonly NamedValues[]): number | undefined {
  let best: number | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  traces.forEach(({ values }, i) => {
    const last = values[values.length - 1] as number;
    if (drawable(last) && last > highest) {
      highest = last;
      best = i;
    }
  });
  return best;
}

function lastDrawable(values: ArrayLike<number>): number | undefined {
  for (let i = values.length - 1; i >= 0; i--) {
    if (drawable(values[i] as number)) return values[i];
  }
  return undefined;
}

import { colorOf, forJson, type HoverData, linePath } from './chart.ts';
import { escapeHtml, px, textWidth } from './html.ts';
import { type EndLabel, endLabels, labelRoom } from './labels.ts';
import { drawable, extent, formatNumber, linear, niceTicks } from './scale.ts';
import type { CurvePlot } from './types.ts';

export const width = 400;
export const height = 262;
const fontSize = 13;
const top = 34;
const bottom = height - 42;

/** One line chart with the name and last value of every series at its end. */
export function renderCurve(plot: CurvePlot, hover: HoverData): string {
  const caption = `<figcaption>${escapeHtml(plot.title)}</figcaption>`;
  const drawn = draw(plot, hover);
  const chart = drawn
    ? `
<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(plot.title)}" ${drawn.hover}>
${drawn.inside}</svg>`
    : '<p class="none">No finite values to show.</p>';
  return `<figure class="card">${caption}${chart}</figure>`;
}

/** What is inside the svg element, and the attribute that connects it with the page's script; null without a finite value. */
export function draw(plot: CurvePlot, hover: HoverData): { inside: string; hover: string } | null {
  const factor = plot.percent ? 100 : 1;
  const unit = plot.percent ? ' %' : '';
  const series = plot.series.map(({ name, points }) => {
    const sorted = [...points].filter(([x]) => drawable(x)).sort(([a], [b]) => a - b);
    return { name, xs: sorted.map(([x]) => x), ys: sorted.map(([, y]) => y * factor) };
  });
  const xExtent = extent(series.map(({ xs }) => xs));
  const yExtent = extent(series.map(({ ys }) => ys));
  if (!xExtent || !yExtent) return null;

  const labels = series.map(({ name, ys }) => {
    const last = ys.findLast(drawable);
    return last === undefined ? name : `${name} ${plot.percent ? last.toFixed(1) : formatNumber(last, 3)}${unit}`;
  });
  const room = Math.min(180, 20 + Math.max(...labels.map((label) => textWidth(label, fontSize + 1))));
  const yTicks = niceTicks(withZero(yExtent), 5);
  const left = 18 + Math.max(...yTicks.labels.map((label) => textWidth(label, fontSize)));
  const right = width - room;
  const whole = series.every(({ xs }) => xs.every(Number.isInteger));
  const xTicks = niceTicks(xExtent, 5, whole);
  // The axis ends where the data ends; only a single point needs room around it.
  const x = linear(xExtent[0] === xExtent[1] ? xTicks.domain : xExtent, [left, right]);
  const y = linear(yTicks.domain, [bottom, top]);

  const grid = yTicks.values.map((value, i) => {
    const at = px(y(value));
    return (
      `<path class="grid" d="M${px(left)} ${at}H${px(right)}"/>` +
      `<text class="tick end" x="${px(left - 7)}" y="${at}" dy=".34em">${yTicks.labels[i]}</text>`
    );
  });
  const axis = xTicks.values.map((value, i) => {
    if (value < x.domain[0] || value > x.domain[1]) return '';
    const at = px(x(value));
    return (
      `<path class="axis" d="M${at} ${bottom}v5"/>` +
      `<text class="tick mid" x="${at}" y="${bottom + 18}">${xTicks.labels[i]}</text>`
    );
  });
  // A dot at the end, which is also all there is of a series of one point.
  const lines = series.map(({ xs, ys }, i) => {
    const last = ys.findLastIndex(drawable);
    const dot =
      last < 0 ? '' : `<circle class="end ${colorOf(i)}" cx="${px(x(xs[last]!))}" cy="${px(y(ys[last]!))}" r="2.8"/>`;
    return `<path class="line ${colorOf(i)}" d="${linePath(xs, ys, x, y)}"/>${dot}`;
  });
  const ends: EndLabel[] = [];
  series.forEach(({ ys }, i) => {
    const last = ys.findLast(drawable);
    if (last !== undefined) ends.push({ text: labels[i] as string, y: y(last), className: colorOf(i) });
  });

  const tags = endLabels(ends.slice(0, labelRoom(bottom - top, 15)), {
    x: right,
    top,
    bottom,
    room,
    fontSize: fontSize + 1,
    gap: 15,
  });
  const xs = [...new Set(series.flatMap((one) => one.xs))].sort((a, b) => a - b);
  const attribute = hover.add({
    left,
    right,
    xs,
    pixels: xs.map((value) => Math.round(x(value) * 10) / 10),
    heads: xs.map((value) => `${plot.xLabel} ${formatNumber(value)}`),
    panels: [
      {
        top,
        bottom,
        unit,
        series: series.map((one, i) => {
          const byX = new Map(one.xs.map((value, at) => [value, one.ys[at] as number]));
          return {
            label: one.name,
            color: colorOf(i),
            values: forJson(xs.map((value) => byX.get(value) ?? Number.NaN)),
          };
        }),
      },
    ],
  });
  const yName = escapeHtml(plot.percent ? `${plot.yLabel} (%)` : plot.yLabel);
  const inside = `<text class="name" x="0" y="14">${yName}</text>
${grid.join('')}<path class="axis" d="M${px(left)} ${bottom}H${px(right)}"/>${axis.join('')}
<text class="name mid" x="${px((left + right) / 2)}" y="${height - 6}">${escapeHtml(plot.xLabel)}</text>
${lines.join('')}${tags}`;
  return { inside, hover: attribute };
}

/** Zero belongs on the axis when it is near the data anyway. */
function withZero([low, high]: [number, number]): [number, number] {
  return low > 0 && low < 0.5 * high ? [0, high] : [low, high];
}

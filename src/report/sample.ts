import type { HoverData, HoverPanel } from './chart.ts';
import { escapeHtml, px, textWidth } from './html.ts';
import { type Panel, type Place, renderRaster } from './raster.ts';
import { formatNumber, linear, niceTicks, type Scale } from './scale.ts';
import { renderTraces, winnerOf } from './traces.ts';
import type { LabelledRange, NamedValues, Sample, SampleLayer } from './types.ts';

const width = 1060;
const left = 52;
const room = 118;
const right = width - room;
const fontSize = 12;
/** Room for a panel's name above it. */
const headRoom = 24;
const gap = 14;

/** Spikes, voltages, currents and readout of one item, one above the other on the same time axis. */
export function renderSample(sample: Sample, hover: HoverData): string {
  // Step t is drawn at t, so half a step of room on either side belongs to the first and the last.
  const x = linear([-0.5, sample.steps - 0.5], [left, right]);
  const first = sample.phases?.length ? 24 : 0;
  let top = first;
  const parts: string[] = [];
  const panels: HoverPanel[] = [];
  const add = (name: string, draw: (place: Place) => Panel): void => {
    parts.push(`<text class="name" x="${left}" y="${px(top + 15)}">${escapeHtml(name)}</text>`);
    const panel = draw({ top: top + headRoom, left, right, room, fontSize, x });
    parts.push(panel.svg);
    panels.push(panel.hover);
    top += headRoom + panel.height + gap;
  };

  for (const layer of sample.layers) addLayer(layer, add);
  if (sample.readout?.length) {
    const traces = sample.readout;
    const winner = winnerOf(traces);
    const name = winner === undefined ? 'readout' : `readout: largest at the end is ${traces[winner]?.label}`;
    const height = Math.max(110, Math.min(200, 13 * (traces.length - 1)));
    // No winner means no finite end: then nobody is singled out.
    add(name, (place) => renderTraces(traces, place, winner === undefined ? { height } : { height, winner }));
  }
  const bottom = top - gap;
  const height = bottom + 42;

  const steps = Array.from({ length: sample.steps }, (_, t) => t);
  const attribute = hover.add({
    left,
    right,
    xs: steps,
    pixels: steps.map((t) => Math.round(x(t) * 10) / 10),
    heads: steps.map((t) => {
      const phase = sample.phases?.find(({ from, to }) => t >= from && t < to);
      return `${formatNumber(t * sample.dt)} ms (step ${t})${phase ? `, ${phase.label}` : ''}`;
    }),
    panels,
  });
  const phases = renderPhases(sample.phases ?? [], x, first, bottom);
  return `<figure class="card wide">
<figcaption>${renderImage(sample)}<span>${escapeHtml(sample.title)}</span></figcaption>
<div class="scroll"><svg class="chart sample" viewBox="0 0 ${width} ${px(height)}" role="img" aria-label="${escapeHtml(sample.title)}" ${attribute}>
${phases}${parts.join('\n')}${renderTimeAxis(sample, x, bottom)}</svg></div></figure>`;
}

function addLayer(layer: SampleLayer, add: (name: string, draw: (place: Place) => Panel) => void): void {
  add(`${layer.name}: spikes of ${layer.neurons} neurons`, (place) => renderRaster(layer, place));
  if (layer.voltages.length) {
    add(`${layer.name}: membrane voltage`, (place) =>
      renderTraces(layer.voltages, place, { height: 120, threshold: layer.threshold }),
    );
  }
  if (layer.currents.length) {
    const colors = matchColors(layer.currents, layer.voltages);
    add(`${layer.name}: AHP current`, (place) => renderTraces(layer.currents, place, { height: 90, colors }));
  }
}

/** A neuron has the same colour in both panels; one that is in the second alone gets a colour of its own. */
function matchColors(traces: readonly NamedValues[], earlier: readonly NamedValues[]): number[] {
  let free = earlier.length;
  return traces.map(({ label }) => {
    const known = earlier.findIndex((other) => other.label === label);
    return known >= 0 ? known : free++;
  });
}

function renderPhases(phases: readonly LabelledRange[], x: Scale, top: number, bottom: number): string {
  const bands = phases.map(({ from, to }, i) => {
    const start = x(from - 0.5);
    const shade = i % 2 ? 'band odd' : 'band';
    return `<rect class="${shade}" x="${px(start)}" y="${top - 2}" width="${px(x(to - 0.5) - start)}" height="${px(bottom - top + 2)}"/>`;
  });
  // Where not all names fit, the last one, at which the answer is due, comes first.
  const taken: [number, number][] = [];
  const order = phases
    .map((_, i) => i)
    .sort((a, b) => Number(b === phases.length - 1) - Number(a === phases.length - 1));
  const names = order.map((i) => {
    const { from, to, label } = phases[i] as LabelledRange;
    const half = textWidth(label, fontSize) / 2;
    const middle = Math.max(left + half, Math.min(right + room - half, x((from + to - 1) / 2)));
    if (taken.some(([start, end]) => middle + half + 4 > start && middle - half - 4 < end)) return '';
    taken.push([middle - half, middle + half]);
    return `<text class="phase mid" x="${px(middle)}" y="${top - 9}">${escapeHtml(label)}</text>`;
  });
  return bands.join('') + names.join('');
}

function renderTimeAxis({ steps, dt }: Sample, x: Scale, bottom: number): string {
  const { values, labels } = niceTicks([0, Math.max(dt, (steps - 1) * dt)], 10);
  const ticks = values.map((value, i) => {
    if (value / dt > steps - 0.5) return '';
    const at = px(x(value / dt));
    return (
      `<path class="axis" d="M${at} ${px(bottom)}v5"/>` +
      `<text class="tick mid" x="${at}" y="${px(bottom + 18)}">${labels[i]}</text>`
    );
  });
  const name = `<text class="name mid" x="${(left + right) / 2}" y="${px(bottom + 36)}">time (ms)</text>`;
  return `<path class="axis" d="M${left} ${px(bottom)}H${right}"/>${ticks.join('')}${name}`;
}

function renderImage({ image }: Sample): string {
  if (!image) return '';
  const { width: columns, height: rows, values } = image;
  const pixels = Array.from(values, (value, i) => {
    if (!(value > 0)) return '';
    const opacity = Math.round(100 * Math.min(1, value)) / 100;
    return `<rect x="${i % columns}" y="${Math.floor(i / columns)}" width="1.02" height="1.02" opacity="${opacity}"/>`;
  });
  return `<svg class="digit" viewBox="0 0 ${columns} ${rows}" role="img" aria-label="the input">${pixels.join('')}</svg>`;
}

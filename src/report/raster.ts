import { colorOf, type HoverPanel } from './chart.ts';
import { escapeHtml, fitText, px } from './html.ts';
import { linear, type Scale } from './scale.ts';
import type { LabelledRange, SampleLayer } from './types.ts';

export interface Panel {
  svg: string;
  hover: HoverPanel;
  height: number;
}

/** Where a panel of the sample figure stands; x maps time steps to pixels. */
export interface Place {
  top: number;
  left: number;
  right: number;
  room: number;
  fontSize: number;
  x: Scale;
}

/** Height that shows the neurons apart without growing beyond a page. */
export function rasterHeight(neurons: number): number {
  return Math.max(60, Math.min(360, Math.round(neurons * 1.75)));
}

/** One dash a spike, neuron 0 at the top, groups of neurons in their own colours. */
export function renderRaster(layer: SampleLayer, place: Place): Panel {
  const { top, left, right, room, fontSize, x } = place;
  const height = rasterHeight(layer.neurons);
  const y = linear([0, layer.neurons], [top, top + height]);
  const row = height / layer.neurons;
  const step = Math.abs(x(1) - x(0));
  const dash = Math.max(1, Math.min(7, step * 0.6));
  const thick = Math.max(1.2, Math.min(6, row * 0.85));
  const groups: readonly LabelledRange[] = layer.groups?.length
    ? layer.groups
    : [{ from: 0, to: layer.neurons, label: '' }];
  const spikes = validSpikes(layer, x.domain);

  const paths = groups.map((group, g) => {
    let path = '';
    spikes.t.forEach((t, i) => {
      const n = spikes.n[i] as number;
      if (n >= group.from && n < group.to) path += `M${px(x(t) - dash / 2)} ${px(y(n + 0.5))}h${px(dash)}`;
    });
    return `<path class="spikes ${groupColor(g)}" stroke-width="${px(thick)}" d="${path}"/>`;
  });
  const marks = groups.map((group, g) => {
    if (group.label === '') return '';
    const middle = (y(group.from) + y(group.to)) / 2;
    const bar = `<path class="group ${groupColor(g)}" d="M${px(right + 5)} ${px(y(group.from) + 1)}V${px(y(group.to) - 1)}"/>`;
    const label = escapeHtml(fitText(group.label, fontSize, room - 14));
    return `${bar}<text class="tag ${groupColor(g)}" x="${px(right + 12)}" y="${px(middle)}" dy=".34em">${label}</text>`;
  });
  const edges = [...new Set([0, ...groups.map(({ to }) => to), layer.neurons])].filter(
    (edge, i, list) => i === 0 || y(edge) - y(list[i - 1] as number) > 12,
  );
  const ticks = edges.map((edge) => {
    const at = px(y(edge));
    return (
      `<path class="${edge === 0 || edge === layer.neurons ? 'axis' : 'grid'}" d="M${px(left)} ${at}H${px(right)}"/>` +
      `<text class="tick end" x="${px(left - 7)}" y="${at}" dy=".34em">${edge}</text>`
    );
  });
  return {
    height,
    svg: `${ticks.join('')}${paths.join('')}${marks.join('')}`,
    hover: {
      top,
      bottom: top + height,
      raster: { neurons: layer.neurons, ...spikes, groups: groups.filter(({ label }) => label !== '').map(plain) },
    },
  };
}

/** Spikes of which time and neuron exist; what else is in the lists cannot be placed. */
function validSpikes(layer: SampleLayer, [start, end]: [number, number]): { t: number[]; n: number[] } {
  const t: number[] = [];
  const n: number[] = [];
  for (let i = 0; i < layer.spikes.t.length; i++) {
    const time = layer.spikes.t[i] as number;
    const neuron = layer.spikes.n[i] as number;
    if (!Number.isInteger(time) || time < start || time > end) continue;
    if (!Number.isInteger(neuron) || neuron < 0 || neuron >= layer.neurons) continue;
    t.push(time);
    n.push(neuron);
  }
  return { t, n };
}

/** The first group in the text's colour, the others in the palette's. */
function groupColor(index: number): string {
  return index === 0 ? 'ink' : colorOf(index - 1);
}

function plain({ from, to, label }: LabelledRange): LabelledRange {
  return { from, to, label };
}

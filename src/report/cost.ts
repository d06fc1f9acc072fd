import { escapeHtml, fitText, px, textWidth } from './html.ts';
import { formatNumber } from './scale.ts';
import type { CostOfInference, EnergyParts } from './types.ts';

const width = 1060;
const fontSize = 12;
const thickness = 15;
const top = 30;
/** Largest ratio of two energies that are drawn to scale. */
const LINEAR = 40;

const KINDS = ['this net', 'the same without spikes', 'an LSTM of the same size'] as const;

/** What a decision costs: counts by layer, energies by hardware with their sources, and a picture of the first that has one. */
export function renderCost(cost: CostOfInference): string {
  const { samples, estimates, notes } = cost;
  const aside = `mean of ${formatNumber(samples)} samples${cost.inputSpikes === null ? '' : `, ${count(cost.inputSpikes)} spikes into the net`}`;
  const drawn = estimates.find((e) => e.spiking && e.dense);
  const sources = estimates.flatMap(({ hardware }) => [
    hardware.source,
    ...(hardware.memory ? [hardware.memory.source] : []),
  ]);
  const lines = [
    ...estimates.flatMap(({ hardware, leftOut }) =>
      leftOut.length ? [`${hardware.name} has no figure for ${leftOut.join('; ')}.`] : [],
    ),
    ...[...new Set(sources)].map((source) => `${source}.`),
    ...notes.map((note) => `${note}.`),
  ];
  return `<figure class="card wide"><figcaption>Cost of an inference <span class="aside">${escapeHtml(aside)}</span></figcaption>
${counts(cost)}
${energies(cost)}
${drawn ? picture(drawn) : ''}
${publishedFigures(cost)}
${lines.map((line) => `<p class="none small">${escapeHtml(line)}</p>`).join('\n')}</figure>`;
}

function counts({ layers, total, lstm }: CostOfInference): string {
  const head = [
    'layer',
    'steps',
    'spikes',
    'synaptic operations',
    'multiply-accumulates',
    'these without spikes',
    'neuron updates',
    'KB of weights',
    'KB with 8 bits',
    'KB of state',
  ];
  const rows = [...layers, total, ...(lstm ? [{ ...lstm, name: 'LSTM of the same size' }] : [])];
  return table(
    head,
    rows.map((row) => [
      row.name,
      ...[row.steps, row.spikes, row.synapticOperations, row.multiplyAccumulates, row.dense, row.updates].map(count),
      ...[row.weightBytes, row.weightBytes8, row.stateBytes].map((bytes) => formatNumber(bytes / 1000, 3)),
    ]),
  );
}

function energies({ estimates, lstm }: CostOfInference): string {
  const said = (energy: EnergyParts | null): string => (energy ? joules(energy.total) : '–');
  const head = ['energy', 'this net', 'of it memory', 'the same without spikes', ...(lstm ? ['LSTM'] : [])];
  return table(
    head,
    estimates.map(({ hardware, spiking, dense, lstm: twin }) => [
      hardware.name,
      said(spiking),
      spiking && hardware.memory ? joules(spiking.memory) : '–',
      said(dense),
      ...(lstm ? [said(twin)] : []),
    ]),
  );
}

function publishedFigures({ published }: CostOfInference): string {
  if (!published?.length) return '';
  const rows = published.map(({ what, energy, delay }) => [
    what,
    joules(1e12 * energy),
    `${formatNumber(1000 * delay)} ms`,
  ]);
  const sources = [...new Set(published.map((p) => p.source))].join('; ');
  return `${table(['published, measured', 'energy', 'delay'], rows)}<p class="none small">${escapeHtml(sources)}</p>`;
}

/** Bars by layer and in all, one above the other. */
function picture({ hardware, layers, spiking, dense, lstm }: CostOfInference['estimates'][number]): string {
  const groups = [
    ...layers.map((l) => ({ name: l.name, bars: [l.spiking, l.dense] })),
    { name: 'in all', bars: [spiking, dense, ...(lstm ? [lstm] : [])] },
  ].map(({ name, bars }) => ({ name, bars: bars.map((b) => b?.total ?? 0) }));
  const values = groups.flatMap((g) => g.bars).filter((v) => v > 0);
  if (values.length === 0) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = high > LINEAR * low;
  const left = 16 + Math.min(260, Math.max(...groups.map(({ name }) => textWidth(name, fontSize))));
  const right = width - 84;
  const [first, last] = log ? [Math.floor(Math.log10(low) - 0.01), Math.log10(high)] : [0, high];
  const x = (value: number): number =>
    left + ((right - left) * ((log ? Math.log10(value) : value) - first)) / (last - first || 1);

  let y = top;
  const rows = groups.map(({ name, bars }) => {
    const middle = y + (bars.length * thickness) / 2;
    const label = `<text class="tick end" x="${left - 10}" y="${px(middle)}" dy=".34em">${escapeHtml(fitText(name, fontSize, 260))}</text>`;
    const drawn = bars.map((value, k) => {
      if (!(value > 0)) return '';
      const at = y + k * thickness;
      const length = Math.max(1, x(value) - left);
      return `<rect class="part s${k}" x="${left}" y="${px(at)}" width="${px(length)}" height="${thickness - 2}"><title>${escapeHtml(`${name}, ${KINDS[k]}: ${joules(value)}`)}</title></rect><text class="tick" x="${px(left + length + 6)}" y="${px(at + thickness / 2 - 1)}" dy=".34em">${joules(value)}</text>`;
    });
    y += bars.length * thickness + 10;
    return label + drawn.join('');
  });
  const bottom = y;
  const ticks = log
    ? Array.from({ length: Math.floor(last) - first + 1 }, (_, i) => 10 ** (first + i))
    : [0, high / 4, high / 2, (3 * high) / 4, high];
  const grid = ticks.map((value) => {
    const at = px(value === 0 ? left : x(value));
    return `<path class="grid" d="M${at} ${top - 6}V${px(bottom)}"/><text class="tick mid" x="${at}" y="${px(bottom + 16)}">${joules(value)}</text>`;
  });
  let at = left;
  const legend = KINDS.slice(0, lstm ? 3 : 2).map((name, k) => {
    const mark = `<rect class="part s${k}" x="${px(at)}" y="4" width="11" height="11"/><text class="name" x="${px(at + 17)}" y="14">${name}</text>`;
    at += 40 + textWidth(name, fontSize);
    return mark;
  });
  const title = `Energy of an inference by layer, ${hardware.name}${log ? ', logarithmic' : ''}`;
  return `<p class="heading">${escapeHtml(title)}</p>
<div class="scroll"><svg class="chart sample" viewBox="0 0 ${width} ${px(bottom + 24)}" role="img" aria-label="${escapeHtml(title)}">
${legend.join('')}${grid.join('')}${rows.join('\n')}</svg></div>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.map(
    ([name, ...cells]) =>
      `<tr><th scope="row">${escapeHtml(name!)}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table class="plain"><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`;
}

/** A mean number of things, with its thousands apart. */
const count = (n: number): string => (n >= 1000 ? Math.round(n).toLocaleString('en-US') : formatNumber(n, 3));

/** Picojoules in units in which they are read. */
function joules(picojoules: number): string {
  const units = ['pJ', 'nJ', 'µJ', 'mJ', 'J'];
  const at = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, picojoules * 1.0005)) / 3)));
  return `${formatNumber(Number((picojoules / 1000 ** at).toPrecision(3)))} ${units[at]}`;
}

import { escapeHtml } from './html.ts';
import { formatNumber } from './scale.ts';
import type { Comparison, ConfusionMatrix } from './types.ts';

/** Counts by true and predicted class, shaded by their share of the row, with the recall of every class. */
export function renderMatrix({ title, labels, counts }: ConfusionMatrix): string {
  const rows = counts.map((row) => Array.from(row));
  const totals = rows.map((row) => sum(row));
  const all = sum(totals);
  const hits = sum(rows.map((row, i) => row[i] as number));
  const head = labels.map((label) => `<th scope="col">${escapeHtml(label)}</th>`).join('');
  const body = rows.map((row, i) => {
    const name = escapeHtml(labels[i] as string);
    const total = totals[i] as number;
    const cells = row.map((count, j) => cell(count, total, i === j, labels[i] as string, labels[j] as string));
    return `<tr><th scope="row">${name}</th>${cells.join('')}${recallCell(row[i] as number, total)}</tr>`;
  });
  const dense = labels.length > 12;
  const upright = dense || labels.some((label) => label.length > 4);
  const accuracy = all > 0 ? `accuracy ${percent(hits / all)}, ${formatNumber(hits)} of ${formatNumber(all)}` : 'empty';
  return `<figure class="card">
<figcaption>${escapeHtml(title ?? 'Confusion matrix')} <span class="aside">${accuracy}</span></figcaption>
<div class="scroll sized"><table class="matrix${dense ? ' dense' : ''}${upright ? ' upright' : ''}">
<thead><tr><td></td><th class="axis-name" colspan="${labels.length}">predicted</th><td></td></tr>
<tr><th class="axis-name corner">true</th>${head}<th class="recall-name">recall</th></tr></thead>
<tbody>${body.join('\n')}</tbody></table></div></figure>`;
}

function cell(count: number, total: number, hit: boolean, truth: string, predicted: string): string {
  if (!Number.isFinite(count)) return '<td>–</td>';
  const share = total > 0 ? Math.max(0, Math.min(1, count / total)) : 0;
  const what = `true ${truth}, predicted ${predicted}: ${formatNumber(count)} of ${formatNumber(total)} (${percent(share)})`;
  if (count === 0) return `<td class="zero" data-tip="${escapeHtml(what)}">·</td>`;
  // The root keeps a single mistake among many hits visible.
  const shade = Math.round(hit ? 14 + 76 * share : 12 + 80 * Math.sqrt(share));
  const kind = `${hit ? 'hit' : 'miss'}${shade > 55 ? ' strong' : ''}`;
  return `<td class="${kind}" style="--shade:${shade}%" data-tip="${escapeHtml(what)}">${formatNumber(count)}</td>`;
}

function recallCell(hits: number, total: number): string {
  const recall = hits / total;
  if (!Number.isFinite(recall)) return '<td class="recall">–</td>';
  const width = Math.round(100 * Math.max(0, Math.min(1, recall)));
  return `<td class="recall"><span class="bar"><i style="width:${width}%"></i></span><span class="share">${percent(recall)}</span></td>`;
}

/** A plain table: names to the left, figures to the right. */
export function renderComparison({ title, columns, rows }: Comparison): string {
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = rows.map((row) => {
    const cells = row.map((text, i) =>
      i === 0 ? `<th scope="row">${escapeHtml(text)}</th>` : `<td>${escapeHtml(text)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<figure class="card"><figcaption>${escapeHtml(title)}</figcaption>
<div class="scroll"><table class="plain"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div></figure>`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + (Number.isFinite(value) ? value : 0), 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

import { HoverData } from './chart.ts';
import { checkReport } from './check.ts';
import { renderCost } from './cost.ts';
import { renderCurve } from './curves.ts';
import { hoverScript } from './hover.ts';
import { escapeHtml } from './html.ts';
import { renderComparison, renderMatrix } from './matrix.ts';
import { renderProfile } from './profile.ts';
import { renderSample } from './sample.ts';
import { style } from './style.ts';
import type { Report } from './types.ts';

/**
 * A self-contained HTML page: tiles, learning curves, confusion matrix, times of kernels, cost of a decision, and one item's spikes, voltages and currents.
 * Needs no network, shows itself light or dark as the reader's system asks, and answers to the pointer. Numbers that are
 * not finite are left out of lines and shown as a dash.
 *
 * @throws Error naming the field when lengths or ranges do not fit each other
 */
export function renderReport(report: Report): string {
  checkReport(report);
  const hover = new HoverData();
  const title = escapeHtml(report.title);
  const subtitle = report.subtitle ? `<p class="subtitle">${escapeHtml(report.subtitle)}</p>` : '';
  const tiles = report.summary.map(
    ({ label, value }) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  const tables = [];
  if (report.confusion) tables.push(renderMatrix(report.confusion));
  if (report.comparison) tables.push(renderComparison(report.comparison));
  const body = [
    `<header><h1>${title}</h1>${subtitle}</header>`,
    tiles.length ? `<dl class="tiles">${tiles.join('')}</dl>` : '',
    cards(report.curves.map((plot) => renderCurve(plot, hover))),
    cards(tables),
    report.profile ? cards([renderProfile(report.profile)]) : '',
    report.cost ? `<div class="one">${renderCost(report.cost)}</div>` : '',
    report.sample ? renderSample(report.sample, hover) : '',
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
${body.filter(Boolean).join('\n')}
</main>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="figures">${hover.toJson()}</script>
<script>${hoverScript}</script>
</body>
</html>
`;
}

function cards(parts: string[]): string {
  return parts.length ? `<div class="cards${parts.length % 3 ? '' : ' three'}">${parts.join('\n')}</div>` : '';
}

import { HoverData } from './chart.ts';
import { checkCurve } from './check.ts';
import { type Colours, dark, light } from './colours.ts';
import { draw, height, width } from './curves.ts';
import { escapeHtml } from './html.ts';
import type { CurvePlot } from './types.ts';

const margin = 12;
const [w, h] = [width + 2 * margin, height + 2 * margin];

/**
 * A plot as a picture of its own, an SVG file for a README or a paper: light, or dark where the reader's system asks for it
 * and the program knows of that.
 *
 * @throws Error naming the field that does not fit
 */
export function renderPicture(plot: CurvePlot): string {
  checkCurve(plot, 'plot', 'renderPicture');
  const inside = draw(plot, new HoverData())?.inside ?? '<text x="0" y="14">No finite values to show.</text>';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="${-margin} ${-margin} ${w} ${h}">
<title>${escapeHtml(plot.title)}</title>
<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.tag { font-size: 13.5px; font-weight: 500; }
text.end { text-anchor: end; }
.mid { text-anchor: middle; }
path { fill: none; }
.line { stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.leader { stroke-width: .8; }
${coloured(light)}
@media (prefers-color-scheme: dark) {
${coloured(dark)}
}
</style>
<rect class="card" x="${-margin}" y="${-margin}" width="${w}" height="${h}"/>
${inside}</svg>
`;
}

/** Colours as plain values: what makes PDF and PNG of a picture knows no custom properties. */
function coloured(c: Colours): string {
  const series = Array.from({ length: 8 }, (_, i) => {
    const value = c[`c${i}`];
    return `.line.s${i} { stroke: ${value}; } circle.s${i}, .tag.s${i} { fill: ${value}; }`;
  });
  return `.card { fill: ${c.card}; } text { fill: ${c.text}; } .tick, .name { fill: ${c.dim}; }
.grid { stroke: ${c.grid}; } .axis { stroke: ${c.axis}; } .leader { stroke: ${c.faint}; }
${series.join('\n')}`;
}

import { colourStyle } from './colours.ts';

/** Of the page. */
export const style = `${colourStyle}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1152px; margin: 0 auto; padding: 36px 24px 56px; }
header { margin-bottom: 24px; }
h1 { font-size: 25px; line-height: 1.25; letter-spacing: -.01em; margin: 0; overflow-wrap: anywhere; }
.subtitle { color: var(--dim); margin: 5px 0 0; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: 14px 38px; margin: 0 0 28px; padding: 0; }
.tiles div { min-width: 74px; }
.tiles dt { color: var(--dim); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 18px; align-items: start; margin-bottom: 18px; }
.cards.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); }
.cards:has(> .card:only-child > svg) { max-width: 560px; }
.card { margin: 0; padding: 15px 18px 12px; background: var(--card); border: 1px solid var(--edge); border-radius: 8px; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 10px; display: flex; align-items: center; flex-wrap: wrap; gap: 0 14px; overflow-wrap: anywhere; }
figcaption .aside { color: var(--dim); font-weight: 400; font-size: 14px; }
.none { color: var(--dim); margin: 8px 0; }
.small { font-size: 13px; margin: 4px 0; overflow-wrap: anywhere; }
.heading { font-weight: 500; margin: 18px 0 8px; }
.one { margin-bottom: 18px; }
.scroll + .scroll { margin-top: 16px; }
.scroll { overflow-x: auto; }
.sized { container-type: inline-size; }
svg { display: block; width: 100%; height: auto; }
svg.digit { width: 58px; height: 58px; border: 1px solid var(--edge); fill: var(--text); flex: none; }
.chart text { font-size: 12px; fill: var(--text); }
.chart .tick { fill: var(--dim); font-variant-numeric: tabular-nums; }
.chart .name { fill: var(--dim); }
.chart .phase { fill: var(--dim); }
.chart .end { text-anchor: end; }
.chart .mid { text-anchor: middle; }
.chart:not(.sample) text { font-size: 13px; }
.chart:not(.sample) .tag { font-size: 13.5px; font-weight: 500; }
.chart path { fill: none; }
.grid { stroke: var(--grid); stroke-width: 1; }
.sample .grid { stroke: var(--axis); stroke-opacity: .22; }
.axis { stroke: var(--axis); stroke-width: 1; }
.limit { stroke: var(--dim); stroke-width: 1.2; stroke-dasharray: 5 4; }
.leader { stroke: var(--faint); stroke-width: .8; }
.band { fill: var(--band); }
.band.odd { fill: var(--band-odd); }
.line { stroke: var(--c); stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.end { fill: var(--c); }
.line.thin { stroke-width: 1.6; }
.line.dashed { stroke-dasharray: 7 4; }
.line.muted { stroke-width: 1.1; }
.line.winner { stroke-width: 2.6; }
.spikes { stroke: var(--c); }
.part { fill: var(--c); }
.group { stroke: var(--c); stroke-width: 3; }
.chart .tag { fill: var(--c); }
.chart .tag.winner { font-weight: 700; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
.ink { --c: var(--text); } .muted, .faint { --c: var(--faint); } .winner { --c: var(--c1); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.plain { width: 100%; font-size: 14px; }
.plain th, .plain td { padding: 7px 10px; text-align: right; border-bottom: 1px solid var(--edge); }
.plain th:first-child { text-align: left; padding-left: 0; }
.plain thead th { color: var(--dim); font-weight: 500; }
.plain tbody th { font-weight: 500; }
.plain tbody tr:last-child > * { border-bottom: 0; }
.matrix { font-size: 13px; width: 100%; max-width: 640px; }
.matrix th { font-weight: 500; color: var(--dim); padding: 2px 6px; }
.matrix tbody th { text-align: right; }
.matrix .axis-name { font-weight: 400; }
.matrix .corner { text-align: right; }
.matrix td { text-align: center; padding: 0; height: 32px; min-width: 30px; }
.matrix tbody td:not(.recall) { border: 1.5px solid var(--card); background: color-mix(in srgb, var(--grid) 45%, var(--card)); }
.matrix tbody td.hit { background: color-mix(in srgb, var(--hit) var(--shade), var(--card)); }
.matrix tbody td.miss { background: color-mix(in srgb, var(--miss) var(--shade), var(--card)); }
.matrix td.strong { color: var(--on); }
.matrix td.zero { color: var(--faint); }
.matrix td.recall { text-align: right; white-space: nowrap; padding-left: 12px; width: 118px; }
.matrix .recall-name { text-align: right; }
.matrix.dense { font-size: 11px; max-width: none; }
.matrix.dense td { height: 21px; min-width: 21px; }
.matrix.upright thead th[scope] { writing-mode: sideways-lr; text-align: left; padding: 3px 0; vertical-align: middle; }
.matrix.upright .recall-name, .matrix.upright .corner { vertical-align: bottom; }
.bar { display: inline-block; width: 46px; height: 6px; margin-right: 8px; background: var(--grid); vertical-align: middle; }
.share { display: inline-block; min-width: 56px; }
.bar i { display: block; height: 100%; background: var(--hit); }
#tip { position: fixed; z-index: 9; left: 0; top: 0; max-width: min(320px, 90vw); padding: 7px 10px; pointer-events: none; border-radius: 6px;
  background: var(--text); color: var(--page); font-size: 13px; line-height: 1.45; font-variant-numeric: tabular-nums; box-shadow: 0 2px 10px rgb(0 0 0 / .25); }
#tip b { display: block; font-weight: 600; }
#tip span { display: flex; justify-content: space-between; gap: 16px; }
#tip [hidden], #tip[hidden] { display: none; }
.cross { stroke: var(--text); stroke-opacity: .45; stroke-width: 1; pointer-events: none; }
@media (max-width: 640px) {
  main { padding: 22px 12px 40px; }
  h1 { font-size: 21px; }
  .tiles { gap: 12px 26px; }
  .tiles dd { font-size: 19px; }
  .card { padding: 12px 12px 10px; }
  .chart.sample { width: 860px; }
}
@container (max-width: 480px) {
  .matrix { font-size: 12px; }
  .matrix td { min-width: 21px; height: 26px; }
  .matrix th { padding: 2px 3px; }
  .matrix td.recall { width: 54px; padding-left: 4px; }
  .bar { display: none; }
  .share { min-width: 0; }
}
@media (min-width: 641px) {
  .cards:not(.three) > .card > .chart text { font-size: 10.5px; }
  .cards:not(.three) > .card > .chart .tag { font-size: 11px; }
}
@media print {
  body { background: none; }
  main { max-width: none; padding: 0; }
  .card { break-inside: avoid; }
  * { print-color-adjust: exact; }
}
`;

/**
 * The page's own script: a line at the time or epoch under the pointer, and a box with the values there. It reads the
 * figures from the JSON beside it, and sets text only as text.
 */
export const hoverScript = `
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const tip = document.getElementById('tip');
  const format = (v) => {
    if (v === null) return '–';
    const size = Math.abs(v);
    const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? v.toExponential(2) : String(Number(v.toPrecision(4)));
    return text.replace(/-/g, '\\u2212');
  };
  const show = (event, head, rows) => {
    const title = document.createElement('b');
    title.textContent = head;
    tip.replaceChildren(title, ...rows.map(([label, value]) => {
      const row = document.createElement('span');
      for (const text of [label, value]) row.appendChild(document.createElement('em')).textContent = text;
      for (const part of row.children) part.style.fontStyle = 'normal';
      return row;
    }));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const beside = event.clientX + 16 + box.width > innerWidth ? event.clientX - 16 - box.width : event.clientX + 16;
    const below = Math.min(event.clientY + 14, innerHeight - box.height - 6);
    tip.style.transform = 'translate(' + Math.max(4, beside) + 'px,' + Math.max(4, below) + 'px)';
  };
  const nearest = (pixels, x) => {
    let low = 0;
    let high = pixels.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (pixels[middle] <= x) low = middle;
      else high = middle;
    }
    return x - pixels[low] <= pixels[high] - x ? low : high;
  };
  const rasterRows = (panel, step, y) => {
    const { neurons, t, n, groups } = panel.raster;
    const share = (y - panel.top) / (panel.bottom - panel.top);
    const at = Math.max(0, Math.min(neurons - 1, Math.floor(share * neurons)));
    const now = n.filter((_, i) => t[i] === step);
    const group = groups.find((g) => at >= g.from && at < g.to);
    return [
      ['spikes in this step', now.length + ' of ' + neurons],
      ['neuron ' + at + (group ? ' (' + group.label + ')' : ''), now.includes(at) ? 'spike' : 'silent'],
    ];
  };
  const seriesRows = (panel, at) => panel.series
    .map((s) => [s.label, s.values[at]])
    .filter((row, i, all) => row[1] !== null || all.length < 9)
    .sort((a, b) => (b[1] ?? -Infinity) - (a[1] ?? -Infinity))
    .slice(0, 12)
    .map(([label, value]) => [label, format(value) + (value === null ? '' : panel.unit || '')]);
  for (const svg of document.querySelectorAll('svg[data-figure]')) {
    const figure = figures[svg.dataset.figure];
    const cross = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
    cross.setAttribute('class', 'cross');
    const clear = () => { cross.setAttribute('d', ''); tip.hidden = true; };
    svg.addEventListener('pointerleave', clear);
    svg.addEventListener('pointermove', (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const panel = figure.panels.find((p) => point.y >= p.top - 20 && point.y <= p.bottom + 6);
      if (!panel || point.x < figure.left - 6 || point.x > figure.right + 6) return clear();
      const at = nearest(figure.pixels, point.x);
      const ends = [figure.panels[0].top, figure.panels[figure.panels.length - 1].bottom];
      cross.setAttribute('d', 'M' + figure.pixels[at] + ' ' + ends[0] + 'V' + ends[1]);
      show(event, figure.heads[at], panel.raster ? rasterRows(panel, figure.xs[at], point.y) : seriesRows(panel, at));
    });
  }
  for (const cell of document.querySelectorAll('[data-tip]')) {
    cell.addEventListener('pointermove', (event) => show(event, cell.dataset.tip, []));
    cell.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
})();
`;

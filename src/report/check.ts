import type {
  Comparison,
  ConfusionMatrix,
  CostOfInference,
  CurvePlot,
  KernelTimes,
  LabelledRange,
  NamedValues,
  Report,
  Sample,
  SampleLayer,
} from './types.ts';

/** Throws an Error naming the first field whose shape does not fit. Values may be anything: bad ones become gaps. */
export function checkReport(report: Report): void {
  if (typeof report.title !== 'string') fail('title', report.title, 'a string');
  if (!Array.isArray(report.summary)) fail('summary', report.summary, 'a list of tiles');
  if (!Array.isArray(report.curves)) fail('curves', report.curves, 'a list of plots');
  report.curves.forEach((curve: CurvePlot, c) => {
    checkCurve(curve, `curves[${c}]`);
  });
  if (report.confusion) checkConfusion(report.confusion);
  if (report.comparison) checkComparison(report.comparison);
  if (report.profile) checkProfile(report.profile);
  if (report.cost) checkCost(report.cost);
  if (report.sample) checkSample(report.sample);
}

/** @param by the function that was given it */
export function checkCurve({ series }: CurvePlot, name: string, by?: string): void {
  if (!Array.isArray(series)) fail(`${name}.series`, series, 'a list of lines with name and points', by);
  series.forEach(({ points }: CurvePlot['series'][number], s) => {
    points.forEach((point, p) => {
      if (point.length !== 2) fail(`${name}.series[${s}].points[${p}]`, [...point], 'a pair [x, y]', by);
    });
  });
}

function checkConfusion({ labels, counts }: ConfusionMatrix): void {
  if (labels.length === 0) fail('confusion.labels', [], 'at least one label');
  checkLength('confusion.counts', counts.length, labels.length, 'rows, one a label');
  counts.forEach((row, i) => {
    checkLength(`confusion.counts[${i}]`, row.length, labels.length, 'entries, one a label');
  });
}

function checkComparison({ columns, rows }: Comparison): void {
  rows.forEach((row, i) => {
    checkLength(`comparison.rows[${i}]`, row.length, columns.length, 'entries, one a column');
  });
}

function checkProfile({ steps, rows }: KernelTimes): void {
  checkCount('profile.steps', steps);
  if (!Array.isArray(rows)) fail('profile.rows', rows, 'a list of operations, as profile() gives it');
}

function checkCost({ layers, estimates }: CostOfInference): void {
  if (!Array.isArray(layers)) fail('cost.layers', layers, 'a list of layers, as costOf() gives it');
  if (!Array.isArray(estimates)) fail('cost.estimates', estimates, 'a list of estimates, as costOf() gives it');
  estimates.forEach((estimate: CostOfInference['estimates'][number], i) => {
    checkLength(`cost.estimates[${i}].layers`, estimate.layers.length, layers.length, 'entries, one a layer');
  });
}

function checkSample(sample: Sample): void {
  checkCount('sample.steps', sample.steps);
  if (!(sample.dt > 0 && sample.dt < Number.POSITIVE_INFINITY)) {
    fail('sample.dt', sample.dt, 'milliseconds above 0');
  }
  if (sample.image) {
    const { width, height, values } = sample.image;
    checkCount('sample.image.width', width);
    checkCount('sample.image.height', height);
    checkLength('sample.image.values', values.length, width * height, 'values, width times height');
  }
  checkRanges('sample.phases', sample.phases, sample.steps);
  sample.layers.forEach((layer, i) => {
    checkLayer(`sample.layers[${i}]`, layer, sample.steps);
  });
  checkTraces('sample.readout', sample.readout ?? [], sample.steps);
}

function checkLayer(path: string, layer: SampleLayer, steps: number): void {
  checkCount(`${path}.neurons`, layer.neurons);
  checkRanges(`${path}.groups`, layer.groups, layer.neurons);
  checkLength(`${path}.spikes.n`, layer.spikes.n.length, layer.spikes.t.length, 'entries, as spikes.t has');
  checkTraces(`${path}.voltages`, layer.voltages, steps);
  checkTraces(`${path}.currents`, layer.currents, steps);
}

function checkTraces(path: string, traces: readonly NamedValues[], steps: number): void {
  traces.forEach((trace, i) => {
    checkLength(`${path}[${i}].values`, trace.values.length, steps, 'values, one a time step');
  });
}

function checkRanges(path: string, ranges: readonly LabelledRange[] | undefined, end: number): void {
  ranges?.forEach(({ from, to }, i) => {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= end)) {
      fail(`${path}[${i}]`, { from, to }, `integers with 0 <= from < to <= ${end}`);
    }
  });
}

function checkCount(path: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) fail(path, value, 'an integer of at least 1');
}

function checkLength(path: string, found: number, expected: number, what: string): void {
  if (found !== expected) throw new Error(`renderReport: ${path} has ${found}, expected ${expected} ${what}`);
}

function fail(path: string, value: unknown, expected: string, by = 'renderReport'): never {
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  throw new Error(`${by}: ${path} is ${shown}, expected ${expected}`);
}

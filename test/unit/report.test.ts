import { describe, expect, it } from 'vitest';
import { type CurvePlot, type Report, renderPicture, renderReport, type Sample } from '../../src/report/index.ts';
import { spread } from '../../src/report/labels.ts';
import { formatNumber, niceTicks } from '../../src/report/scale.ts';

const sample: Sample = {
  title: 'one digit',
  dt: 0.5,
  steps: 4,
  image: { width: 2, height: 2, values: [0, 0.5, 1, Number.NaN] },
  phases: [
    { from: 0, to: 3, label: 'row 1' },
    { from: 3, to: 4, label: 'cue' },
  ],
  layers: [
    {
      name: 'hidden',
      neurons: 3,
      groups: [{ from: 2, to: 3, label: 'adaptive' }],
      // The last three lie outside the figure.
      spikes: { t: Uint32Array.of(0, 3, 4, 1, 1), n: Uint32Array.of(2, 2, 0, 3, 99) },
      voltages: [{ label: 'neuron 2', values: [0, 1, Number.NaN, 0.5] }],
      threshold: 1,
      currents: [{ label: 'neuron 2', values: Float32Array.of(0, 0, 0.25, 0.125) }],
    },
  ],
  readout: [
    { label: 'class A', values: [0, 1, 1, 0.5] },
    { label: 'class B', values: [0, 0, 0.5, 0.75] },
  ],
};

const report: Report = {
  title: 'A title',
  subtitle: 'an adapter',
  summary: [{ label: 'test accuracy', value: '97.2 %' }],
  curves: [
    {
      title: 'Accuracy',
      xLabel: 'epoch',
      yLabel: 'accuracy',
      percent: true,
      series: [
        { name: 'train', points: [1, 2, 3].map((x) => [x, x / 4]) },
        {
          name: 'test',
          points: [
            [2, 0.5],
            [1, 0.25],
          ],
        },
      ],
    },
  ],
  confusion: {
    labels: ['cat', 'dog'],
    counts: [
      [3, 1],
      [0, 0],
    ],
  },
  comparison: { title: 'Ablation', columns: ['', 'with', 'without'], rows: [['accuracy', '86 %', '80 %']] },
  sample,
};

function between(page: string, start: string, end: string): string {
  const from = page.indexOf(start) + start.length;
  return page.slice(from, page.indexOf(end, from));
}

interface Figure {
  xs: number[];
  heads: string[];
  panels: { series?: { label: string; values: (number | null)[] }[]; raster?: { t: number[]; n: number[] } }[];
}

const figuresOf = (page: string): Figure[] => {
  return JSON.parse(between(page, '<script type="application/json" id="figures">', '</script>')) as Figure[];
};

/** Every tag is closed in the right order and no number in the page is broken. */
function checkMarkup(page: string): void {
  const open: string[] = [];
  const markup = page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');
  for (const [tag, slash, name, rest] of markup.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?:\s+[\w-]+(?:="[^"<]*")?)*)\s*\/?>/g,
  )) {
    if (slash) expect(open.pop()).toBe(name);
    else if (!tag.endsWith('/>') && !['meta'].includes(name as string)) open.push(name as string);
    expect(rest).not.toMatch(/NaN|Infinity|undefined/);
  }
  expect(open).toEqual([]);
  // Nothing but tags uses angle brackets.
  expect(markup.match(/</g)?.length).toBe(markup.match(/<(?:[/a-z]|!doctype)/g)?.length);
}

describe('renderReport', () => {
  it('gives one well-formed page that needs nothing else', () => {
    const page = renderReport(report);
    checkMarkup(page);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('<title>A title</title>');
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import|fetch\(|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
    expect(() => new Function(between(page, '<script>', '</script>'))).not.toThrow();
  });

  it('shows what it was given', () => {
    const page = renderReport(report);
    expect(page).toContain('<dt>test accuracy</dt><dd>97.2 %</dd>');
    expect(page).toContain('train 75.0 %');
    expect(page).toContain('test 50.0 %');
    expect(page).toContain('accuracy 75.0 %, 3 of 4');
    expect(page).toContain('data-tip="true cat, predicted dog: 1 of 4 (25.0 %)"');
    expect(page).toContain('<th scope="row">accuracy</th><td>86 %</td><td>80 %</td>');
    expect(page).toContain('readout: largest at the end is class B');
    expect(page).toMatch(/class="tag winner"[^>]*>class B</);
    expect(page).toContain('class="limit"');
    for (const text of ['row 1', 'cue', 'adaptive', 'AHP current', 'time (ms)']) expect(page).toContain(text);
  });

  it('gives the pointer the values of every step', () => {
    const [curve, detail] = figuresOf(renderReport(report)) as [Figure, Figure];
    expect(curve.xs).toEqual([1, 2, 3]);
    expect(curve.panels[0]?.series).toMatchObject([{ values: [25, 50, 75] }, { values: [25, 50, null] }]);
    expect(detail.heads).toEqual([
      '0 ms (step 0), row 1',
      '0.5 ms (step 1), row 1',
      '1 ms (step 2), row 1',
      '1.5 ms (step 3), cue',
    ]);
    expect(detail.panels[0]?.raster).toMatchObject({ t: [0, 3], n: [2, 2] });
    expect(detail.panels[1]?.series?.[0]?.values).toEqual([0, 1, null, 0.5]);
  });

  it('shows text as text, wherever it comes from', () => {
    const evil = `</script><script>alert("1")</script><!-- & ' \u0000`;
    const text = JSON.stringify(report, (_, value) =>
      typeof value === 'object' && ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value,
    );
    const strings = JSON.parse(text, (_, value) => (typeof value === 'string' ? evil : value)) as Report;
    const page = renderReport(strings);
    checkMarkup(page);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)');
    // What the pointer shows is the text itself.
    expect(figuresOf(page)[0]?.panels[0]?.series?.[0]?.label).toBe(evil);
  });

  it('leaves gaps where numbers are not finite', () => {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308];
    const series = (ys: number[]): Report['curves'][number] => {
      return { title: 't', xLabel: 'x', yLabel: 'y', series: [{ name: 's', points: ys.map((y, x) => [x, y]) }] };
    };
    const page = renderReport({
      title: 't',
      summary: [],
      curves: [series([1, 2, Number.NaN, 4]), series(bad), series([]), series([3]), series([-1e308, 0, 1])],
      confusion: {
        labels: ['a', 'b'],
        counts: [
          [Number.NaN, 1],
          [Number.POSITIVE_INFINITY, 0],
        ],
      },
      sample: {
        title: 's',
        dt: 1,
        steps: 4,
        layers: [
          {
            name: 'l',
            neurons: 1,
            spikes: { t: bad, n: bad },
            voltages: [{ label: 'v', values: bad }],
            threshold: Number.NaN,
            currents: [{ label: 'a', values: [0, 0, 0, 0] }],
          },
        ],
        readout: [{ label: 'r', values: bad }],
      },
    });
    checkMarkup(page);
    expect(page.match(/No finite values to show/g)).toHaveLength(2);
    // Two strokes for one line with a gap.
    const line = /class="line s0" d="([^"]*)"/.exec(page)?.[1];
    expect(line?.match(/M/g)).toHaveLength(2);
    expect(figuresOf(page)[0]?.panels[0]?.series?.[0]?.values).toEqual([1, 2, null, 4]);
  });

  it('shows the least there can be', () => {
    const page = renderReport({ title: 'bare', summary: [], curves: [] });
    checkMarkup(page);
    expect(figuresOf(page)).toEqual([]);
  });

  const layer = (changes: object): Report => ({
    ...report,
    sample: { ...sample, layers: [{ ...(sample.layers[0] as object), ...changes }] as unknown as Sample['layers'] },
  });
  it.each<[string, Report, string]>([
    [
      'a matrix with a row too few',
      { ...report, confusion: { labels: ['a', 'b'], counts: [[1, 2]] } },
      'confusion.counts has 1, expected 2 rows',
    ],
    [
      'a ragged matrix',
      { ...report, confusion: { labels: ['a', 'b'], counts: [[1, 2], [3]] } },
      'confusion.counts[1] has 1, expected 2',
    ],
    [
      'a matrix of nothing',
      { ...report, confusion: { labels: [], counts: [] } },
      'confusion.labels is [], expected at least one',
    ],
    [
      'a ragged table',
      { ...report, comparison: { title: '', columns: ['a'], rows: [['1', '2']] } },
      'comparison.rows[0] has 2, expected 1',
    ],
    [
      'no steps',
      { ...report, sample: { ...sample, steps: 0 } },
      'sample.steps is 0, expected an integer of at least 1',
    ],
    ['dt 0', { ...report, sample: { ...sample, dt: 0 } }, 'sample.dt is 0, expected milliseconds above 0'],
    [
      'an image of another size',
      { ...report, sample: { ...sample, image: { width: 2, height: 2, values: [1] } } },
      'sample.image.values has 1, expected 4',
    ],
    [
      'a phase beyond the end',
      { ...report, sample: { ...sample, phases: [{ from: 0, to: 5, label: '' }] } },
      'sample.phases[0] is {"from":0,"to":5}',
    ],
    ['spikes without neurons', layer({ spikes: { t: [1], n: [] } }), 'sample.layers[0].spikes.n has 0, expected 1'],
    [
      'a short voltage',
      layer({ voltages: [{ label: '', values: [1] }] }),
      'sample.layers[0].voltages[0].values has 1, expected 4',
    ],
    ['half a neuron', layer({ neurons: 0.5 }), 'sample.layers[0].neurons is 0.5'],
    [
      'a point of three numbers',
      {
        ...report,
        curves: [
          {
            title: '',
            xLabel: '',
            yLabel: '',
            series: [{ name: '', points: [[1, 2, 3] as unknown as [number, number]] }],
          },
        ],
      },
      'curves[0].series[0].points[0] is [1,2,3], expected a pair',
    ],
  ])('refuses %s', (_, bad, message) => {
    expect(() => renderReport(bad)).toThrow(`renderReport: ${message}`);
  });
});

describe('renderPicture', () => {
  const plot = report.curves[0]!;

  it('gives one curve as a well-formed picture that needs nothing else', () => {
    const picture = renderPicture(plot);
    checkMarkup(picture);
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(picture).toContain('<title>Accuracy</title>');
    expect(picture).toContain('train 75.0 %');
    // what makes PDF of a picture knows no custom properties
    expect(picture).not.toContain('var(');
    // the page's script is not there
    expect(picture).not.toContain('data-figure');
    expect(picture).not.toMatch(/\b(src|href)=|url\(|@import|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
    const lines = (text: string) => text.match(/<path class="line[^>]*>/g);
    expect(lines(picture)).toEqual(
      lines(renderReport({ ...report, comparison: undefined, sample: undefined } as never)),
    );
  });

  it('says so where there is nothing finite to show', () => {
    const picture = renderPicture({ ...plot, series: [{ name: 'a', points: [[1, Number.NaN]] }] });
    checkMarkup(picture);
    expect(picture).toContain('No finite values to show.');
  });

  it('refuses what is no plot', () => {
    expect(() => renderPicture({ ...plot, series: 3 } as unknown as CurvePlot)).toThrow(
      'renderPicture: plot.series is 3, expected a list of lines',
    );
    const points = [[1, 2, 3]] as unknown as CurvePlot['series'][number]['points'];
    expect(() => renderPicture({ ...plot, series: [{ name: '', points }] })).toThrow(
      'renderPicture: plot.series[0].points[0] is [1,2,3], expected a pair',
    );
  });
});

describe('niceTicks', () => {
  it.each<[number, number, boolean, string[]]>([
    [0, 1, false, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    [1, 20, true, ['0', '5', '10', '15', '20']],
    [1, 3, true, ['1', '2', '3']],
    [-0.3, 0.3, false, ['−0.4', '−0.2', '0.0', '0.2', '0.4']],
    [0, 4e7, false, ['0e+0', '1e+7', '2e+7', '3e+7', '4e+7']],
  ])('from %d to %d', (low, high, whole, labels) => {
    expect(niceTicks([low, high], 5, whole).labels).toEqual(labels);
  });

  it.each([
    [5, 5],
    [0, 0],
    [1, 1 + 3e-16],
    [0, 5e-324],
    [1e-310, 2e-310],
    [-1e299, 1e299],
    [1e15, 1e15 + 1],
  ])('ends, covers the data and keeps ticks apart from %d to %d', (low, high) => {
    for (const whole of [false, true]) {
      const { values, labels, domain } = niceTicks([low, high], 5, whole);
      expect(values.length).toBeGreaterThan(1);
      expect(values.length).toBeLessThan(20);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(domain[0]).toBeLessThanOrEqual(low);
      expect(domain[1]).toBeGreaterThanOrEqual(high);
      expect(new Set(labels).size).toBe(labels.length);
    }
  });
});

describe('formatNumber', () => {
  it('keeps four digits, and all before the point', () => {
    const shown = [0, 0.12345, -2.5, 12345.6, 123456, 1234567, 1e-9, Number.NaN].map((value) => formatNumber(value));
    expect(shown).toEqual(['0', '0.1235', '−2.5', '12346', '123456', '1.23e+6', '1.00e−9', '–']);
  });
});

describe('spread', () => {
  it('moves labels apart, no further than needed, and keeps their order', () => {
    expect(spread([10, 50], 12, 0, 100)).toEqual([10, 50]);
    expect(spread([52, 50], 12, 0, 100)).toEqual([57, 45]);
    expect(spread([99, 100, 98], 12, 0, 100)).toEqual([88, 100, 76]);
    const crowded = spread([5, 5, 5, 60, 61], 12, 0, 100);
    crowded.slice(1).forEach((y, i) => {
      expect(y - (crowded[i] as number)).toBeGreaterThanOrEqual(12);
    });
    expect(crowded[0]).toBe(0);
  });
});

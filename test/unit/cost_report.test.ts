import { expect, it } from 'vitest';
import { counts } from '../../src/cost/counts.ts';
import { Cost, horowitz, loihi, published } from '../../src/cost/index.ts';
import { renderReport } from '../../src/report/index.ts';

// What the report's page shows of a cost; how it looks is for eyes.

const sizes = { neurons: 2, weights: 10, states: 2, accumulators: 4, inputs: 5 };
const layer = (name: string, synapticOperations: number) => ({
  name,
  kind: 'LIF',
  counts: counts({ steps: 4, synapticOperations, spikes: 3, updates: 8, adds: 16, dense: 1000, denseOutputs: 8 }),
  sizes,
});
const made = (lstm: boolean): Cost =>
  new Cost({
    samples: 12,
    inputSpikes: 7.5,
    layers: [layer('0 <LIF>', 1500), layer('1 LIF', 2)],
    weights: 20,
    lstm: lstm ? [layer('LSTM', 0)] : null,
    hardware: [horowitz(), loihi],
    notes: ['2 Own & more: nothing is counted'],
  });
const page = (cost: object): string =>
  renderReport({ title: 'a', summary: [], curves: [], cost: { ...made(true), ...cost } });

it('shows counts, energies with their sources, and bars of each layer', () => {
  const text = page({});
  for (const part of [
    'mean of 12 samples, 7.5 spikes into the net',
    '<th scope="row">0 &lt;LIF&gt;</th><td>4</td><td>3</td><td>1,500</td>',
    'LSTM of the same size',
    'M. Horowitz, &quot;Computing&#39;s energy problem&quot;, ISSCC 2014',
    'Loihi has no figure for 2,000 multiply-accumulates of the same without spikes',
    '2 Own &amp; more: nothing is counted',
    'Energy of an inference by layer, 45 nm, float32, logarithmic',
  ])
    expect(text).toContain(part);
  expect(text).not.toMatch(/NaN|undefined/);
  // two layers with two bars each; three in all, of which the LSTM's has no energy here but its additions
  expect(text.match(/<rect class="part s\d" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="13">/g)).toHaveLength(7);
});

it('leaves out what is not there', () => {
  const text = renderReport({ title: 'a', summary: [], curves: [], cost: { ...made(false), inputSpikes: null } });
  expect(text).not.toContain('LSTM');
  expect(text).not.toContain('spikes into the net');
  expect(text).not.toContain('published, measured');
  expect(renderReport({ title: 'a', summary: [], curves: [] })).not.toContain('Cost of an inference');
});

it('shows published figures with their source', () => {
  const text = page({ published: published.smnist });
  expect(text).toContain('<th scope="row">AHP net on Loihi</th><td>363 µJ</td><td>14 ms</td>');
  expect(text).toContain('Nature Machine Intelligence 2022');
});

it('draws to scale what is not far apart', () => {
  const near = new Cost({
    samples: 1,
    inputSpikes: null,
    layers: [layer('0 LIF', 1500)],
    weights: 10,
    lstm: null,
    hardware: [horowitz({ memory: 'none' })],
    notes: [],
  });
  const text = renderReport({ title: 'a', summary: [], curves: [], cost: near });
  expect(text).not.toContain('logarithmic');
  const widths = [...text.matchAll(/<rect class="part s\d" x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="13"/g)].map(
    (m) => Number(m[1]),
  );
  // 1500 and 16 additions, against 1000 products
  expect(widths[0]! / widths[1]!).toBeCloseTo((1516 * 0.9) / 4600, 2);
});

it('refuses what is no cost', () => {
  expect(() => page({ estimates: undefined })).toThrow('renderReport: cost.estimates is undefined, expected a list');
  expect(() => page({ layers: [] })).toThrow('renderReport: cost.estimates[0].layers has 2, expected 0 entries');
});

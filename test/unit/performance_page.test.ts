import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withMeasurement } from '../../bench/page.ts';
import type { Summary } from '../../bench/row.ts';

const page = readFileSync('docs/performance.md', 'utf8');
const summary = JSON.parse(readFileSync('docs/bench.json', 'utf8')) as Summary;

it('docs/performance.md shows docs/bench.json', () => {
  expect(withMeasurement(page, summary)).toBe(page);
  expect(page).toContain(summary.adapter);
});

it('a page without marks is refused', () => {
  expect(() => withMeasurement('nothing', summary)).toThrow('<!-- bench.json -->');
});

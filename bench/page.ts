import type { Summary } from './row.ts';
import { table } from './table.ts';

const MARKS = ['<!-- bench.json -->', '<!-- /bench.json -->'] as const;

/**
 * The page with the measurement between its marks.
 *
 * @throws when the page has no marks
 */
export function withMeasurement(page: string, summary: Summary): string {
  const [from, to] = MARKS.map((mark) => page.indexOf(mark)) as [number, number];
  if (from < 0 || to < from) throw new Error(`the page needs ${MARKS.join(' and ')} around the measurement`);
  const { adapter, date, runtime, seconds, versions, cases } = summary;
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const where = runtime === 'chrome' ? 'Chrome' : 'Node';
  const text = [
    `Adapter: ${adapter}, in ${where}, ${date.slice(0, 10)}; ${others.join(', ')}; the whole run took ${Math.round(seconds / 60)} minutes.`,
    '',
    '```text',
    table(cases),
    '```',
  ];
  return `${page.slice(0, from)}${MARKS[0]}\n${text.join('\n')}\n${page.slice(to)}`;
}

import { readFileSync, writeFileSync } from 'node:fs';
import { type ToolName, tools } from './cases.ts';
import type { Row } from './judge.ts';
import { B, T } from './nets.ts';

const FROM = '<!-- made by npm run test:exchange -- --write -->';
const TO = '<!-- end -->';

/** What a row says in the end. */
export function verdictOf({ verdict, expected, said }: Pick<Row, 'verdict' | 'expected' | 'said'>): string {
  if (verdict === 'equal') return 'equal';
  if (verdict === 'refused')
    return `refused: ${said.replace(/^(NotImplemented|Value|Assertion|Attribute)Error: /, '')}`;
  return `wrong: ${typeof expected === 'object' && 'wrong' in expected ? expected.wrong : 'not expected'}`;
}

const number = (x: number | null): string => (x === null ? '-' : x === 0 ? '0' : x.toExponential(0));
const count = (x: number | null): string => (x === null ? '-' : String(x));
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Rows that differ in nothing but how the file was written, as one. */
function merged(rows: readonly Row[]): Row[] {
  const most = (a: number | null, b: number | null) => (a === null || b === null ? null : Math.max(a, b));
  const result: Row[] = [];
  for (const row of rows) {
    const key = (r: Row) => [r.way, r.title, r.spikes, verdictOf(r), r.voltage === null].join('|');
    const at = result.findIndex((other) => key(other) === key(row));
    if (at < 0) {
      result.push(row);
      continue;
    }
    const before = result[at]!;
    const format = row.how.split(', ')[0]!;
    const how = before.how.startsWith(`${format}, `) ? row.how.slice(format.length + 2) : row.how;
    result[at] = {
      ...before,
      how: `${before.how}; ${how}`,
      differ: most(before.differ, row.differ),
      distance: most(before.distance, row.distance),
      voltage: most(before.voltage, row.voltage),
      output: most(before.output, row.output),
    };
  }
  return result;
}

/** The section of one tool. */
export function section(tool: ToolName, rows: readonly Row[], versions: Readonly<Record<string, string>>): string {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = merged(rows).map((row) => {
    const { way, title, how, spikes, differ, distance, voltage, output, tensors } = row;
    const compared = tensors === null ? count(spikes) : `${tensors} tensors`;
    const numbers = [compared, count(differ), number(distance), number(voltage), number(output)];
    const cells = [way === 'out' ? 'to it' : 'from it', title, how, ...numbers, verdictOf(row)];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    `### ${tools[tool].title}`,
    '',
    `${used.join(', ')}; ${T} steps of ${B} samples.`,
    '',
    '| | net | how | spikes | differ | at most | voltages | outputs | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** What the page has between the marks, by tool. */
function sections(page: string): Map<string, string> {
  const [from, to] = [page.indexOf(FROM), page.indexOf(TO, page.indexOf(FROM))];
  if (from < 0 || to < 0) return new Map();
  const parts = page.slice(from + FROM.length, to).split(/^(?=### )/m);
  return new Map(parts.filter((p) => p.startsWith('### ')).map((p) => [p.slice(4, p.indexOf('\n')), p.trim()]));
}

/** Puts the sections into the page, beside those of tools that did not run. @throws when the page has no marks */
export function writeTable(file: string, made: ReadonlyMap<ToolName, string>): void {
  const page = readFileSync(file, 'utf8');
  const from = page.indexOf(FROM);
  const to = page.indexOf(TO, from);
  if (from < 0 || to < 0) throw new Error(`${file} must have the lines '${FROM}' and '${TO}'`);
  const kept = sections(page);
  const all = Object.entries(tools).flatMap(([name, { title }]) => made.get(name as ToolName) ?? kept.get(title) ?? []);
  writeFileSync(file, `${page.slice(0, from)}${FROM}\n\n${all.join('\n\n')}\n\n${page.slice(to)}`);
}

/** Rows that the page lacks, or has with another verdict. */
export function notAsWritten(file: string, tool: ToolName, made: string): string[] {
  const key = (line: string) => {
    const cells = line.split(/(?<!\\)\|/).map((c) => c.trim());
    return [cells[1], cells[2], cells[3], cells[9]].join(' | ');
  };
  const rows = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^\| (to|from) it \|/.test(line))
      .map(key);
  const written = new Set(rows(sections(readFileSync(file, 'utf8')).get(tools[tool].title) ?? ''));
  return rows(made).filter((row) => !written.has(row));
}

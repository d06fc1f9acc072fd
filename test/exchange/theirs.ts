import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FormatOptions } from '../../src/exchange/formats.ts';
import { load } from '../../src/exchange/load.ts';
import { decodeNpz, numbersOf } from '../../src/exchange/numpy/index.ts';
import { type ToolName, tools } from './cases.ts';
import type { Row } from './judge.ts';
import { judged, refusal } from './outcome.ts';

/** What a judge says of a file that its tool wrote. */
interface Theirs {
  readonly tool: ToolName;
  readonly id: string;
  readonly title: string;
  readonly how: string;
  readonly file: string;
  readonly options: FormatOptions;
  /** The arrays name the places of layers, and do not count them. */
  readonly named: boolean;
  /** Its voltages were recorded after the reset. */
  readonly after: boolean;
}

/** Reads the files that the tools wrote themselves, and compares our nets with what they made of them. */
export async function theirs(folder: string, only: readonly ToolName[]): Promise<Omit<Row, 'way' | 'passed'>[]> {
  const rows: Omit<Row, 'way' | 'passed'>[] = [];
  for (const tool of only) {
    const list = join(folder, 'theirs', `${tool}.json`);
    if (!existsSync(list)) continue;
    for (const { id, title, how, file, options, named, after } of JSON.parse(readFileSync(list, 'utf8')) as Theirs[]) {
      const row = { tool, title, how, expected: 'equal' } as const;
      try {
        const { net } = await load(join(folder, 'theirs', file), { options });
        const arrays = await decodeNpz(readFileSync(join(folder, 'theirs', `${id}.npz`)), id);
        const input = arrays.get('input')!;
        const [T, B] = input.shape as [number, number];
        const sample = { T, B, N: net.inputs, inputs: Float32Array.from(numbersOf(input)) };
        rows.push({ ...row, ...(await judged(net, sample, arrays, { inOrder: !named, after })) });
      } catch (error) {
        rows.push({ ...row, ...refusal(`${tools[tool].title}: ${(error as Error).message}`) });
      }
    }
  }
  return rows;
}

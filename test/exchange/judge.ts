import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replayNetx } from '../../src/exchange/netx/index.ts';
import { decodeNpz } from '../../src/exchange/numpy/index.ts';
import { allCases, type Case, type Expected, filesOf, type ToolName } from './cases.ts';
import type { Unwritten } from './make.ts';
import { type TestNet, testNet } from './nets.ts';
import { judged, type Outcome, refusal, sameSpikes, sameTensors } from './outcome.ts';
import { theirs } from './theirs.ts';

/** A row of the table. */
export interface Row extends Outcome {
  readonly tool: ToolName;
  /** Ours to them, or theirs to us. */
  readonly way: 'out' | 'in';
  readonly title: string;
  readonly how: string;
  readonly expected: Expected;
  /** Whether it came as expected. */
  readonly passed: boolean;
}

/** Judges all that the tools wrote into the folder. */
export async function judge(folder: string, only: readonly ToolName[], unwritten: Unwritten): Promise<Row[]> {
  const rows: Row[] = [];
  const nets = new Map<string, TestNet>();
  for (const c of allCases()) {
    const { id, tool, how, expected } = c;
    if (!only.includes(tool)) continue;
    if (!nets.has(c.net)) nets.set(c.net, testNet(c.net));
    const test = nets.get(c.net)!;
    const outcome = unwritten[id]
      ? refusal(`not written: ${unwritten[id]}`)
      : await seen(folder, c, test).catch(notJudged);
    rows.push({
      tool,
      way: 'out',
      title: test.title,
      how,
      expected,
      ...outcome,
      passed: asExpected(expected, outcome),
    });
  }
  for (const row of await theirs(folder, only)) rows.push({ ...row, way: 'in', passed: row.verdict === 'equal' });
  return rows;
}

const notJudged = (error: Error): Outcome => refusal(`cannot be judged: ${error.message}`);

async function seen(folder: string, c: Case, { net, sample }: TestNet): Promise<Outcome> {
  const [npz, json] = [join(folder, 'out', `${c.id}.npz`), join(folder, 'out', `${c.id}.json`)];
  if (existsSync(json)) return refusal((JSON.parse(readFileSync(json, 'utf8')) as { error: string }).error);
  if (!existsSync(npz)) return refusal('the judge said nothing');
  const arrays = await decodeNpz(readFileSync(npz), npz);
  const tensors = arrays.get('tensors');
  if (tensors) return sameTensors(Number(tensors.data[0]));
  if (c.format !== 'netx') return judged(net, sample, arrays);
  // what is rounded is not the reader's doing: the file's own meaning is what it must get right, to the bit
  const file = readFileSync(join(folder, 'files', filesOf(c), 'model.net'));
  return sameSpikes(await replayNetx(file, sample), arrays);
}

function asExpected(expected: Expected, { verdict, said }: Outcome): boolean {
  if (expected === 'equal') return verdict === 'equal';
  if ('wrong' in expected) return verdict === 'wrong';
  return verdict === 'refused' && said.includes(expected.refused);
}

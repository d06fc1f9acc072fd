import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatOf } from '../../src/exchange/formats.ts';
import { activityNpz, weightsNpz } from '../../src/exchange/numpy/index.ts';
import { type Simulation, simulate } from '../../src/exchange/simulate.ts';
import { saveModel } from '../../src/io/model.ts';
import { walk } from '../../src/layers/container.ts';
import { allCases, type Case, filesOf, type ToolName } from './cases.ts';
import { type TestNet, testNet } from './nets.ts';

/** A case whose files could not be made. */
export type Unwritten = Readonly<Record<string, string>>;

/**
 * Makes the files of all cases in `folder`, for the judges: `cases.json`, the samples with what our nets make of them, and
 * the nets in each format.
 *
 * @returns why an export failed, by the case's id
 * @throws when a net hardly fires or nearly always: a comparison would say nothing
 */
export async function make(folder: string, only: readonly ToolName[]): Promise<Unwritten> {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['samples', 'files', 'out', 'theirs']) mkdirSync(join(folder, name), { recursive: true });
  const cases = allCases().filter(({ tool }) => only.includes(tool));
  const nets = new Map([...new Set(cases.map(({ net }) => net))].map((name) => [name, testNet(name)]));
  for (const test of nets.values()) {
    const activity = await simulate(test.net, test.sample);
    checkRates(test, activity);
    writeFileSync(join(folder, 'samples', `${test.name}.npz`), await activityNpz(test.sample, activity));
    writeFileSync(join(folder, 'samples', `${test.name}.weights.npz`), await weightsNpz(test.net));
    writeFileSync(join(folder, 'samples', `${test.name}.json`), saveModel(test.net).json);
  }
  const written = new Map<string, Promise<string[]>>();
  const unwritten: Record<string, string> = {};
  const entries: object[] = [];
  for (const c of cases) {
    const { net } = nets.get(c.net)!;
    const key = filesOf(c);
    if (!written.has(key)) written.set(key, write(folder, key, net, c));
    try {
      const files = await written.get(key)!;
      const { id, tool, format, variant, how } = c;
      const [sample, expected] = [`samples/${c.net}.npz`, `samples/${c.net}.weights.npz`];
      entries.push({
        id,
        tool,
        net: c.net,
        title: nets.get(c.net)!.title,
        format,
        variant,
        how,
        sample,
        expected,
        files,
        recorded: recorded(net),
      });
    } catch (error) {
      unwritten[c.id] = (error as Error).message;
    }
  }
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(entries, null, 1));
  return unwritten;
}

async function write(folder: string, key: string, net: TestNet['net'], { format, options }: Case): Promise<string[]> {
  const { files, lost } = await formatOf(format).encode(net, 'model', options);
  // NetX rounds; its files are judged by what they say themselves
  if (lost.length && format !== 'netx') throw new Error(`the export is lossy: ${lost.join('; ')}`);
  mkdirSync(join(folder, 'files', key));
  return files.map(({ name, bytes }) => {
    writeFileSync(join(folder, 'files', key, name), bytes);
    return `files/${key}/${name}`;
  });
}

/** Which voltage each layer of neurons records, by its place: many tools have the one or the other. */
function recorded(net: TestNet['net']): Record<string, 'before' | 'after'> {
  const places = [...walk(net)].flatMap(([place, { config }]) => {
    const { record, semantics } = (config.options ?? {}) as { record?: string; semantics?: string };
    const after = record ? record === 'after reset' : semantics !== undefined && semantics !== 'snntorch';
    return [[place, after ? 'after' : 'before'] as const];
  });
  return Object.fromEntries(places);
}

function checkRates({ name }: TestNet, { layers }: Simulation): void {
  for (const { label, spikes } of layers) {
    if (!spikes) continue;
    const rate = spikes.reduce((a, b) => a + b, 0) / spikes.length;
    if (!(rate >= 0.01 && rate <= 0.4))
      throw new Error(
        `test net ${name}: layer ${label} fires at ${(100 * rate).toFixed(1)} % of the steps, expected 1 to 40`,
      );
  }
}

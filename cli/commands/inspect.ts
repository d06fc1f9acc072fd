import type { Inspected } from '../../src/exchange/index.ts';
import { parseFlags, UsageError } from '../args.ts';
import { loadLibrary } from '../library.ts';
import { isFile } from '../run-folder.ts';
import { table } from '../table.ts';
import { inWords } from '../words.ts';

export const summary = 'shows what is in a file: its graph, its parameters, and what each format would lose';

export const usage = `
Usage: spiketape inspect FILE [--json]

FILE: a saved net (.safetensors or .json), NIR, NetX, ONNX, a state_dict of snnTorch, .npy or .npz. What it is, its content says.

  --semantics NAME   nir: whose reading of the file is meant, as for import
  --json             prints one JSON object
`;

const OPTIONS = { json: { type: 'boolean' }, semantics: { type: 'string', value: 'NAME' } } as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, OPTIONS);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError(`inspect: expected one file, got ${positionals.length}: spiketape inspect net.nir`);
  if (!isFile(file)) throw new UsageError(`inspect: there is no file ${file}`);
  try {
    const library = await loadLibrary();
    const { semantics } = values;
    const found = await library.inspect(file, semantics === undefined ? {} : { options: { semantics } });
    process.stdout.write(values.json === true ? jsonOf(found) : textOf(found));
    return 0;
  } catch (error) {
    process.stderr.write(`${inWords(error).message}\n`);
    return 1;
  }
}

function jsonOf({ inspection, problem, verdicts }: Inspected): string {
  return `${JSON.stringify({ ...inspection, problem, formats: Object.fromEntries(verdicts) })}\n`;
}

function textOf({ inspection, problem, verdicts }: Inspected): string {
  const { format, facts, nodes } = inspection;
  const lines = [format, ...Object.entries(facts).map(([name, value]) => `  ${name}: ${value}`), ''];
  lines.push(
    ...table(
      ['name', 'type', 'shape', 'from', ''],
      nodes.map(({ name, type, shape, from, detail }) => [name, type, shape, from.join(' + '), detail]),
    ),
  );
  if (problem) lines.push('', `not a net that layers of ours compute: ${problem}`);
  if (verdicts.size) lines.push('', 'In which format it could be written:', '');
  for (const [name, { refused, lost, notes }] of verdicts) {
    const verdict = refused.length ? 'no' : lost.length ? 'not all of it' : 'yes';
    const said = [...refused, ...lost.map((line) => `lost: ${line}`), ...notes.map((line) => `note: ${line}`)];
    lines.push(`  ${name.padEnd(12)} ${verdict}`, ...said.map((line) => `      ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

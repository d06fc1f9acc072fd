import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { FormatName } from '../../src/exchange/index.ts';
import { type Parsed, parseFlags, UsageError } from '../args.ts';
import { type Library, loadLibrary } from '../library.ts';
import { isFile, isFolder } from '../run-folder.ts';
import { readSample } from '../sample.ts';
import { inWords } from '../words.ts';

type Net = Parameters<Library['simulate']>[0];

export const summary = 'writes a saved net for another tool, and checks that it fires the same spikes';

export const usage = `
Usage: spiketape export model.safetensors --to FORMAT [options]

  --to FORMAT            nir       NIR, for Norse, snnTorch, SpikingJelly, Rockpool, sinabs, Lava, ...
                         onnx      the forward pass, for onnxruntime and whatever runs ONNX
                         pytorch   a module in plain Python with its weights
                         snntorch  a state_dict with snnTorch's names as safetensors
                         netx      lava-dl's HDF5 for Loihi, in integers
                         json      structure and weights as one text;  npz: the weights alone;  safetensors: ours again
  --out FILE             default: beside the model, with the format's extension
  --force                writes over what is there
  --allow-lossy          writes the nearest thing where the format cannot say all of the net; what is lost is printed
  --no-verify            does not run the file that was written
  --sample FILE.npy      inputs [T, B, N] to run it on; default: random spikes under which the net fires
  --steps N              how many steps of those (200)
  --python COMMAND       pytorch: runs the module in this Python, which has torch, and compares

nir:       --gain unit|tau/dt (input gain in the weights, or as r), --recurrence nested|flat, --dt SECONDS (in the file),
           --precision float32|float64, --compose (AHP, ALIF and subtractive resets as compositions of primitives)
onnx:      --mode sequence|step, --states optional|required, --opset N, --record (spikes and voltages as outputs too),
           --double
netx:      --scale N (integer weight of a weight of 1; default 64)

Exit code: 0 written, and the same spikes; 1 it could not be written, or the spikes differ without --allow-lossy; 2 wrong usage.
`;

const OPTIONS = {
  to: { type: 'string', value: 'FORMAT' },
  out: { type: 'string', value: 'FILE' },
  force: { type: 'boolean' },
  'allow-lossy': { type: 'boolean' },
  'no-verify': { type: 'boolean' },
  sample: { type: 'string', value: 'FILE.npy' },
  steps: { type: 'string', value: 'N' },
  python: { type: 'string', value: 'COMMAND' },
  gain: { type: 'string', value: 'unit|tau/dt' },
  recurrence: { type: 'string', value: 'nested|flat' },
  dt: { type: 'string', value: 'SECONDS' },
  precision: { type: 'string', value: 'float32|float64' },
  compose: { type: 'boolean' },
  mode: { type: 'string', value: 'sequence|step' },
  states: { type: 'string', value: 'optional|required' },
  opset: { type: 'string', value: 'N' },
  record: { type: 'boolean' },
  double: { type: 'boolean' },
  scale: { type: 'string', value: 'N' },
} as const;

/** Which format takes which flag, and what the format calls it. */
const FLAGS: Readonly<Record<string, readonly [format: FormatName, option: string, number?: true]>> = {
  gain: ['nir', 'gain'],
  recurrence: ['nir', 'recurrence'],
  dt: ['nir', 'dt', true],
  precision: ['nir', 'precision'],
  compose: ['nir', 'compose'],
  mode: ['onnx', 'mode'],
  states: ['onnx', 'states'],
  opset: ['onnx', 'opset', true],
  record: ['onnx', 'record'],
  double: ['onnx', 'double'],
  scale: ['netx', 'weightScale', true],
};

/** What float32 makes of sums in another order, in large voltages of many inputs; relative to 1 + |v|. */
const ROUNDING = 1e-4;

/** More than that is kept in memory several times. */
const MOST_STEPS = 100_000;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, OPTIONS);
  const [model, ...more] = positionals;
  if (model === undefined || more.length > 0)
    throw new UsageError(
      `export: expected one saved net, got ${positionals.length}: spiketape export model.safetensors --to nir`,
    );
  if (!isFile(model)) throw new UsageError(`export: there is no file ${model}`);
  if (values.to === undefined) throw new UsageError('export: --to is missing; see spiketape export --help');
  const library = await loadLibrary();
  const format = values.to as FormatName;
  if (!library.formatNames.includes(format))
    throw new UsageError(`--to: expected ${library.formatNames.join(', ')}, got '${format}'`);
  const options = optionsOf(format, values);
  try {
    return await write(library, model, format, options, values);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    process.stderr.write(`${inFlags(inWords(error).message)}\n`);
    return 1;
  }
}

async function write(
  library: Library,
  model: string,
  format: FormatName,
  options: Record<string, unknown>,
  values: Parsed['values'],
): Promise<number> {
  const { net, notes: assumed } = await library.load(model);
  for (const note of assumed) say(note);
  checkOptions(library, net, format, options);
  const out = outOf(model, format, library.formats[format].extension, values.out as string | undefined);
  const sample = await sampleOf(library, net, values);
  const allowLossy = values['allow-lossy'] === true;
  const { files, lost, notes } = await library.exportNet(net, format, {
    name: library.stemOf(out),
    allowLossy,
    options,
  });
  const written = library.placed(out, files);
  const beside = format === 'pytorch' && sample ? [out.replace(/\.py$/, '.sample.npz')] : [];
  const there = [...written.map(({ name }) => name), ...beside].filter((path) => existsSync(path));
  if (there.length && values.force !== true)
    throw new UsageError(
      `export: ${there.join(' and ')} is there already; --force writes over it, --out names another`,
    );
  for (const line of lost) say(inFlags(`lost: ${line}`));
  for (const line of notes) say(inFlags(`note: ${line}`));
  await library.writeFiles(written);
  for (const { name, bytes } of written) say(`${name}  ${bytes.length} bytes`);
  if (!sample) return 0;
  const result = await library.verify(net, format, files, sample);
  if (!result) return inPython(library, net, sample, out, beside[0]!, values.python as string | undefined);
  say(library.comparisonText(result, sample));
  const off = Math.max(result.output, result.voltage ?? 0);
  if (result.distance < library.NEAR && off < ROUNDING) return 0;
  const what = result.distance < library.NEAR ? 'the voltages or outputs' : 'the spikes';
  say(lost.length ? `${what} differ, as something was lost` : `${what} differ`);
  return lost.length && allowLossy ? 0 : 1;
}

/** What the files are compared on; null for nothing. */
async function sampleOf(
  library: Library,
  net: Net,
  values: Parsed['values'],
): Promise<Awaited<ReturnType<Library['makeSample']>> | null> {
  const unwanted = (['sample', 'steps', 'python'] as const).find((flag) => values[flag] !== undefined);
  if (values['no-verify'] === true) {
    if (unwanted) throw new UsageError(`--${unwanted}: nothing is run with --no-verify`);
    return null;
  }
  if (values.sample === undefined) return library.makeSample(net, { T: positive(values.steps, 200) });
  if (values.steps !== undefined) throw new UsageError('--steps: the file of --sample has steps of its own');
  const sample = await readSample(library, values.sample as string);
  try {
    library.checkSample('--sample', net, sample);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return sample;
}

/** @throws UsageError for what the format does not know, before anything else is done */
function checkOptions(library: Library, net: Net, format: FormatName, options: Record<string, unknown>): void {
  try {
    library.formats[format].check(net, options);
  } catch (error) {
    throw new UsageError(inFlags((error as Error).message));
  }
}

/** The file that the export is about, as it was asked for. */
function outOf(model: string, format: FormatName, extension: string, given: string | undefined): string {
  if (given === undefined) return defaultOut(model, format, extension);
  if (/[/\\]$/.test(given) || /^\.{1,2}$/.test(basename(given)) || isFolder(given))
    throw new UsageError(`--out: expected a file, got the folder ${given}`);
  if (format === 'pytorch' && !given.endsWith('.py')) throw new UsageError(`--out: a module of Python must end in .py`);
  return given;
}

/** The sample and what the net does on it, beside the module; and the module's own comparison where there is a Python. */
async function inPython(
  library: Library,
  net: Net,
  sample: Parameters<Library['simulate']>[1],
  module: string,
  beside: string,
  python: string | undefined,
): Promise<number> {
  const bytes = await library.activityNpz(sample, await library.simulate(net, sample));
  await library.writeFiles([{ name: beside, bytes }]);
  say(`${beside}  ${bytes.length} bytes: inputs, and what the net makes of them`);
  if (python === undefined) {
    say(`not run here; to compare: python ${module} --check ${beside}`);
    return 0;
  }
  const { status, error } = spawnSync(python, [resolve(module), '--check', resolve(beside)], { stdio: 'inherit' });
  if (error) throw new UsageError(`--python: ${python} could not be started: ${error.message}`);
  return status === 0 ? 0 : 1;
}

/** The library's names of options as the command's. */
const inFlags = (text: string): string =>
  text
    .replace(/\ballowLossy\b/g, '--allow-lossy')
    .replace(/\(option (\w+)\)/g, '(--$1)')
    .replace(/\b(mode|states) '(\w+)'/g, '--$1 $2');

/** What belongs to the format; a flag of another one is an error, not silence. */
function optionsOf(format: FormatName, values: Parsed['values']): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [flag, [of, option, number]] of Object.entries(FLAGS)) {
    const value = values[flag];
    if (value === undefined) continue;
    if (of !== format) throw new UsageError(`--${flag}: belongs to --to ${of}, not to ${format}`);
    options[option] = number ? Number(value) : value;
    if (number && !Number.isFinite(options[option]))
      throw new UsageError(`--${flag}: expected a number, got '${value}'`);
  }
  if (values.python !== undefined && format !== 'pytorch')
    throw new UsageError(`--python: belongs to --to pytorch, not to ${format}`);
  return options;
}

function positive(value: string | boolean | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const n = Number(value);
  if (!(Number.isInteger(n) && n > 0 && n <= MOST_STEPS))
    throw new UsageError(`--steps: expected a whole number in 1 .. ${MOST_STEPS}, got '${value}'`);
  return n;
}

function defaultOut(model: string, format: FormatName, extension: string): string {
  const stem = basename(model).replace(/\.[^.]+$/, '');
  // beside ours, whose extensions they have
  const apart: Partial<Record<FormatName, string>> = { snntorch: '_snntorch', json: '_values', safetensors: '_copy' };
  return join(dirname(model), `${stem}${apart[format] ?? ''}${extension}`);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseFlags, UsageError } from '../args.ts';
import { loadLibrary } from '../library.ts';
import { isFile } from '../run-folder.ts';
import { inWords } from '../words.ts';

export const summary = "reads another tool's net: NIR, snnTorch, NetX";

export const usage = `
Usage: spiketape import FILE [options]

Reads NIR, NetX (HDF5) or a state_dict of snnTorch (safetensors), tells what it had to assume, and writes
model.safetensors and model.json.

  --semantics NAME   nir: whose reading of the file is meant: nir (default), norse, snntorch, spikingjelly, sinabs, spyx, ...
  --dt SECONDS       nir: the time step; default: as the file or the framework says
  --order TEXT       snntorch: the modules in order, where names and widths leave it open, and those that have no parameters:
                     'conv1, AvgPool2d(size=2), lif1(reset_delay=False), Flatten, fc1, lif2(output=mem)'
  --reset-delay BOOL snntorch: whether the net was built with reset_delay (default true), which its file does not say
  --diagonal WHAT    snntorch: what to do with connections from a neuron to itself: refuse (default) or drop
  --out FILE         default: FILE's name with .safetensors in the present folder
  --force            writes over what is there

Exit code: 0 written, 1 the file cannot be read or is no net that layers of ours compute, 2 wrong usage.
`;

const OPTIONS = {
  semantics: { type: 'string', value: 'NAME' },
  dt: { type: 'string', value: 'SECONDS' },
  order: { type: 'string', value: 'A,B' },
  'reset-delay': { type: 'string', value: 'true|false' },
  diagonal: { type: 'string', value: 'refuse|drop' },
  out: { type: 'string', value: 'FILE' },
  force: { type: 'boolean' },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(argv, OPTIONS);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError(`import: expected one file, got ${positionals.length}: spiketape import net.nir`);
  if (!isFile(file)) throw new UsageError(`import: there is no file ${file}`);
  const { semantics, order, diagonal, 'reset-delay': late } = values;
  const dt = values.dt === undefined ? undefined : Number(values.dt);
  if (dt !== undefined && !(dt > 0 && Number.isFinite(dt)))
    throw new UsageError(`--dt: expected seconds above 0, got '${values.dt}'`);
  if (late !== undefined && late !== 'true' && late !== 'false')
    throw new UsageError(`--reset-delay: expected true or false, got '${late}'`);
  const options = Object.fromEntries(
    Object.entries({
      semantics,
      dt,
      order,
      diagonal,
      resetDelay: late === undefined ? undefined : late === 'true',
    }).filter(([, value]) => value !== undefined),
  );
  const stem = stemFor(file, values.out as string | undefined);
  const paths = [`${stem}.safetensors`, `${stem}.json`];
  const there = paths.filter((path) => existsSync(path));
  if (there.length && values.force !== true)
    throw new UsageError(
      `import: ${there.join(' and ')} is there already; --force writes over it, --out names another`,
    );
  try {
    const library = await loadLibrary();
    const { net, notes } = await library.load(file, { options });
    const { files } = await library.exportNet(net, 'safetensors', { name: basename(stem) });
    await library.writeFiles(files.map(({ bytes }, i) => ({ name: paths[i]!, bytes })));
    process.stdout.write(`${net.summary()}\n`);
    for (const note of notes) process.stdout.write(`note: ${note}\n`);
    for (const path of paths) process.stdout.write(`${join(dirname(path), basename(path))}\n`);
    return 0;
  } catch (error) {
    const text = inWords(error).message.replace(/\{ order: '([^']*)' \}/g, "--order '$1'");
    process.stderr.write(`${text}\n`);
    return 1;
  }
}

/** What the two files are called, without their extensions; never what is read. */
function stemFor(file: string, out: string | undefined): string {
  if (out !== undefined) {
    if (/\.safetensors$/.test(out)) {
      if (resolve(out) === resolve(file)) throw new UsageError(`--out: ${out} is the file that is read`);
      return out.replace(/\.safetensors$/, '');
    }
    if (/\.\w+$/.test(basename(out)) || /[/\\]$/.test(out))
      throw new UsageError(`--out: expected a file that ends in .safetensors, got ${out}`);
    return out;
  }
  const own = basename(file).replace(/\.[^.]+$/, '');
  return resolve(`${own}.safetensors`) === resolve(file) ? `${own}_imported` : own;
}

/** What the folder of `npm run bench:pack` runs: the benchmark in a Node process by itself, without the command line. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Host, type Progress, UsageError } from 'spiketape/host';
import { installDawn } from '../cli/dawn.ts';
import { HOST_KEY } from '../src/host/current.ts';

const USAGE = `Usage: run.sh [options]

Runs the benchmark on Dawn (Vulkan) and writes bench.json into the current folder.

  --only A,S        cases whose names begin so; --case NAME for one
  --cuda            beside Python frameworks on the same card, those that python3 has
  --peers torch,jax these alone, with --cuda; --python PATH; --device cpu compares what they come to, where there is no card
  --minutes N       after so many nothing new begins
  --out FILE        in place of bench.json
`;

/** Of the arguments, what is not for the benchmark itself. */
function split(given: readonly string[]): { cuda: boolean; out: string; args: string[] } {
  const args = given.filter((arg) => arg !== '--cuda');
  const at = args.findIndex((arg) => arg === '--out' || arg.startsWith('--out='));
  let out = 'bench.json';
  if (at >= 0) {
    const [arg, next] = args.splice(at, args[at] === '--out' ? 2 : 1);
    out = arg === '--out' ? (next ?? '') : arg!.slice('--out='.length);
    if (out === '') throw new UsageError('--out: needs a value, and none came');
  }
  return { cuda: args.length < given.length && given.includes('--cuda'), out: resolve(out), args };
}

/** Of `Host` what the benchmark uses: arguments, a file written as a whole, progress as lines. */
function hostOf(args: readonly string[], folder: string): Host {
  const none = (): never => {
    throw new Error('there is no data folder here');
  };
  let told = '';
  return {
    args,
    runtime: 'node',
    task: 'train',
    part: 'test',
    resume: false,
    signal: new AbortController().signal,
    dataDir: null,
    progress({ label = '' }: Progress) {
      if (label !== told) console.error(label);
      told = label;
    },
    async save(path, content) {
      if (typeof content !== 'string') throw new Error(`save '${path}': only text is written here`);
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.part`, content);
      await rename(`${file}.part`, file);
    },
    append: none,
    readData: none,
    statData: none,
    listData: none,
    files: none,
    hasData: async () => false,
    download: none,
    describe: async () => {},
    output: { list: none, size: none, read: none, write: none, remove: none },
    run: { list: none, size: none, read: none },
  };
}

class NoAdapter extends Error {}

async function main(given: readonly string[]): Promise<void> {
  if (given.includes('--help')) {
    console.log(USAGE);
    return;
  }
  const { cuda, out, args } = split(given);
  const peers = process.env.SPIKETAPE_PEERS;
  const own = cuda && peers ? ['--scripts', peers] : [];
  const host = hostOf([...args, ...own, '--file', basename(out)], dirname(out));
  Object.defineProperty(globalThis, HOST_KEY, { value: host });
  await installDawn();
  if (!(await navigator.gpu.requestAdapter()))
    throw new NoAdapter(
      'no Vulkan driver here gives an adapter; VK_DRIVER_FILES can name the file that describes one, such as nvidia_icd.json',
    );
  await (cuda ? import('./python.ts') : import('./alone.ts'));
  console.log(`written: ${out}`);
}

try {
  await main(process.argv.slice(2));
  // Dawn's own way out is not always a clean one
  process.exit(0);
} catch (error) {
  console.error(error instanceof UsageError || error instanceof NoAdapter ? error.message : error);
  process.exit(error instanceof UsageError ? 2 : 1);
}

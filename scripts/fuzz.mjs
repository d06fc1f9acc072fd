// `npm run fuzz`: gives every reader of files damaged and hostile ones, and fails when one is neither read nor refused with an
// error that names the place, in time and within its bound of memory.
//   --files 100000   mutants per reader (10000)
//   --reader A,B     these readers alone; `--list` names them
//   --seed 1         other mutants; --from N begins with mutant N of them
//   --minutes N      ends each reader's campaign after so long
//   --jobs N         processes that share a reader's mutants (1); what they find is the same
//   --keep DIR       where mutants that failed are kept (runs/fuzz)
//   --file FILE      reads one file with the one reader that is named
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './setup.mjs';
import { workerImports } from './worker-import.mjs';

/** Megabytes of the heap of JavaScript: what a reader takes beyond it ends the process, which is a failure. */
const HEAP = 512;
/** Seconds for one mutant, after which it hangs. */
const HANGS = 40;

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '10000' },
    reader: { type: 'string' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    minutes: { type: 'string', default: 'Infinity' },
    jobs: { type: 'string', default: '1' },
    keep: { type: 'string', default: path.join(root, 'runs', 'fuzz') },
    file: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

// beneath the packages, which the bundle imports by name
const cache = path.join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, 'spiketape-fuzz-'));
const scratch = mkdtempSync(path.join(tmpdir(), 'spiketape-fuzz-'));
const program = path.join(folder, 'fuzz.mjs');
let failed = false;
try {
  const loader = { '.wgsl': 'text', '.gz': 'binary' };
  await build({
    entryPoints: [path.join(root, 'test', 'fuzz', 'main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    loader,
    plugins: [workerImports({ loader: { '.wgsl': 'text' } })],
  });
  mkdirSync(values.keep, { recursive: true });
  if (values.list) await child(['--list']);
  else if (values.file) failed = (await child(['--reader', values.reader ?? '', '--file', values.file])).code !== 0;
  else {
    const names = values.reader?.split(',') ?? (await child(['--list'], true)).output.trim().split('\n');
    for (const name of names) failed = !(await shared(name)) || failed;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

/** Runs a reader's campaign in as many processes as are asked for, each with a range of mutants of its own. */
async function shared(reader) {
  const [from, files, jobs] = [Number(values.from), Number(values.files), Number(values.jobs)];
  const ends = Array.from({ length: jobs + 1 }, (_, i) => from + Math.round((i * files) / jobs));
  const results = await Promise.all(ends.slice(1).map((end, i) => survives(reader, ends[i], end)));
  return results.every(Boolean);
}

/** Runs one process's campaign to its end, past mutants that end the process or never end. */
async function survives(reader, first, last) {
  const until = performance.now() + Number(values.minutes) * 60_000;
  let good = true;
  let deaths = 0;
  for (let from = first; from < last; ) {
    const state = path.join(scratch, `${reader}-${first}`);
    const seconds = Math.max(0, (until - performance.now()) / 1000);
    const args = ['--reader', reader, '--seed', values.seed, '--keep', values.keep, '--state', state];
    const { code, hung, done } = await child(
      [...args, '--from', `${from}`, '--files', `${last - from}`, '--seconds', `${seconds}`],
      false,
      state,
    );
    good = good && code === 0;
    if (done) return good;
    const at = indexIn(state);
    if (at === undefined || ++deaths > 5) return false;
    console.log(`FAILED ${reader}: mutant ${at} ${hung ? `hangs for ${HANGS} s` : `ended the process (${code})`}`);
    await child(['--reader', reader, '--seed', values.seed, '--keep', values.keep, '--write', `${at}`]);
    console.log(`  npm run fuzz -- --reader ${reader} --seed ${values.seed} --from ${at} --files 1`);
    from = at + 1;
  }
  return good;
}

/** @returns {number | undefined} the mutant at work */
function indexIn(state) {
  try {
    return readFileSync(state).readDoubleBE(0);
  } catch {
    return undefined;
  }
}

/** @returns {Promise<{ code: number | string, hung: boolean, done: boolean, output: string }>} */
function child(args, quiet = false, state = '') {
  return new Promise((resolve) => {
    const flags = [`--max-old-space-size=${HEAP}`, '--enable-source-maps'];
    const process_ = spawn(process.execPath, [...flags, program, ...args], {
      cwd: root,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit', 'ipc'],
    });
    let [output, done, hung] = ['', false, false];
    process_.stdout?.on('data', (piece) => {
      output += piece;
    });
    process_.on('message', () => {
      done = true;
    });
    let [seen, since] = [indexIn(state), performance.now()];
    const watch = setInterval(() => {
      const at = indexIn(state);
      if (at !== seen || at === undefined) [seen, since] = [at, performance.now()];
      if (performance.now() - since < HANGS * 1000) return;
      hung = true;
      process_.kill('SIGKILL');
    }, 500);
    process_.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ code: code ?? signal ?? 'unknown', hung, done, output });
    });
  });
}

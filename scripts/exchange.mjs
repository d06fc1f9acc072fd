// `npm run test:exchange`: other tools read what we export, and we what they write; the same spikes on both sides. Makes a
// virtual environment of Python in .cache/exchange, the test nets in every format, asks each tool what it makes of them, and
// compares. Needs Python 3.11 or newer with venv and pip, no GPU.
//   --without-torch    only the judges that need no PyTorch, which brings 5.9 GB
//   --system-torch     the generated modules alone, on the PyTorch that the interpreter has already (Debian: python3-torch)
//   --only nir,norse   these judges
//   --python FILE      the interpreter that makes the environment (python3)
//   --use FOLDER       an environment that is there already, as it is
//   --write            puts the table into docs/exchange.md; otherwise what is there must be true
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root, setup } from './setup.mjs';

const { values } = parseArgs({
  options: {
    'without-torch': { type: 'boolean', default: false },
    'system-torch': { type: 'boolean', default: false },
    only: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    use: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const cache = path.join(root, '.cache', 'exchange');
const source = path.join(root, 'test', 'exchange');
const folder = path.join(cache, 'run');
const page = path.join(root, 'docs', 'exchange.md');

await setup({ browser: false });
const { judge, make, notAsWritten, section, toolNames, tools, verdictOf, writeTable } = await bundled();
const only = chosen();
const python = values.use ? interpreter(path.resolve(values.use)) : await environment();
const unwritten = await timed('nets and files', () => make(folder, only));
const scripts = [...new Set(only.map((tool) => tools[tool].script))];
const broken = [];
for (const script of scripts) {
  const { code, output } = await timed(script, () => run(python, [path.join(source, script), folder]));
  if (code !== 0) {
    broken.push(script);
    console.log(output.trimEnd());
    console.log(`${script} ended with exit code ${code}`);
  }
}
const rows = await timed('comparison', () => judge(folder, only, unwritten));

const made = new Map();
const untrue = [];
for (const tool of only) {
  if (broken.includes(tools[tool].script)) continue;
  const own = rows.filter((row) => row.tool === tool);
  made.set(tool, section(tool, own, versions(tool)));
  console.log(`\n${made.get(tool)}`);
  if (!values.write) untrue.push(...notAsWritten(page, tool, made.get(tool)).map((row) => `${tool}: ${row}`));
}
const failed = rows.filter((row) => !row.passed && !broken.includes(tools[row.tool].script));
console.log('');
for (const { tool, way, title, how, ...row } of failed)
  console.log(`FAILED ${tool}: ${way === 'out' ? 'to' : 'from'} it, ${title}, ${how}: ${verdictOf(row)}`);
for (const script of broken) console.log(`FAILED ${script}: its messages are above`);
if (untrue.length > 0) console.log(`FAILED docs/exchange.md has not these rows (--write puts them there):`);
for (const row of untrue) console.log(`  ${row}`);
const failures = failed.length + broken.length + untrue.length;
if (values.write && failures === 0) writeTable(page, made);
console.log(`${rows.filter((row) => row.passed).length} passed, ${failures} failed`);
process.exit(failures > 0 ? 1 : 0);

function chosen() {
  if (values['system-torch']) return ['pytorch'];
  const light = values['without-torch'];
  const names = values.only ? values.only.split(',') : toolNames.filter((name) => !(light && tools[name].torch));
  const unknown = names.find((name) => !toolNames.includes(name));
  if (unknown !== undefined) fail(`unknown judge '${unknown}'; there are ${toolNames.join(', ')}`);
  return toolNames.filter((name) => names.includes(name));
}

/** The TypeScript of test/exchange as one module. */
async function bundled() {
  const { build } = await import('esbuild');
  const { nodeOnDemand, workerImports } = await import('./worker-import.mjs');
  const loader = { '.wgsl': 'text', '.gz': 'binary' };
  const outfile = path.join(cache, `main-${process.pid}.mjs`);
  await build({
    entryPoints: [path.join(source, 'main.ts')],
    bundle: true,
    outfile,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader,
    plugins: [nodeOnDemand, workerImports({ loader })],
    logLevel: 'error',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile);
  }
}

/** The interpreter of an environment with what the requirement files name; one that is there already is used again. */
async function environment() {
  const system = values['system-torch'];
  const kind = system ? 'system' : only.some((tool) => tools[tool].torch) ? 'torch' : 'light';
  const files = {
    light: ['requirements'],
    torch: ['requirements', 'requirements-torch'],
    system: ['requirements-system'],
  };
  const lists = files[kind].map((name) => path.join(source, `${name}.txt`));
  const wanted = [values.python, ...lists.map((file) => readFileSync(file, 'utf8'))].join();
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const venv = path.join(cache, `venv-${kind}-${hash}`);
  const complete = path.join(venv, '.complete');
  if (existsSync(complete)) return interpreter(venv);
  mkdirSync(cache, { recursive: true });
  const found = await run(values.python, ['--version']);
  if (found.code !== 0) fail(`needs Python 3.11 or newer, and ${found.output.trim()} (--python FILE names another)`);
  for (const old of readdirSync(cache))
    if (old.startsWith(`venv-${kind}`)) rmSync(path.join(cache, old), { recursive: true });
  const make = await run(values.python, ['-m', 'venv', ...(system ? ['--system-site-packages'] : []), venv]);
  if (make.code !== 0)
    fail(`${values.python} -m venv failed; Debian has it in the package python3-venv. It said:\n${make.output.trim()}`);
  const options = ['-q', '--disable-pip-version-check', ...lists.flatMap((file) => ['-r', file])];
  const install = await timed(`pip install ${files[kind].map((name) => `-r ${name}.txt`).join(' ')}`, () =>
    run(interpreter(venv), ['-m', 'pip', 'install', ...options]),
  );
  if (install.code !== 0) fail(`pip failed; it said:\n${install.output.trim()}`);
  writeFileSync(complete, '');
  return interpreter(venv);
}

function interpreter(venv) {
  return process.platform === 'win32' ? path.join(venv, 'Scripts', 'python.exe') : path.join(venv, 'bin', 'python');
}

/**
 * One thread: the steps are small, and threads that wait for each other take many times as long on a busy machine.
 *
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' },
    });
    const parts = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part));
    child.on('error', (error) => resolve({ code: 127, output: `${command} cannot be started: ${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(parts).toString() }));
  });
}

function versions(tool) {
  const file = path.join(folder, 'out', `versions.${tool}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

async function timed(what, work) {
  const from = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

function fail(message) {
  console.error(`test:exchange: ${message}`);
  process.exit(2);
}

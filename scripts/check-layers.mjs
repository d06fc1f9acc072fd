// Imports point one way: from the public surface down to the device. Each folder of src/ is a room; the table says which
// other rooms its files may import. Files directly in src/ are the public surface and may import every room.
// Type-only imports count: a room that needs another's types depends on it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/** Room -> rooms it may import besides itself. Lowest first; keep it that way, so that a cycle is visible at a glance. */
export const allowed = {
  neurons: [],
  report: [],
  host: [],
  kernels: ['neurons'],
  device: ['kernels'],
  gpu: ['kernels', 'device'],
  reference: ['neurons', 'kernels', 'device'],
  autograd: ['neurons', 'kernels', 'device'],
  encoders: ['neurons', 'kernels', 'device', 'autograd'],
  loss: ['neurons', 'kernels', 'device', 'autograd'],
  layers: ['neurons', 'kernels', 'device', 'autograd', 'encoders'],
  optim: ['neurons', 'kernels', 'device', 'autograd'],
  gated: ['neurons', 'kernels', 'device', 'autograd', 'layers'],
  io: ['neurons', 'autograd', 'layers'],
  diagnose: ['neurons', 'kernels', 'device', 'autograd', 'loss', 'layers'],
  train: ['neurons', 'kernels', 'device', 'autograd', 'loss', 'layers', 'optim', 'diagnose'],
  runs: ['neurons', 'device', 'autograd', 'loss', 'layers', 'optim', 'io', 'train'],
  cost: ['neurons', 'kernels', 'device', 'autograd', 'layers', 'train'],
  profile: ['kernels', 'device', 'gpu', 'autograd'],
  tune: ['kernels', 'device', 'autograd', 'loss', 'layers'],
  check: ['neurons', 'kernels', 'device', 'gpu', 'reference', 'autograd', 'loss', 'layers'],
  exchange: ['neurons', 'kernels', 'device', 'reference', 'autograd', 'layers', 'gated', 'io', 'check'],
};

/** What the benchmark may import of src/ besides the public entries, which it has by their names: it measures what users have. */
const forBench = ['neurons/nearest.ts', 'io/safetensors.ts', 'host/current.ts'];

/** Packages that the core may import: they end up in the bundle, so the list is short on purpose. */
const packages = ['seedrandom'];

/** Packages of rooms that are bundles of their own. */
const roomPackages = { exchange: ['h5wasm', '@zip.js/zip.js'] };

/**
 * Every import of `root`/src that the table does not allow, as readable lines.
 * @param {string} root the repository's root
 * @param {Record<string, string[]>} table rooms and what they may import
 * @returns {string[]}
 */
export function violations(root, table = allowed) {
  const src = join(root, 'src');
  const found = [];
  for (const [index, room] of Object.keys(table).entries()) {
    for (const target of table[room]) {
      const at = Object.keys(table).indexOf(target);
      if (at < 0) found.push(`table: ${room} may import ${target}, which is no room`);
      else if (at >= index) found.push(`table: ${room} may import ${target}, which stands above it`);
    }
  }
  for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const from = roomOf(src, file);
    if (from !== '' && !(from in table)) {
      found.push(`${relative(root, file)}: the room ${from} is not in the table of scripts/check-layers.mjs`);
      continue;
    }
    const info = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
    for (const { fileName } of info.importedFiles) {
      const problem = judge(root, src, file, from, fileName, table);
      if (problem) found.push(`${relative(root, file)}: imports ${fileName}: ${problem}`);
    }
  }
  return [...found, ...benchViolations(root, src)];
}

/** Imports of the benchmark that go deeper into src/ than a user can. */
function benchViolations(root, src) {
  const bench = join(root, 'bench');
  if (!existsSync(bench)) return [];
  const files = [bench, join(bench, 'peers')].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      ts
        .preProcessFile(readFileSync(file, 'utf8'), true, true)
        .importedFiles.map(({ fileName }) => fileName)
        .filter((name) => name.startsWith('.') && resolve(dirname(file), name).startsWith(src + sep))
        .filter((name) => !forBench.some((known) => resolve(dirname(file), name) === join(src, known)))
        .map(
          (name) => `${relative(root, file)}: imports ${name}: the benchmark imports spiketape by its public entries`,
        ),
    );
}

function judge(root, src, file, from, imported, table) {
  // the text of a module is that module
  const specifier = imported.replace(/^worker:/, '');
  if (!specifier.startsWith('.')) {
    const own = [...packages, ...(roomPackages[from] ?? [])];
    const known = own.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return known ? '' : `only ${own.join(', ')} may be imported by ${roomPackages[from] ? from : 'the core'}`;
  }
  const target = resolve(dirname(file), specifier);
  if (target.startsWith(join(root, 'shaders') + sep)) {
    return from === 'kernels' ? '' : 'only src/kernels imports shaders';
  }
  if (!target.startsWith(src + sep)) return 'src/ imports nothing outside itself but shaders/';
  const to = roomOf(src, target);
  if (from === '' || from === to) return '';
  if (to === '') return 'a room does not import the public surface';
  return table[from].includes(to) ? '' : `${from} may import only ${table[from].join(', ') || 'nothing'}`;
}

/** The folder under src/ that holds `file`, or '' for files directly in src/. */
function roomOf(src, file) {
  const parts = relative(src, file).split(sep);
  return parts.length > 1 ? parts[0] : '';
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const found = violations(root);
  for (const line of found) console.error(line);
  if (found.length > 0) {
    console.error(`${found.length} imports point the wrong way; the table is in scripts/check-layers.mjs`);
    process.exit(1);
  }
  console.log('imports point one way');
}

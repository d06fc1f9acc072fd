// `npm run recipes:quick`: runs recipes with --quick, one after the other, and fails when one does not reach what it must.
// Needs no data: images are the digits that come with the package, the text is this repository's own documentation.
// `-- NAME ...` chooses recipes; `-- --runtime node` runs them on Dawn; `-- --data DIR` takes real data instead, of all five.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root, run, setup } from './setup.mjs';

/** What each must reach, far above chance (a tenth; the most frequent character is a space, and log2 of the symbols is 6.5). */
const FLOORS = {
  smnist: { field: 'testAccuracy', least: 0.5 },
  voltage: { field: 'testAccuracy', least: 0.4 },
  text: { field: 'bitsPerCharacter', most: 4.2 },
  // these need their data
  speech: { field: 'testAccuracy', least: 0.8, data: true },
  babi: { field: 'testAccuracy', least: 0.6, data: true },
};

const { values, positionals } = parseArgs({
  options: { runtime: { type: 'string', default: 'chrome' }, data: { type: 'string' } },
  allowPositionals: true,
});
const names =
  positionals.length > 0 ? positionals : Object.keys(FLOORS).filter((name) => values.data || !FLOORS[name].data);
const unknown = names.find((name) => !Object.hasOwn(FLOORS, name));
if (unknown !== undefined) {
  console.error(`recipes:quick: unknown recipe '${unknown}'; there are ${Object.keys(FLOORS).join(', ')}`);
  process.exit(2);
}
await setup();
const folder = mkdtempSync(path.join(tmpdir(), 'spiketape-recipes-'));
let failed = 0;
try {
  const data = values.data ? path.resolve(values.data) : madeData();
  for (const name of names) failed += (await one(name, data)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`recipes: ${names.length - failed} of ${names.length} reached what they must`);
process.exitCode = failed > 0 ? 1 : 0;

/** A data folder with what the repository has. */
function madeData() {
  const data = path.join(folder, 'data');
  mkdirSync(path.join(data, 'text'), { recursive: true });
  const docs = path.join(root, 'docs');
  const pages = readdirSync(docs).filter((name) => name.endsWith('.md'));
  const text = pages.sort().map((name) => readFileSync(path.join(docs, name), 'utf8'));
  writeFileSync(path.join(data, 'text', 'docs.txt'), text.join('\n'));
  return data;
}

/** @returns {Promise<boolean>} whether it ran and reached its floor */
async function one(name, data) {
  const out = path.join(folder, name);
  const began = performance.now();
  const tool = path.join(root, 'bin', 'spiketape.mjs');
  const script = path.join(root, 'recipes', `${name}.ts`);
  const options = ['--runtime', values.runtime, '--out', out, '--data', data];
  const code = await run(process.execPath, [tool, 'run', script, ...options, '--', '--quick']);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  if (code !== 0) {
    console.error(`recipes: ${name} ended with exit code ${code} after ${seconds} s`);
    return false;
  }
  const { field, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = FLOORS[name];
  const summary = JSON.parse(readFileSync(path.join(out, 'summary.json'), 'utf8'));
  // of several nets the best
  const reached = summary.runs ? Math.max(...Object.values(summary.runs).map((run) => run[field])) : summary[field];
  const good = reached >= least && reached <= most;
  const must = Number.isFinite(least) ? `at least ${least}` : `at most ${most}`;
  console.log(`recipes: ${name}: ${field} ${reached}, must be ${must}: ${good ? 'ok' : 'NOT REACHED'}, ${seconds} s`);
  return good;
}

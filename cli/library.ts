import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleText } from './bundle.ts';
import { thisPackage } from './package.ts';

/** What the commands that need no adapter have of the library: its public entries, as a user has them. */
export type Library = typeof import('../src/index.ts') & typeof import('../src/exchange/index.ts');

const CODE = "export * from 'spiketape'; export * from 'spiketape/exchange'; export * from 'spiketape/gated';";

/** The library in this process: from the package as built, in the repository from its sources. */
export async function loadLibrary(): Promise<Library> {
  const { root } = thisPackage();
  if (!existsSync(join(root, 'cli', 'main.ts'))) {
    const entries = ['index', 'exchange', 'gated'].map((name) => pathToFileURL(join(root, 'dist', `${name}.js`)).href);
    return Object.assign({}, ...(await Promise.all(entries.map((entry) => import(entry))))) as Library;
  }
  const folder = join(root, 'node_modules', '.cache', 'spiketape');
  const file = join(folder, `library-${stateOf(root)}.mjs`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    for (const old of readdirSync(folder)) if (old.startsWith('library-')) removeIfOld(join(folder, old));
    // renamed into place: another process may be importing the same file at this moment
    writeFileSync(`${file}.${process.pid}`, (await bundleText(CODE, 'node')).code);
    renameSync(`${file}.${process.pid}`, file);
  }
  return (await import(pathToFileURL(file).href)) as Library;
}

/** A name for the sources as they are: bundling them takes longer than most commands. */
function stateOf(root: string): string {
  const hash = createHash('sha256');
  for (const folder of ['src', 'shaders', 'cli', 'scripts']) {
    for (const name of readdirSync(join(root, folder), { recursive: true }).sort()) {
      const { mtimeMs, size } = statSync(join(root, folder, String(name)));
      hash.update(`${folder}/${name} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

const OLD_MS = 3_600_000;

function removeIfOld(file: string): void {
  // another process may have removed it
  const age = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (age !== undefined && Date.now() - age > OLD_MS) rmSync(file, { force: true });
}

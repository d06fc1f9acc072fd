import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
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
  const { code } = await bundleText(CODE, 'node');
  const folder = join(root, 'node_modules', '.cache', 'spiketape');
  const file = join(folder, `library-${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) {
    // renamed into place: another process may be importing the same file at this moment
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
  }
  return (await import(pathToFileURL(file).href)) as Library;
}

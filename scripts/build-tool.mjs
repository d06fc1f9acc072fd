import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const OLD_MS = 3_600_000;

/** Bundles the tool's sources into `folder`; the file's path. Its name follows its content: two builds never clash. */
export async function buildTool(source, folder) {
  const result = await build({
    entryPoints: [source],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // The core's own dependencies are bundled, so that the tool loads them only with the command that needs them.
    external: ['esbuild', 'puppeteer-core', 'source-map-js', 'webgpu'],
    loader: { '.wgsl': 'text', '.gz': 'binary' },
    sourcemap: 'inline',
    logLevel: 'error',
  });
  const { contents } = result.outputFiles[0];
  const name = `cli-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.mjs`;
  const file = join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (existsSync(file)) return file;
  for (const old of readdirSync(folder)) if (old.startsWith('cli-')) removeIfOld(join(folder, old));
  // Renamed into place: another process may be importing the same file at this moment.
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, file);
  return file;
}

function removeIfOld(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > OLD_MS) rmSync(file, { force: true });
  } catch {
    // Another process removed it.
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildFailure, build, formatMessages, type Loader, type Plugin } from 'esbuild';
import { nodeOnDemand, workerImports } from '../scripts/worker-import.mjs';
import { thisPackage } from './package.ts';

const ENTRIES: Record<string, { source: string; built: string }> = {
  spiketape: { source: 'src/index.ts', built: 'dist/index.js' },
  'spiketape/host': { source: 'src/host/index.ts', built: 'dist/host.js' },
  'spiketape/datasets': { source: 'datasets/index.ts', built: 'dist/datasets.js' },
  'spiketape/report': { source: 'src/report/index.ts', built: 'dist/report.js' },
  'spiketape/check': { source: 'src/check/index.ts', built: 'dist/check.js' },
  'spiketape/profile': { source: 'src/profile/index.ts', built: 'dist/profile.js' },
  'spiketape/runs': { source: 'src/runs/index.ts', built: 'dist/runs.js' },
  'spiketape/cost': { source: 'src/cost/index.ts', built: 'dist/cost.js' },
  'spiketape/exchange': { source: 'src/exchange/index.ts', built: 'dist/exchange.js' },
  'spiketape/gated': { source: 'src/gated/index.ts', built: 'dist/gated.js' },
  'spiketape/tune': { source: 'src/tune/index.ts', built: 'dist/tune.js' },
};

/** What a script may import besides code: shaders and tables as text, archives and arrays as bytes. */
const LOADER = {
  '.wgsl': 'text',
  '.csv': 'text',
  '.gz': 'binary',
  '.bin': 'binary',
  '.npy': 'binary',
} satisfies Record<string, Loader>;

/** A script that does not compile; the message is esbuild's, with file and line. */
export class CompileError extends Error {
  override name = 'CompileError';
}

export interface Bundle {
  code: string;
  /** The source map as JSON; sources are relative to the working directory. */
  map: string;
}

/**
 * Bundles a script for Chrome or Node.
 *
 * @throws CompileError with what the compiler says
 */
export function bundleScript(file: string, runtime: 'chrome' | 'node', color: boolean): Promise<Bundle> {
  return bundle({ entryPoints: [file] }, runtime, color);
}

/** Bundles code given as text; it may import `spiketape` and its entries. */
export function bundleText(contents: string, runtime: 'chrome' | 'node' = 'chrome'): Promise<Bundle> {
  const stdin = { contents, resolveDir: thisPackage().root, sourcefile: 'page.js', loader: 'js' as const };
  return bundle({ stdin }, runtime, false);
}

type Input =
  | { entryPoints: string[] }
  | { stdin: { contents: string; resolveDir: string; sourcefile: string; loader: 'js' } };

async function bundle(input: Input, runtime: 'chrome' | 'node', color: boolean): Promise<Bundle> {
  try {
    const result = await build({
      ...input,
      bundle: true,
      write: false,
      format: 'esm',
      platform: runtime === 'node' ? 'node' : 'browser',
      target: runtime === 'node' ? 'node20' : 'chrome120',
      loader: LOADER,
      sourcemap: 'external',
      outfile: join(process.cwd(), 'script.js'),
      absWorkingDir: process.cwd(),
      logLevel: 'silent',
      plugins: [ownPackage, nodeOnDemand, workerImports({ loader: LOADER, plugins: [ownPackage] })],
    });
    const find = (end: string) => result.outputFiles.find((output) => output.path.endsWith(end))?.text ?? '';
    return { code: find('.js'), map: find('.map') };
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!Array.isArray(errors)) throw error;
    const text = await formatMessages(errors, { kind: 'error', color, terminalWidth: process.stderr.columns ?? 120 });
    throw new CompileError(text.join('').trim());
  }
}

/**
 * `spiketape` and its entries. In the repository they are the sources; elsewhere what the script's own folder finds in
 * node_modules, and this tool's own package where that folder has none.
 */
const ownPackage: Plugin = {
  name: 'spiketape',
  setup(build) {
    build.onResolve({ filter: /^spiketape(\/|$)/ }, async (args) => {
      if (args.pluginData === 'as usual') return undefined;
      const { root } = thisPackage();
      const entry = Object.hasOwn(ENTRIES, args.path) ? ENTRIES[args.path] : undefined;
      if (!entry) return { errors: [{ text: `no entry ${args.path}; there are ${Object.keys(ENTRIES).join(', ')}` }] };
      if (existsSync(join(root, 'cli', 'main.ts'))) return { path: join(root, entry.source) };
      const { resolveDir, importer, kind } = args;
      const found = await build.resolve(args.path, { resolveDir, importer, kind, pluginData: 'as usual' });
      return found.errors.length === 0 ? found : { path: join(root, entry.built) };
    });
  },
};

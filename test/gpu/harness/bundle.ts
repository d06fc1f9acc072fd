import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { nodeOnDemand, workerImports } from '../../../scripts/worker-import.mjs';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

const folder = join(root, 'test/gpu/cases');

/** Every case file, as an absolute path. Subfolders are for what cases share. */
export function caseFiles(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  return names.sort().map((name) => join(folder, name));
}

/** `import 'gpu-cases'` in an entry point imports all of `files`: nobody lists case files by hand. */
const casesPlugin = (files: readonly string[]): Plugin => ({
  name: 'gpu-cases',
  setup(context) {
    context.onResolve({ filter: /^gpu-cases$/ }, () => ({
      path: 'gpu-cases',
      namespace: 'gpu-cases',
      sideEffects: true,
    }));
    // The package says of its files that importing them does nothing; importing a case file registers its cases.
    context.onResolve({ filter: /.*/, namespace: 'gpu-cases' }, ({ path }) => ({ path, sideEffects: true }));
    context.onLoad({ filter: /.*/, namespace: 'gpu-cases' }, () => ({
      contents: files.map((file) => `import ${JSON.stringify(file)};`).join('\n'),
      resolveDir: folder,
    }));
  },
});

export interface Bundle {
  /** JavaScript, an ES module. */
  readonly code: string;
  /** The source map as JSON; its paths are relative to the root. */
  readonly map: string;
}

/** Bundles one entry point of this folder with the case files. Throws esbuild's messages when something does not compile. */
export async function bundleCases(entry: 'page' | 'worker' | 'dawn', files: readonly string[]): Promise<Bundle> {
  const result = await build({
    entryPoints: [join(root, 'test/gpu/harness', `${entry}.ts`)],
    // Written nowhere; it makes the source map's paths relative to the root.
    outfile: join(root, `${entry}.js`),
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: entry === 'dawn' ? 'node' : 'browser',
    external: entry === 'dawn' ? ['webgpu', 'puppeteer-core'] : [],
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    loader: { '.wgsl': 'text', '.gz': 'binary' },
    alias: {
      'spiketape/host': join(root, 'src/host/index.ts'),
      'spiketape/datasets': join(root, 'datasets/index.ts'),
      'spiketape/report': join(root, 'src/report/index.ts'),
      'spiketape/check': join(root, 'src/check/index.ts'),
      'spiketape/profile': join(root, 'src/profile/index.ts'),
      'spiketape/runs': join(root, 'src/runs/index.ts'),
      'spiketape/cost': join(root, 'src/cost/index.ts'),
      'spiketape/gated': join(root, 'src/gated/index.ts'),
      'spiketape/tune': join(root, 'src/tune/index.ts'),
      spiketape: join(root, 'src/index.ts'),
    },
    plugins: [casesPlugin(files), nodeOnDemand, workerImports()],
    logLevel: 'silent',
  });
  const text = (ending: string): string => result.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? '';
  return { code: text('.js'), map: text('.js.map') };
}

// `import text from 'worker:./decode.ts'`: a module with all that it imports, bundled, as text. A blob of it starts a
// worker of a page, a data URL of it one of Node. Used by the command line tool, the build and the tests.
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles one module as the text of a worker's.
 *
 * @param {string} file its absolute path
 * @param {import('esbuild').BuildOptions} options of the build around it, where they matter inside
 * @returns {Promise<string>}
 */
export async function workerText(file, { loader = {}, plugins = [], minify = false } = {}) {
  const result = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    // One text serves pages and Node alike.
    platform: 'browser',
    target: 'es2022',
    minify,
    legalComments: 'none',
    loader: { '.wgsl': 'text', '.gz': 'binary', ...loader },
    plugins: [...plugins, nodeOnDemand, workerImports({ loader, plugins, minify })],
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}

/**
 * The plugin of esbuild.
 *
 * @param {import('esbuild').BuildOptions} options what `workerText` takes
 * @returns {import('esbuild').Plugin}
 */
export function workerImports(options = {}) {
  return {
    name: 'worker',
    setup(context) {
      context.onResolve({ filter: /^worker:/ }, async ({ path, resolveDir, importer }) => {
        const found = await context.resolve(path.slice('worker:'.length), {
          kind: 'import-statement',
          resolveDir,
          importer,
        });
        return found.errors.length > 0 ? { errors: found.errors } : { path: found.path, namespace: 'worker' };
      });
      context.onLoad({ filter: /.*/, namespace: 'worker' }, async ({ path }) => {
        try {
          return { contents: await workerText(path, options), loader: 'text' };
        } catch (error) {
          // What does not compile inside is shown with file and line like everything else.
          if (!Array.isArray(error?.errors)) throw error;
          return { errors: error.errors };
        }
      });
    },
  };
}

/**
 * `await import('node:worker_threads')` stays as it is in code for pages, where it is reached only under Node. A static
 * import of a module of Node is an error there, as before.
 *
 * @type {import('esbuild').Plugin}
 */
export const nodeOnDemand = {
  name: 'node-on-demand',
  setup(context) {
    context.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/**
 * The plugin of Vite, for tests.
 *
 * @returns {import('vite').Plugin}
 */
export function workerImportsOfVite() {
  const mark = '\0worker:';
  return {
    name: 'spiketape-worker',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!source.startsWith('worker:') || !importer) return undefined;
      return mark + resolve(dirname(importer), source.slice('worker:'.length));
    },
    async load(id) {
      if (!id.startsWith(mark)) return undefined;
      return `import { readFileSync } from 'node:fs'; export default readFileSync(${JSON.stringify(kept(await workerText(id.slice(mark.length))))}, 'utf8');`;
    },
  };
}

/** A file with this text: megabytes of it would keep Vite busy for seconds if they were part of a module. */
function kept(text) {
  const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.cache', 'spiketape');
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.js`);
  mkdirSync(folder, { recursive: true });
  // whole or not at all: several runs may want it at once
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

// `npm run build`: the published package in dist/. ES modules for browsers and Node, the command line, declarations.
// Prints what the core weighs and what it is made of, and fails when it is too heavy.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';
import { shrink } from './shrink-wgsl.mjs';
import { gzipOf, makeup } from './weigh.mjs';
import { nodeOnDemand, workerImports } from './worker-import.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
/** What the core may weigh, in bytes after gzip. A page downloads it before it can do anything. */
const limit = 100 * 1000;

/** Shaders as text, without what only a reader needs. A minifier would put a plain text where it is used; a call's result stays. */
const shaders = {
  name: 'wgsl',
  setup(context) {
    context.onLoad({ filter: /\.wgsl$/ }, ({ path }) => ({
      contents: `export default ${JSON.stringify(shrink(readFileSync(path, 'utf8')))}.slice()`,
      loader: 'js',
    }));
  },
};

/**
 * An entry with `shaders:` before its path has the core's shaders at its beginning, one beside the other. They are much alike, and gzip
 * looks back 32 KB only: it makes three hundredths of the core.
 */
const shadersFirst = {
  name: 'shaders-first',
  setup(context) {
    context.onResolve({ filter: /^shaders:/ }, ({ path }) => ({ path: path.slice(8), namespace: 'shaders' }));
    context.onLoad({ filter: /.*/, namespace: 'shaders' }, ({ path }) => {
      const core = readdirSync(join(root, 'shaders')).filter((f) => f.endsWith('.wgsl') && !f.startsWith('gated_'));
      const imports = core.map((f) => `import './shaders/${f}';`).join('\n');
      return { contents: `${imports}\nexport * from './${path}';`, resolveDir: root };
    });
  },
};

/** seedrandom asks Node for entropy when it is given no seed; we always give one, and a browser has no such module. */
const noNodeCrypto = {
  name: 'no-node-crypto',
  setup(context) {
    context.onResolve({ filter: /^crypto$/ }, () => ({ path: 'crypto', namespace: 'empty' }));
    context.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/**
 * An entry that uses parts of the core, `whole:` before its path, is given all of it. The core would otherwise be split into a file for each set
 * of entries that have a part in common, which compress worse and are fetched one by one.
 */
const wholeCore = {
  name: 'whole-core',
  setup(context) {
    context.onResolve({ filter: /^whole:/ }, ({ path }) => ({
      path: path.slice(6),
      namespace: 'whole',
      sideEffects: true,
    }));
    context.onLoad({ filter: /.*/, namespace: 'whole' }, ({ path }) => ({
      contents: `import * as core from './src/index.ts'; Reflect.ownKeys(core); export * from './${path}';`,
      resolveDir: root,
    }));
  },
};

const shared = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  loader: { '.wgsl': 'text', '.gz': 'binary' },
  logLevel: 'warning',
};

rmSync(dist, { recursive: true, force: true });
const library = await build({
  ...shared,
  entryPoints: {
    index: 'shaders:src/index.ts',
    host: 'src/host/index.ts',
    datasets: 'datasets/index.ts',
    report: 'src/report/index.ts',
    gated: 'whole:src/gated/index.ts',
    exchange: 'whole:src/exchange/index.ts',
    check: 'whole:src/check/index.ts',
    profile: 'whole:src/profile/index.ts',
    cost: 'whole:src/cost/index.ts',
    runs: 'whole:src/runs/index.ts',
    tune: 'whole:src/tune/index.ts',
  },
  chunkNames: 'chunk-[hash]',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2022',
  minify: true,
  // the generator by itself: the package's own entry brings six others along
  alias: { seedrandom: 'seedrandom/seedrandom.js' },
  // they say in which order the shaders come, nothing else
  logOverride: { 'ignored-bare-import': 'silent' },
  // four megabytes that only a reader of HDF5 loads: a dependency, imported when it is needed
  external: ['h5wasm'],
  plugins: [
    shaders,
    shadersFirst,
    noNodeCrypto,
    wholeCore,
    nodeOnDemand,
    workerImports({ plugins: [shaders], minify: true }),
  ],
});
await squeeze(library.metafile);
// the worker that reads HDF5 has h5wasm inside, whose notice goes where it goes
copyFileSync(join(root, 'node_modules/h5wasm/LICENSE.txt'), join(dist, 'h5wasm-LICENSE.txt'));
await build({
  ...shared,
  entryPoints: { cli: 'cli/main.ts' },
  chunkNames: 'cli-[hash]',
  platform: 'node',
  target: 'node20',
  // The core's own dependencies are bundled, so that the tool loads them only with the command that needs them.
  external: ['esbuild', 'puppeteer-core', 'source-map-js', 'webgpu'],
});

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const declared = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (declared.status !== 0) process.exit(1);
finishDeclarations(join(dist, 'types'));

const size = gzipOf(root, library.metafile, 'dist/index.js');
console.log(
  `core: ${(size / 1000).toFixed(1)} KB gzipped (limit ${limit / 1000} KB), dist/index.js with all it imports`,
);
for (const { part, bytes, share } of makeup(library.metafile, 'dist/index.js')) {
  const kb = `${(bytes / 1000).toFixed(1)} KB`;
  console.log(`  ${part.padEnd(16)} ${kb.padStart(9)} before gzip, ${(share * 100).toFixed(0).padStart(3)} %`);
}
if (size > limit) {
  console.error(`the core is too heavy: ${size} bytes gzipped, ${limit} allowed`);
  process.exit(1);
}

/** Minifies what esbuild made once more: terser looks further and takes three hundredths off the core. */
async function squeeze({ outputs }) {
  for (const path of Object.keys(outputs).filter((p) => p.endsWith('.js'))) {
    const file = join(root, path);
    const map = `${file}.map`;
    if (outputs[path].bytes > 2e6) {
      // the text of a worker with its library: nothing to look further into, and a map would be of twice its size
      writeFileSync(file, readFileSync(file, 'utf8').replace(/\/\/# sourceMappingURL=.*\n$/, ''));
      rmSync(map);
      continue;
    }
    const { code, map: made } = await minify(readFileSync(file, 'utf8'), {
      module: true,
      ecma: 2020,
      compress: { passes: 3 },
      // Node shows the whole line in which an error that nobody catches was thrown
      format: { max_line_len: 1500 },
      sourceMap: { content: readFileSync(map, 'utf8'), url: basename(map) },
    });
    writeFileSync(file, code);
    writeFileSync(map, made);
  }
}

/**
 * Import paths in declarations end in .ts where the sources' do, and the GPU types would have to be named by every user:
 * both are put right here.
 */
function finishDeclarations(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.d.ts')) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    let text = readFileSync(file, 'utf8').replace(/((?:from|import)\s*\(?\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2');
    if (/\bGPU[A-Z]\w*/.test(text)) text = `/// <reference types="@webgpu/types" />\n${text}`;
    writeFileSync(file, text);
  }
}

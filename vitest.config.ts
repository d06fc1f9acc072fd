import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { workerImportsOfVite } from './scripts/worker-import.mjs';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Shaders are imported as text and compressed assets as bytes, as esbuild's loaders do it in the bundle. */
function assets(): Plugin {
  return {
    name: 'spiketape-assets',
    enforce: 'pre',
    load(id) {
      const path = id.split('?')[0] ?? id;
      if (path.endsWith('.wgsl')) return `export default ${JSON.stringify(readFileSync(path, 'utf8'))};`;
      if (path.endsWith('.gz')) {
        const base64 = readFileSync(path).toString('base64');
        return `export default Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0));`;
      }
      return undefined;
    },
  };
}

/**
 * `vitest run --mode dawn` and `--mode worker` choose where the GPU cases run; the variable does the same
 * (test/gpu/harness/runtime.ts reads it).
 */
function gpuRuntime(mode: string): string {
  return process.env.SPIKETAPE_TEST_RUNTIME || (mode === 'dawn' || mode === 'worker' ? mode : 'chrome');
}

/** The file with the GPU cases takes longest by far and goes first, beside the others. */
class GpuFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const later = (f: TestSpecification): number => (f.moduleId.endsWith('/gpu.test.ts') ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => later(a) - later(b));
  }
}

const data = { name: 'data', include: ['test/data/**/*.test.ts'], testTimeout: 120_000, maxWorkers: 1 };

export default defineConfig(({ mode }) => ({
  plugins: [workerImportsOfVite(), assets()],
  resolve: {
    alias: [
      { find: /^spiketape\/host$/, replacement: here('src/host/index.ts') },
      { find: /^spiketape\/datasets$/, replacement: here('datasets/index.ts') },
      { find: /^spiketape\/gated$/, replacement: here('src/gated/index.ts') },
      { find: /^spiketape\/exchange$/, replacement: here('src/exchange/index.ts') },
      { find: /^spiketape\/check$/, replacement: here('src/check/index.ts') },
      { find: /^spiketape\/profile$/, replacement: here('src/profile/index.ts') },
      { find: /^spiketape\/runs$/, replacement: here('src/runs/index.ts') },
      { find: /^spiketape\/cost$/, replacement: here('src/cost/index.ts') },
      { find: /^spiketape\/tune$/, replacement: here('src/tune/index.ts') },
      { find: /^spiketape\/report$/, replacement: here('src/report/index.ts') },
      { find: /^spiketape$/, replacement: here('src/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    sequence: { sequencer: GpuFirst },
    passWithNoTests: false,
    // `--mode data` runs what reads the data sets' own files, in the folder that SPIKETAPE_DATA names, and nothing else.
    projects:
      mode === 'data'
        ? [{ extends: true, test: data }]
        : [
            {
              extends: true,
              test: {
                name: 'unit',
                include: ['test/unit/**/*.test.ts'],
                testTimeout: 20_000,
                maxWorkers: 2,
                sequence: { groupOrder: 0 },
              },
            },
            {
              // Two files at a time: while a browser starts, or the reference computes, another's SwiftShader takes every core it finds.
              extends: true,
              test: {
                name: 'browser',
                include: ['test/gpu/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/pack/**/*.test.ts'],
                testTimeout: 60_000,
                hookTimeout: 120_000,
                maxWorkers: 2,
                env: { SPIKETAPE_TEST_RUNTIME: gpuRuntime(mode) },
                sequence: { groupOrder: 1 },
              },
            },
          ],
  },
}));

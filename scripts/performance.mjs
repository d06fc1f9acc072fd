// Writes the measurement in docs/bench.json into docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const { outputFiles } = await build({
  entryPoints: [join(root, 'bench', 'page.ts')],
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
});
const { withMeasurement } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
const page = join(root, 'docs', 'performance.md');
const summary = JSON.parse(readFileSync(join(root, 'docs', 'bench.json'), 'utf8'));
writeFileSync(page, withMeasurement(readFileSync(page, 'utf8'), summary));

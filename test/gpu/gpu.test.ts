import { basename } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { caseFiles } from './harness/bundle.ts';
import { cases, type GpuCase } from './harness/case.ts';
import { chromeRunner } from './harness/chrome.ts';
import { dawnRunner } from './harness/dawn-runner.ts';
import type { CaseRunner } from './harness/runner.ts';

// Every case of test/gpu/cases/ as one test each. SPIKETAPE_TEST_RUNTIME says where they run: `chrome` (the default: all
// in a page, and those with `worker: true` once more in a dedicated worker), `worker` (all in a worker), or `dawn`.

const byFile = new Map<string, GpuCase[]>();
for (const file of caseFiles()) {
  const before = cases.size;
  await import(/* @vite-ignore */ file);
  const added = [...cases.values()].slice(before);
  if (added.length === 0) throw new Error(`${file} registers no GPU case; what cases share goes into a subfolder`);
  byFile.set(basename(file, '.ts'), added);
}

// Files that a run leaves out, because it has had them elsewhere: names with commas between them.
for (const name of (process.env.SPIKETAPE_TEST_WITHOUT ?? '').split(',').filter((n) => n !== '')) {
  if (!byFile.delete(name)) throw new Error(`SPIKETAPE_TEST_WITHOUT: there is no test/gpu/cases/${name}.ts`);
}

const runtime = process.env.SPIKETAPE_TEST_RUNTIME || 'chrome';
switch (runtime) {
  case 'chrome':
    suite('Chrome', chromeRunner({ worker: false }), () => true);
    suite('Chrome, dedicated worker', chromeRunner({ worker: true }), (one) => one.worker);
    break;
  case 'worker':
    suite('Chrome, dedicated worker', chromeRunner({ worker: true }), () => true);
    break;
  case 'dawn':
    suite('Dawn', dawnRunner(), () => true);
    break;
  default:
    throw new Error(`SPIKETAPE_TEST_RUNTIME must be chrome, worker or dawn, got "${runtime}"`);
}

function suite(where: string, runner: CaseRunner, chosen: (one: GpuCase) => boolean): void {
  describe(where, () => {
    // The runner has timeouts of its own and reports what hung; vitest's are only the net below them.
    const margin = 90_000;

    it('has a WebGPU adapter', { timeout: margin }, async () => {
      const info = await runner.adapter();
      console.log(`WebGPU adapter (${where}): ${info}`);
      expect(info).not.toBe('');
    });

    for (const [file, list] of byFile) {
      const mine = list.filter(chosen);
      if (mine.length === 0) continue;
      describe(file, () => {
        for (const { name, timeout } of mine) {
          it(name, { timeout: timeout + margin }, async () => {
            // what a case measured is worth seeing when it passes, too: spikes that flipped, largest differences
            for (const line of await runner.run(name, timeout)) console.log(`${name}: ${line}`);
          });
        }
      });
    }

    afterAll(() => runner.close());
  });
}

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { folderWith, read, repository, start, tool } from './tool.ts';

// docs/own-neuron.md: its blocks of code are one script. It is checked and run as a reader would.

const page = read(repository, 'docs', 'own-neuron.md');
const script = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => block[1]!).join('\n');

it('type-checks', { timeout: 120_000 }, async () => {
  // within the repository, where its packages are found
  const folder = join(repository, 'node_modules/.cache/spiketape', `own-neuron-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'tired.ts'), script);
  const config = { extends: join(repository, 'tsconfig.core.json'), include: ['tired.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { stdout, code } = await start(process.execPath, [tsc, '-p', folder], repository).finished;
  expect(stdout).toBe('');
  expect(code).toBe(0);
});

it('proves the neuron and trains it', { timeout: 300_000 }, async () => {
  const cwd = folderWith({ 'tired.ts': script });
  const { stdout, stderr, code } = await tool(['run', 'tired.ts', '--runtime', 'node'], cwd);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(stdout).toContain('Tired: all gradients are right');
  const [, difference] = /GPU against float64 +(\S+)/.exec(stdout)!;
  expect(Number(difference)).toBeLessThan(1e-4);
  // what the page says is saved is what is saved
  expect(stdout).toContain(/saved per neuron and step.*/.exec(page)![0]);
  const [, accuracy] = /(\d+) % right/.exec(stdout)!;
  expect(Number(accuracy)).toBeGreaterThan(85);
});

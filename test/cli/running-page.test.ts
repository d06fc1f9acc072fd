import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { filesIn, folderWith, read, tool } from './tool.ts';

// docs/running.md: its blocks of code are one script, which is run, gone on with and evaluated.
const script = scriptOf(pageOf('running'));

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
});

it('runs, goes on and is evaluated', { timeout: 120_000 }, async () => {
  const cwd = folderWith({ 'script.ts': script });
  const first = await tool(['run', 'script.ts', '--runtime', 'node', '--', '--until', '3', '--seed', '9'], cwd);
  expect(first.code).toBe(0);
  const again = await tool(['run', '--resume'], cwd);
  // Nothing was left to be counted.
  expect([again.code, again.stderr.includes('counting')]).toEqual([0, false]);
  const [path] = filesIn(cwd).filter((name) => name.endsWith('run.json'));
  const folder = join(path as string, '..');
  expect(read(cwd, folder, 'checkpoints', '3')).toBe('counted to 3');
  expect(existsSync(join(cwd, folder, 'checkpoints', '2'))).toBe(false);
  expect((await tool(['eval', folder, '--part', 'validation'], cwd)).stdout).toBe('validation: counted to 3\n');
  expect((await tool(['runs'], cwd)).stdout).toMatch(/script\.ts .* finished +- +loss 0\.3333 +9/);
});

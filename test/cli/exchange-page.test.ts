import { expect, it } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { folderWith, tool } from './tool.ts';

// docs/exchange.md: its block of code is a script. It is checked as a reader's would be, and run in Chrome, where HDF5 has its worker.

const script = scriptOf(pageOf('exchange'));

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
});

it('runs in Chrome', { timeout: 120_000 }, async () => {
  const cwd = folderWith({ 'page.ts': script });
  const { stdout, stderr, code } = await tool(['run', 'page.ts'], cwd);
  expect([code, stderr.includes('Error')]).toEqual([0, false]);
  expect(stdout).toMatch(/model\.nir: \d+ bytes/);
  expect(stdout).toContain('0 spikes differ');
  expect(stdout.trim().endsWith('true')).toBe(true);
});

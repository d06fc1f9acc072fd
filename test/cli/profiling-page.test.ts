import { expect, it } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { folderWith, tool } from './tool.ts';

// docs/profiling.md: its blocks of code are one script. It is checked as a reader's would be, and run on a smaller net.

const page = pageOf('profiling');
const script = scriptOf(page);

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
});

it('prints the operations that the page shows', { timeout: 300_000 }, async () => {
  const smaller = script.replace('[64, 100, 80]', '[64, 10, 80]').replaceAll('240', '24');
  expect(smaller).not.toBe(script);
  const cwd = folderWith({ 'page.ts': `${smaller}\nconsole.log(page.includes('Time by operation'));\n` });
  const { stdout, stderr, code } = await tool(['run', 'page.ts', '--runtime', 'node'], cwd);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(stdout).toContain('true');
  const operations = (text: string): string[] =>
    [...text.matchAll(/^ *(.+?) {2,}(\w+) +6 +\S+ +\S+ % +\S+ \w?B$/gm)].map((m) => `${m[1]}: ${m[2]}`);
  expect(operations(page)).toHaveLength(5);
  expect(operations(stdout)).toEqual(expect.arrayContaining(operations(page)));
});

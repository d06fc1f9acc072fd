import { expect, it } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { folderWith, tool } from './tool.ts';

// docs/cost.md: its blocks of code are one script. It is checked as a reader's would be, and run on a smaller net.

const script = scriptOf(pageOf('cost'));

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
});

it('prints what the net and the LSTM cost', { timeout: 300_000 }, async () => {
  const smaller = script.replace('[8, 100, 80]', '[8, 10, 80]').replace('inputs, 240', 'inputs, 120');
  const fitting = smaller.replace('Readout(240', 'Readout(120');
  expect(fitting).not.toBe(smaller);
  const last =
    "\nconsole.log(page.includes('published, measured'), other.estimates.map((e) => e.spiking!.total > 0).join());\n";
  const cwd = folderWith({ 'page.ts': fitting + last });
  const { stdout, stderr, code } = await tool(['run', 'page.ts', '--runtime', 'node'], cwd);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(stdout).toContain('true true,true,true');
  // an LSTM of 120 units and a matrix in place of the net, then the one of 240 that is only counted
  const products = 10 * (4 * 120 * (80 + 120) + 1200);
  expect(stdout).toContain(products.toLocaleString('en-US'));
  expect(stdout).toContain((840 * (4 * 240 * (80 + 240) + 2400)).toLocaleString('en-US'));
});

import { expect, it } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { folderWith, tool } from './tool.ts';

// docs/own-neuron.md: its blocks of code are one script. It is checked and run as a reader would.

const page = pageOf('own-neuron');
const script = scriptOf(page);

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
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

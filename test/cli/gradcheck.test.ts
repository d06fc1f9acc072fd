import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, folderWith, read, repository, tool } from './tool.ts';

const script = join(repository, 'gradcheck', 'main.ts');

it('gradcheck prints a table, writes gradcheck.json and ends well', { timeout: 120_000 }, async () => {
  const cwd = folderWith();
  const args = [
    'run',
    script,
    '--runtime',
    'node',
    '--out',
    '.',
    '--no-record',
    '--',
    '--only',
    'Readout',
    '--sample',
    '1',
  ];
  const { stdout, stderr, code } = await tool(args, cwd);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^neuron +checked +failed +dual +central +GPU +flips +rate$/m);
  expect(stdout).toMatch(/^1 combinations in \d+ s, 0 failed; 0 of 0 spikes differ/m);
  expect(filesIn(cwd)).toEqual(['gradcheck.json']);
  const found = JSON.parse(read(cwd, 'gradcheck.json'));
  expect(found).toMatchObject({ combinations: 1, failed: 0, failures: [], seed: 1 });
  expect(found.worst.dual).toBeLessThan(1e-12);
  expect(found.worst.gpu).toBeLessThan(1e-4);
});

it('gradcheck refuses what it does not know', { timeout: 60_000 }, async () => {
  const { stderr, code } = await tool(
    ['run', script, '--runtime', 'node', '--', '--only', 'no such neuron'],
    folderWith(),
  );
  expect(code).toBe(2);
  expect(stderr).toContain("--only: no combination's name holds 'no such neuron'");
});

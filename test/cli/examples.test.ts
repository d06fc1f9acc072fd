import { join } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, folderWith, repository, tool } from './tool.ts';

// One epoch of each of the examples, as a reader would run them.

async function run(name: string, ...args: string[]): Promise<{ said: string; cwd: string }> {
  const cwd = folderWith();
  const script = join(repository, 'examples', `${name}.ts`);
  const { stdout, stderr, code } = await tool(
    ['run', script, '--runtime', 'node', '--out', 'out', '--', '--epochs', '1', ...args],
    cwd,
  );
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  return { said: stdout, cwd };
}

/** The share of held-out digits that were right; one in ten by chance. */
const heldOut = (said: string): number[] => [...said.matchAll(/([\d.]+) % held out/g)].map((m) => Number(m[1]));

it('the nets of other frameworks', { timeout: 300_000 }, async () => {
  // all three are made, one is trained
  const { said } = await run('frameworks', '--only', 'norse');
  expect(heldOut(said)).toHaveLength(1);
  expect(heldOut(said)[0]).toBeGreaterThan(25);
});

it('a convolutional net, which is saved', { timeout: 300_000 }, async () => {
  const { said, cwd } = await run('convolution');
  expect(said).toContain('4.body.0  Conv2d');
  expect(heldOut(said)[0]).toBeGreaterThan(40);
  expect(filesIn(join(cwd, 'out'))).toEqual(['convolution.json', 'convolution.safetensors', 'run.json']);
});

it('a net with a fifth of its connections', { timeout: 300_000 }, async () => {
  const { said } = await run('sparse');
  expect(heldOut(said)[0]).toBeGreaterThan(25);
  expect(said).toContain('0.recurrent.weight_mask: 3251 of 16384 connections');
  expect(said).toContain('1.weight_mask: 256 of 1280 connections');
});

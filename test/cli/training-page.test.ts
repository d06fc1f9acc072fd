import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { pageOf, scriptOf, typeErrors } from './page.ts';
import { repository } from './tool.ts';

// docs/training.md: its blocks of code are one script. It is checked as a reader's would be, and run on the reference: on an
// adapter in software most of the time would go into the compilation of its many nets.

const page = pageOf('training');
const script = scriptOf(page);

it('type-checks', { timeout: 120_000 }, async () => {
  expect(await typeErrors(script)).toBe('');
});

it('trains, and prints the diagnosis that the page shows', { timeout: 120_000 }, async () => {
  const folder = join(repository, 'node_modules/.cache/spiketape', `training-page-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const onReference = script.replace('  init,\n', '').replace('await init()', 'new Engine(new ReferenceDevice())');
  const imports = [
    `import { ReferenceDevice } from ${JSON.stringify(join(repository, 'src/reference/device.ts'))};`,
    `import { Engine } from 'spiketape';`,
  ];
  writeFileSync(join(folder, 'page.ts'), [...imports, onReference].join('\n'));
  const said: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((text) => void said.push(text));
  onTestFinished(() => log.mockRestore());
  await import(join(folder, 'page.ts'));
  const [, accuracy] = /(\d+) % right, gradients up to \d/.exec(said[0]!)!;
  expect(Number(accuracy)).toBeGreaterThan(85);
  const [shown] = /^ {4}layer +rate[\s\S]*?\n(?!\s{4})/m.exec(page)!;
  expect(said[1]).toBe(shown.replace(/^ {4}/gm, '').trimEnd());
});

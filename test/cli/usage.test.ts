import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, folderWith, tool } from './tool.ts';

describe('wrong usage', () => {
  const cases: [string, string[], string][] = [
    ['an unknown command', ['walk'], 'unknown command walk; commands are run'],
    [
      'an unknown option',
      ['run', 'ok.ts', '--quiet'],
      'unknown option --quiet; known are --runtime chrome|node, --headed',
    ],
    ['an unknown option of the tool', ['--quiet'], 'unknown option --quiet'],
    ['no script', ['run'], 'a script is missing'],
    ['a script that is not there', ['run', 'gone.ts'], 'there is no script gone.ts'],
    ['arguments without --', ['run', 'ok.ts', 'rows'], `got 'rows' as well`],
    ['a missing data folder', ['run', 'ok.ts', '--data', 'gone'], '--data: there is no folder gone'],
    ['a file as data folder', ['run', 'ok.ts', '--data', 'ok.ts'], '--data: there is no folder ok.ts'],
    ['an unknown runtime', ['run', 'ok.ts', '--runtime', 'deno'], `expected chrome or node, got 'deno'`],
    ['an option without its value', ['run', 'ok.ts', '--out', '--json'], '--out: needs a value (DIR)'],
    ['a flag with a value', ['run', 'ok.ts', '--json=yes'], `--json: takes no value, got 'yes'`],
    ['--headed in Node', ['run', 'ok.ts', '--runtime', 'node', '--headed'], 'no browser to show'],
  ];
  it.each(cases)('%s: a clear error, exit code 2', async (_, args, message) => {
    const cwd = folderWith({ 'ok.ts': '' });
    const { code, stdout, stderr } = await tool(args, cwd);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('--headed without a display says so', async () => {
    const cwd = folderWith({ 'ok.ts': '' });
    const { code, stderr } = await tool(['run', 'ok.ts', '--headed'], cwd, { DISPLAY: '', WAYLAND_DISPLAY: '' });
    expect(stderr).toContain('there is no display here');
    expect(code).toBe(2);
  });
});

it('a script that does not compile: file, line, exit code 2, and no browser is opened', async () => {
  const cwd = folderWith({
    'browser.sh': '#!/bin/sh\ntouch opened\n',
    'bad.ts': 'const a = 1;\nconst b = = 2;\n',
    'missing.ts': `import './nowhere.ts';\n`,
    'entry.ts': `import 'spiketape/nothing';\n`,
  });
  chmodSync(join(cwd, 'browser.sh'), 0o755);
  const env = { SPIKETAPE_BROWSER: join(cwd, 'browser.sh') };
  const expected = {
    'bad.ts': 'bad.ts:2:10',
    'missing.ts': 'missing.ts:1:7',
    'entry.ts': 'no entry spiketape/nothing',
  };
  for (const [script, message] of Object.entries(expected)) {
    const { code, stderr } = await tool(['run', script], cwd, env);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  }
  expect(existsSync(join(cwd, 'opened'))).toBe(false);
});

it('a browser that is named and not there, or that does not start: an error, exit code 1', async () => {
  const cwd = folderWith({ 'ok.ts': '', 'browser.sh': '#!/bin/sh\nexit 3\n' });
  chmodSync(join(cwd, 'browser.sh'), 0o755);
  const missing = await tool(['run', 'ok.ts'], cwd, { SPIKETAPE_BROWSER: '/no/such/chrome' });
  expect(missing.stderr).toContain('SPIKETAPE_BROWSER names a browser that is not there: /no/such/chrome');
  const broken = await tool(['run', 'ok.ts'], cwd, { SPIKETAPE_BROWSER: join(cwd, 'browser.sh') });
  expect(broken.stderr).toContain(`${join(cwd, 'browser.sh')} could not be started`);
  expect([missing.code, broken.code]).toEqual([1, 1]);
});

it('a run that saves nothing leaves no folder', async () => {
  const cwd = folderWith({ 'ok.ts': `console.log('done');` });
  const { code } = await tool(['run', 'ok.ts', '--runtime', 'node'], cwd);
  expect([code, filesIn(cwd)]).toEqual([0, ['ok.ts']]);
});

it('--help and --version answer on stdout', async () => {
  const cwd = folderWith();
  expect((await tool(['--version'], cwd)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await tool(['--help'], cwd)).stdout).toContain('run       runs a script');
  const { code, stdout } = await tool(['run', '--help'], cwd);
  expect(stdout).toContain('--runtime chrome|node');
  expect(code).toBe(0);
});

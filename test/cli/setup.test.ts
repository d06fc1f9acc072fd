import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBrowser } from '../../scripts/browsers.mjs';
import { filesIn, folderWith, read, repository, start } from './tool.ts';

/** Loaded before the set-up: a machine without a browser, and a user who may not install packages of the system. */
const BARE_MACHINE = `
  import fs from 'node:fs';
  const { statSync } = fs;
  fs.statSync = (file, ...rest) => {
    if (!String(file).startsWith(process.env.PLACE) && /(chrom|edge)[^/]*$/.test(file)) throw new Error('hidden');
    return statSync(file, ...rest);
  };
  process.getuid = () => 1000;
`;

/**
 * Stands for npm: makes half of the packages, then does what the file `mood` says, then the rest and npm's own list.
 * Every call is written down.
 */
const NPM = `#!/bin/sh
echo "$@" >> "$PLACE/calls"
if [ "$1" = exec ]; then
  for to; do :; done
  mkdir -p "$to/chrome/linux-150.0/chrome-linux64"
  case "$(cat "$PLACE/mood")" in
    fail) exit 7 ;;
    hang) echo hanging; exec sleep 5 ;;
  esac
  touch "$to/chrome/linux-150.0/chrome-linux64/chrome"
  exit 0
fi
rm -rf node_modules
mkdir -p node_modules/half
case "$(cat "$PLACE/mood")" in
  fail) exit 7 ;;
  hang) echo hanging; exec sleep 5 ;;
  slow) sleep 1 ;;
esac
mkdir node_modules/whole
echo '{"packages":{}}' > node_modules/.package-lock.json
`;

function clone() {
  const place = folderWith({
    'bin/npm': NPM,
    'bin/chrome': '',
    mood: 'well',
    'bare.mjs': BARE_MACHINE,
    calls: '',
    'project/package.json': '{"type":"module"}',
    'project/package-lock.json': '{"packages":{"":{},"node_modules/whole":{"version":"1.0.0"}}}',
  });
  chmodSync(join(place, 'bin', 'npm'), 0o755);
  const project = join(place, 'project');
  cpSync(join(repository, 'scripts'), join(project, 'scripts'), { recursive: true });
  const env = {
    PLACE: place,
    TMPDIR: place,
    PATH: `${join(place, 'bin')}:${process.env.PATH}`,
    SPIKETAPE_BROWSER: join(place, 'bin', 'chrome'),
    npm_execpath: undefined,
  };
  const begin = (more: Record<string, string> = {}, args = ['scripts/setup.mjs']) =>
    start(process.execPath, args, project, { ...env, ...more });
  return {
    project,
    run: (args: string[]) => begin({}, args).finished,
    cache: join(place, 'cache'),
    begin,
    /** On a machine without a browser, the packages being there already. */
    beginBare: () =>
      begin({
        SPIKETAPE_BROWSER: '',
        PUPPETEER_EXECUTABLE_PATH: '',
        CHROME_PATH: '',
        PUPPETEER_CACHE_DIR: join(place, 'cache'),
        NODE_OPTIONS: `--import ${join(place, 'bare.mjs')}`,
      }),
    setup: () => begin().finished,
    mood: (mood: string) => writeFileSync(join(place, 'mood'), mood),
    calls: () => read(place, 'calls').split('\n').length - 1,
    whole: () => existsSync(join(project, 'node_modules', 'whole')),
  };
}

describe('packages', () => {
  it('are installed once, and again when the lock file changes or node_modules is gone', async () => {
    const { project, setup, calls } = clone();
    expect((await setup()).code).toBe(0);
    expect((await setup()).code).toBe(0);
    expect(calls()).toBe(1);
    writeFileSync(join(project, 'package-lock.json'), '{"packages":{"":{}, "node_modules/other":{"version":"2.0.0"}}}');
    expect((await setup()).code).toBe(0);
    expect(calls()).toBe(2);
    rmSync(join(project, 'node_modules'), { recursive: true });
    expect((await setup()).code).toBe(0);
    expect(calls()).toBe(3);
  });

  it('of a folder with a lock file of its own are installed there, once', async () => {
    const { project, calls, whole, run } = clone();
    cpSync(join(project, 'package-lock.json'), join(project, 'more', 'package-lock.json'));
    const more = "import('./scripts/setup.mjs').then((m) => m.setupPackages('more'))";
    expect((await run(['-e', more])).code).toBe(0);
    expect((await run(['-e', more])).code).toBe(0);
    expect([calls(), whole()]).toEqual([1, false]);
    expect(existsSync(join(project, 'more', 'node_modules', 'whole'))).toBe(true);
  });

  it('are installed again after a failed installation', async () => {
    const { setup, calls, mood, whole } = clone();
    mood('fail');
    const failed = await setup();
    expect(failed.stderr).toContain('npm ci failed (exit code 7)');
    expect(failed.code).toBe(1);
    mood('well');
    expect((await setup()).code).toBe(0);
    expect([calls(), whole()]).toEqual([2, true]);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('are installed again after an installation ended by %s', async (signal) => {
    const { begin, setup, calls, mood, whole } = clone();
    mood('hang');
    const first = begin();
    await first.says('hanging');
    first.child.kill(signal);
    // With SIGKILL the output stays open until npm's stand-in ends as well.
    await new Promise((resolve) => first.child.once('exit', resolve));
    expect(whole()).toBe(false);
    mood('well');
    expect((await setup()).code).toBe(0);
    expect([calls(), whole()]).toEqual([2, true]);
  });

  it('are installed once by two set-ups at the same time', async () => {
    const { setup, calls, mood } = clone();
    mood('slow');
    const both = await Promise.all([setup(), setup()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.some(({ stderr }) => stderr.includes('Another set-up of this folder is at work'))).toBe(true);
    expect(calls()).toBe(1);
  });

  it('that somebody installed by hand are left alone when they are what the lock file names', async () => {
    const { project, setup, calls } = clone();
    mkdirSync(join(project, 'node_modules', 'whole'), { recursive: true });
    const list = join(project, 'node_modules', '.package-lock.json');
    writeFileSync(list, '{"packages":{"node_modules/whole":{"version":"1.0.0"}}}');
    expect((await setup()).code).toBe(0);
    expect(calls()).toBe(0);
    // A later npm in that folder that did not come to its end leaves an old list, or none.
    rmSync(list);
    expect((await setup()).code).toBe(0);
    expect(calls()).toBe(1);
  });
});

describe('on a machine without a browser', () => {
  const executable = 'chrome/linux-150.0/chrome-linux64/chrome';

  it('one is downloaded, once', async () => {
    const { setup, beginBare, calls, cache } = clone();
    await setup();
    expect((await beginBare().finished).code).toBe(0);
    expect((await beginBare().finished).code).toBe(0);
    expect(filesIn(cache)).toEqual([executable]);
    expect(calls()).toBe(2);
  });

  it('nothing of an interrupted download is kept', async () => {
    const { setup, beginBare, mood, cache } = clone();
    await setup();
    mood('hang');
    const first = beginBare();
    await first.says('hanging');
    first.child.kill('SIGINT');
    expect((await first.finished).code).toBe(130);
    expect(readdirSync(cache)).toEqual(['chrome']);
    expect(readdirSync(join(cache, 'chrome'))).toEqual([]);
    mood('well');
    expect((await beginBare().finished).code).toBe(0);
    expect(filesIn(cache)).toEqual([executable]);
  });

  it('one paragraph says what to install when the download fails', async () => {
    const { setup, beginBare, mood } = clone();
    await setup();
    mood('fail');
    const { code, stderr } = await beginBare().finished;
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /neither was one found .* Install Google Chrome .* SPIKETAPE_BROWSER/,
    );
    expect(code).toBe(1);
  });
});

it('a variable that names a missing browser is an error', async () => {
  const { code, stderr } = await clone().begin({ SPIKETAPE_BROWSER: '/no/such/chrome' }).finished;
  expect(stderr).toContain('SPIKETAPE_BROWSER names a browser that is not there: /no/such/chrome');
  expect(code).toBe(1);
});

describe('the browser', () => {
  const search = (present: string[], env: Record<string, string>, platform = 'linux') =>
    findBrowser({ env, platform, home: '/home/me', exists: (file) => present.includes(file) });

  it('is the one that a variable names, before any other', () => {
    const present = ['/own/chrome', '/puppeteer/chrome', '/path/chrome', '/usr/bin/google-chrome'];
    const env: Record<string, string> = {
      PATH: '/usr/bin',
      SPIKETAPE_BROWSER: '/own/chrome',
      PUPPETEER_EXECUTABLE_PATH: '/puppeteer/chrome',
      CHROME_PATH: '/path/chrome',
    };
    expect(search(present, env)).toBe('/own/chrome');
    delete env.SPIKETAPE_BROWSER;
    expect(search(present, env)).toBe('/puppeteer/chrome');
    delete env.PUPPETEER_EXECUTABLE_PATH;
    expect(search(present, env)).toBe('/path/chrome');
    delete env.CHROME_PATH;
    expect(search(present, env)).toBe('/usr/bin/google-chrome');
    expect(() => search(present, { CHROME_PATH: '/gone' })).toThrow(
      'CHROME_PATH names a browser that is not there: /gone',
    );
  });

  it('is Chrome before Chromium, and the system before the cache of puppeteer', () => {
    const home = folderWith({
      '.cache/puppeteer/chrome/linux-99.0.1/chrome-linux64/chrome': '',
      '.cache/puppeteer/chrome/linux-131.0.1/chrome-linux64/chrome': '',
      '.cache/puppeteer/chrome/linux-140.0.1/chrome-linux64/half': '',
    });
    const cached = join(home, '.cache/puppeteer/chrome/linux-131.0.1/chrome-linux64/chrome');
    const system = ['/b/chromium', '/b/google-chrome-stable'];
    const exists = (file: string) => system.includes(file) || (file.startsWith(home) && existsSync(file));
    const find = () => findBrowser({ env: { PATH: '/a:/b' }, platform: 'linux', home, exists });
    expect(find()).toBe('/b/google-chrome-stable');
    system.pop();
    expect(find()).toBe('/b/chromium');
    system.pop();
    expect(find()).toBe(cached);
    rmSync(home, { recursive: true });
    expect(find()).toBe(null);
  });

  it('is looked for where macOS and Windows keep it', () => {
    const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    expect(search([mac], {}, 'darwin')).toBe(mac);
    const windows = 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe';
    expect(search([windows], { PROGRAMFILES: 'C:\\Program Files' }, 'win32')).toBe(windows);
  });
});

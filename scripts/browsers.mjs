// Where browsers are. Plain JavaScript without packages: the set-up runs it before anything is installed, and the
// command line tool bundles it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const VARIABLES = ['SPIKETAPE_BROWSER', 'PUPPETEER_EXECUTABLE_PATH', 'CHROME_PATH'];

/** Folder in which puppeteer keeps the browsers that it downloaded. */
export function puppeteerCache(env = process.env, home = os.homedir()) {
  return env.PUPPETEER_CACHE_DIR || path.join(home, '.cache', 'puppeteer');
}

/**
 * Path of the browser to use, or null: an environment variable, Chrome or Chromium of the system, puppeteer's cache.
 * Throws when an environment variable names a file that is not there, because then somebody meant something else.
 */
export function findBrowser({
  env = process.env,
  platform = process.platform,
  home = os.homedir(),
  exists = isFile,
} = {}) {
  for (const name of VARIABLES) {
    const value = env[name];
    if (!value) continue;
    if (exists(value)) return value;
    throw new Error(`${name} names a browser that is not there: ${value}. Correct it or unset it.`);
  }
  for (const candidate of systemBrowsers(env, platform, home)) {
    if (exists(candidate) && !isSnapStub(candidate)) return candidate;
  }
  return cachedBrowsers(puppeteerCache(env, home)).find((candidate) => exists(candidate)) || null;
}

function systemBrowsers(env, platform, home) {
  if (platform === 'darwin') {
    const names = ['Google Chrome', 'Chromium', 'Google Chrome Canary', 'Microsoft Edge'];
    return names.flatMap((name) =>
      ['/Applications', path.join(home, 'Applications')].map((root) => `${root}/${name}.app/Contents/MacOS/${name}`),
    );
  }
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
    const files = ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe'];
    files.push('Microsoft\\Edge\\Application\\msedge.exe');
    return files.flatMap((file) => roots.map((root) => `${root}\\${file}`));
  }
  const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge-stable'];
  const folders = (env.PATH || '').split(':').filter(Boolean);
  const onPath = names.flatMap((name) => folders.map((folder) => path.posix.join(folder, name)));
  return [...onPath, '/opt/google/chrome/chrome', '/usr/bin/chromium', '/snap/bin/chromium'];
}

/** Browsers that puppeteer downloaded, newest version first. */
function cachedBrowsers(cache) {
  const inside = [
    ['chrome-linux64', 'chrome'],
    ['chrome-linux-arm64', 'chrome'],
    ...['chrome-mac-arm64', 'chrome-mac-x64'].map((folder) => [
      folder,
      'Google Chrome for Testing.app',
      'Contents',
      'MacOS',
      'Google Chrome for Testing',
    ]),
    ['chrome-win64', 'chrome.exe'],
  ];
  let versions = [];
  try {
    versions = fs.readdirSync(path.join(cache, 'chrome'));
  } catch {
    return [];
  }
  versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return versions.flatMap((version) => inside.map((parts) => path.join(cache, 'chrome', version, ...parts)));
}

function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Ubuntu installs as `chromium-browser` a script that only tells how to install the snap. */
function isSnapStub(file) {
  try {
    if (fs.statSync(file).size > 16384) return false;
    return fs.readFileSync(file, 'utf8').includes('snap install chromium') && !isFile('/snap/bin/chromium');
  } catch {
    return false;
  }
}

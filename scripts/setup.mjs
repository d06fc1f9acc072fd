// Makes a fresh clone ready: Node's version, the packages, a browser. Plain JavaScript without packages.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser, puppeteerCache } from './browsers.mjs';
import { withLock } from './lock.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;

/** An end of the set-up that the user can do something about: shown without a stack. */
class SetupError extends Error {}

/**
 * Does what is still missing, and does it again when an earlier set-up was interrupted.
 * Ends the process with exit code 1 and a message when that is impossible.
 */
export async function setup({ browser = true } = {}) {
  try {
    checkNode();
    await ensurePackages();
    if (browser) await ensureBrowser();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE) return;
  throw new SetupError(`spiketape needs Node ${OLDEST_NODE} or newer, and this is Node ${process.versions.node}.`);
}

/** The packages of a folder below the root that has a lock file of its own; ends the process as `setup` does. */
export async function setupPackages(folder) {
  try {
    await ensurePackages(path.join(root, folder));
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  }
}

/** Runs `npm ci` unless a completed installation of this very lock file is there. */
async function ensurePackages(folder = root) {
  const modules = path.join(folder, 'node_modules');
  const stamp = path.join(modules, '.spiketape-setup');
  const isReady = () => {
    const wanted = fingerprint(folder);
    if (readText(stamp) === wanted) return true;
    if (!installedByHand(folder)) return false;
    fs.writeFileSync(stamp, wanted);
    return true;
  };
  if (isReady()) return;
  const lock = path.join(os.tmpdir(), `spiketape-setup-${hash(folder).slice(0, 16)}.lock`);
  await withLock(lock, async () => {
    if (isReady()) return;
    console.error('Installing packages (once) ...');
    fs.rmSync(stamp, { force: true });
    // Development packages are part of the set-up even where NODE_ENV says production.
    const code = await runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], folder);
    if (code !== 0)
      throw new SetupError(`npm ci failed (exit code ${code}); its messages are above. Nothing was kept.`);
    // Written last: without it the next set-up starts over.
    fs.writeFileSync(stamp, fingerprint(folder));
  });
}

/** Changes with the lock file, with what npm says it installed, and with the platform that binaries were chosen for. */
function fingerprint(folder) {
  const files = [path.join(folder, 'package-lock.json'), path.join(folder, 'node_modules', '.package-lock.json')];
  return hash([process.platform, process.arch, ...files.map((file) => hash(readText(file)))].join(' '));
}

/**
 * Whether somebody ran npm without this set-up: npm writes its own list last of all, so a list that holds every package
 * of the lock file in its version stands for a completed installation.
 */
function installedByHand(folder) {
  try {
    const wanted = JSON.parse(readText(path.join(folder, 'package-lock.json'))).packages;
    const found = JSON.parse(readText(path.join(folder, 'node_modules', '.package-lock.json'))).packages;
    return Object.keys(wanted).every((name) => {
      if (name === '' || wanted[name].link) return true;
      if (!found[name]) return Boolean(wanted[name].optional || wanted[name].devOptional || wanted[name].peer);
      return found[name].version === wanted[name].version && fs.existsSync(path.join(folder, name));
    });
  } catch {
    return false;
  }
}

/** Finds a browser, or installs one: puppeteer's download first, then the distribution's package. */
async function ensureBrowser() {
  if (lookForBrowser()) return;
  console.error('No Chrome or Chromium found; downloading one (once) ...');
  await downloadBrowser();
  if (lookForBrowser()) return;
  if (process.getuid && process.getuid() === 0 && fs.existsSync('/etc/debian_version')) {
    console.error('The download failed; installing the package chromium ...');
    const env = Object.assign({}, process.env, { DEBIAN_FRONTEND: 'noninteractive' });
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '-y', 'chromium', 'libvulkan1'], { env });
    if (lookForBrowser()) return;
  }
  throw new SetupError(
    'spiketape runs networks in a browser, and neither was one found nor could one be downloaded. Install Google Chrome ' +
      '(https://www.google.com/chrome) or Chromium (Debian, Ubuntu: apt-get install chromium; Fedora: dnf install ' +
      'chromium; macOS: brew install --cask google-chrome), or let the environment variable SPIKETAPE_BROWSER name the ' +
      'executable of one that is already there, and run this command again.',
  );
}

function lookForBrowser() {
  try {
    return findBrowser();
  } catch (error) {
    throw new SetupError(error.message);
  }
}

/** Downloads to a folder of its own and moves the result, so that an interrupted download is never taken for a browser. */
async function downloadBrowser() {
  const cache = puppeteerCache();
  fs.mkdirSync(path.join(cache, 'chrome'), { recursive: true });
  const temporary = fs.mkdtempSync(path.join(cache, '.spiketape-'));
  const remove = () => fs.rmSync(temporary, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    await runNpm(['exec', '--yes', '--', '@puppeteer/browsers', 'install', 'chrome@stable', '--path', temporary]);
    const made = path.join(temporary, 'chrome');
    for (const version of fs.existsSync(made) ? fs.readdirSync(made) : []) {
      const target = path.join(cache, 'chrome', version);
      // An older folder of the same version had no usable browser, or it would have been found.
      fs.rmSync(target, { recursive: true, force: true });
      fs.renameSync(path.join(made, version), target);
    }
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/** npm as it was started, or the one on PATH. */
function runNpm(args, cwd = root) {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.[cm]?js$/.test(script)) return run(process.execPath, [script, ...args], { cwd });
  return run('npm', args, { cwd, shell: process.platform === 'win32' });
}

/** Runs a command to its end with its output shown; the exit code, or 127 when it could not be started. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    // The terminal sends Ctrl-C to the command as well: wait for its end, then go the same way.
    let interrupted = false;
    const child = spawn(command, args, Object.assign({ cwd: root, stdio: 'inherit' }, options));
    const pass = (signal) => {
      interrupted = true;
      child.kill(signal);
    };
    process.on('SIGINT', pass).on('SIGTERM', pass);
    const finish = (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      if (interrupted) process.exit(130);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      finish(127);
    });
    child.on('exit', (code) => finish(code === null ? 1 : code));
  });
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex');
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await setup();

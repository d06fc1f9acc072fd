import puppeteer, { type Browser } from 'puppeteer-core';
import { findBrowser as searchBrowser } from '../scripts/browsers.mjs';
import { hasGpuDevice } from './gpu-device.ts';
import { makeTemporary, removeTemporary } from './temporary.ts';

/**
 * Path of Chrome or Chromium: an environment variable, the system's, puppeteer's cache.
 *
 * @throws Error when there is none, or when an environment variable names a missing file
 */
export function findBrowser(): string {
  const found = searchBrowser();
  if (found) return found;
  throw new Error(
    'no Chrome or Chromium found: install one, or let the environment variable SPIKETAPE_BROWSER name its executable',
  );
}

/**
 * The command line of the browser. The one place that decides between a hardware GPU and SwiftShader:
 * `--enable-unsafe-webgpu` allows SwiftShader, and on Linux, where Chrome keeps Vulkan off by default, a machine with
 * a GPU gets it switched on. Without a GPU nothing is said, and Chrome takes the SwiftShader that it ships.
 */
export function browserFlags(headed: boolean): string[] {
  // Developer features: timestamps that are not rounded to 0.1 ms, and adapters that tell their names.
  const flags = ['--enable-unsafe-webgpu', '--enable-webgpu-developer-features'];
  flags.push('--no-first-run', '--no-default-browser-check', '--disable-sync');
  flags.push('--disable-background-networking', '--disable-component-update', '--disable-quic');
  // A page that computes in the background must not be slowed down, and a shader may run longer than a frame.
  flags.push('--disable-backgrounding-occluded-windows', '--disable-gpu-watchdog');
  if (process.platform === 'linux' && hasGpuDevice()) {
    flags.push('--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist');
    if (!headed) flags.push('--disable-vulkan-surface');
  }
  // Chrome's sandbox refuses to start as root.
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  if (headed) flags.push('--ozone-platform-hint=auto');
  return flags;
}

/** Why a window cannot be shown here, or null. */
export function displayProblem(): string | null {
  if (process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) return null;
  return '--headed: there is no display here (DISPLAY and WAYLAND_DISPLAY are not set); run without --headed';
}

export interface LaunchOptions {
  /** Show the window; default false. */
  headed?: boolean;
  extraArgs?: readonly string[];
}

/**
 * Starts the browser with a fresh profile, which `browser.close()` removes. The browser is held by a pipe: when this
 * process ends in whatever way, the pipe closes and the browser ends, too.
 */
export async function launchBrowser({ headed = false, extraArgs = [] }: LaunchOptions = {}): Promise<Browser> {
  const executablePath = findBrowser();
  const profile = await makeTemporary('profile');
  let browser: Browser;
  try {
    browser = await puppeteer.launch({
      executablePath,
      headless: !headed,
      pipe: true,
      userDataDir: profile,
      args: [...browserFlags(headed), ...extraArgs],
      defaultViewport: null,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (cause) {
    await removeTemporary(profile);
    throw new Error(`the browser ${executablePath} could not be started: ${(cause as Error).message}`, { cause });
  }
  const close = browser.close.bind(browser);
  browser.close = async () => {
    const child = browser.process();
    const ended = new Promise<void>((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 3000);
    });
    // A browser that hangs or died in the middle does not answer: then its whole process group goes.
    await Promise.race([close().catch(() => {}), patience]);
    await Promise.race([ended, patience]);
    clearTimeout(timer);
    killGroup(child?.pid);
    await removeTemporary(profile);
  };
  return browser;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    // Puppeteer makes the browser the leader of a group of its own, except on Windows.
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Ended already, as it should.
  }
}

import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findBrowser } from '../scripts/browsers.mjs';
import { hasGpuDevice } from './gpu-device.ts';

/**
 * Gives this process `navigator.gpu` and WebGPU's globals, by Dawn (npm package `webgpu`). Of the Vulkan drivers the
 * first is taken that gives an adapter; when none does, `requestAdapter()` resolves to null, as in a browser.
 *
 * @throws Error when the package `webgpu` is not installed or has no build for this platform
 */
export async function installDawn(): Promise<void> {
  // Mesa's software driver asks for it, even where nothing is shown.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const { create, globals } = await loadDawn();
  Object.assign(globalThis, globals);
  let gpu: GPU | undefined;
  for (const driver of drivers()) {
    if (driver !== null) process.env.VK_DRIVER_FILES = driver;
    else delete process.env.VK_DRIVER_FILES;
    // The Vulkan loader reads the variable whenever an instance is made.
    // timestamps as the GPU writes them, instead of rounded to 0.1 ms
    gpu = create(['disable-dawn-features=timestamp_quantization']);
    if (await gpu.requestAdapter()) break;
  }
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  // Reachable from globalThis, because the process ends when Dawn's object is collected.
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true, enumerable: true });
}

interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

async function loadDawn(): Promise<Dawn> {
  try {
    return (await import('webgpu')) as unknown as Dawn;
  } catch (cause) {
    throw new Error(`--runtime node needs the package webgpu (npm install webgpu): ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Vulkan drivers to try, in order: files that describe one, null for the system's choice. What the user set stays.
 * Without a GPU, Mesa's lavapipe comes first, being several times faster than the SwiftShader that comes with browsers;
 * Dawn refuses it before Mesa 24, and then SwiftShader's turn comes.
 */
function drivers(): (string | null)[] {
  if (process.platform !== 'linux') return [null];
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  if (VK_DRIVER_FILES) return [VK_DRIVER_FILES];
  if (VK_ICD_FILENAMES) return [null];
  const software = [...lavapipe(), ...swiftshader()];
  return hasGpuDevice() ? [null, ...software] : [...software, null];
}

function lavapipe(): string[] {
  return ['/usr/local/share', '/usr/share', '/etc'].flatMap((root) => {
    const folder = join(root, 'vulkan', 'icd.d');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    // 32-bit drivers lie beside the others: lvp_icd.i686.json.
    return names
      .filter((name) => /^lvp_icd.*\.json$/.test(name) && !name.includes('i686'))
      .map((name) => join(folder, name));
  });
}

/**
 * The environment that a process needs from its start to run Dawn: where the system has no Vulkan loader, the one that
 * comes with Chrome or Chromium is put on the library path.
 */
export function dawnEnvironment(): NodeJS.ProcessEnv {
  const loader = 'libvulkan.so.1';
  const system = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/usr/local/lib'].filter((folder) => existsSync(folder));
  const found = system.some(
    (folder) =>
      existsSync(join(folder, loader)) ||
      readdirSync(folder).some((name) => name.includes('linux-gnu') && existsSync(join(folder, name, loader))),
  );
  const browsers = browserFolders().filter((folder) => existsSync(join(folder, loader)));
  if (process.platform !== 'linux' || found || browsers.length === 0) return process.env;
  return { ...process.env, LD_LIBRARY_PATH: [...browsers, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

/** Folders of Chrome and Chromium, which bring a Vulkan driver and loader along. */
function browserFolders(): string[] {
  const folders = [
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
  ];
  try {
    const browser = findBrowser();
    if (browser) folders.unshift(dirname(realpathSync(browser)));
  } catch {
    // The variable names a missing browser: nothing that this runtime needs.
  }
  return folders;
}

const swiftshader = (): string[] =>
  browserFolders()
    .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
    .filter((file) => existsSync(file));

// `npm run bench:pack`: all that ours needs to be measured on a machine without network, Node and package manager, in one
// folder (bench-pack/, or `-- --out FOLDER`): Node, Dawn, the benchmark, the libraries they load, the peers' Python scripts.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { root, setup } from '../scripts/setup.mjs';

/** What the folder may weigh, in bytes. */
export const LIMIT = 50e6;

/** Libraries of the C library itself, which go with the kernel and are everywhere. */
const SYSTEM = /^(linux-vdso|ld-linux|libc|libm|libdl|libpthread|librt|libresolv|libutil)\b/;

/**
 * Libraries that a program needs beside the C library.
 *
 * @param {string} ldd what `ldd` says of it
 * @returns {string[]} their paths
 */
export function libraries(ldd) {
  const lines = ldd.split('\n').map((line) => /^\s*(\S+) => (\/\S+)/.exec(line));
  return lines.filter((found) => found && !SYSTEM.test(found[1])).map((found) => found[2]);
}

/**
 * Files below a folder with their sizes, the largest first.
 *
 * @param {string} folder
 * @returns {{ name: string, bytes: number }[]}
 */
export function weigh(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = entries.map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return { name: path.relative(folder, file), bytes: fs.statSync(file).size };
  });
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/**
 * What the files come to, for reading.
 *
 * @param {{ name: string, bytes: number }[]} files
 * @param {number} [limit] in bytes
 * @returns {{ text: string, tooHeavy: boolean }}
 */
export function verdict(files, limit = LIMIT) {
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  const lines = files.map(({ name, bytes }) => `  ${mb(bytes).padStart(6)} MB  ${name}`);
  return { text: [`${mb(all)} MB of ${mb(limit)}`, ...lines].join('\n'), tooHeavy: all > limit };
}

/**
 * Makes the folder anew.
 *
 * @param {string} folder
 */
export async function pack(folder) {
  const parts = fs.mkdtempSync(path.join(os.tmpdir(), 'spiketape-pack-'));
  try {
    const node = path.join(parts, 'node');
    fs.copyFileSync(process.execPath, node);
    fs.chmodSync(node, 0o755);
    // symbols are a tenth of it, and nothing needs them; without the tool it is still small enough
    const stripped = spawnSync('strip', [node], { stdio: 'ignore' }).status === 0;
    if (!stripped) console.warn('no strip here: Node keeps its symbols');
    const webgpu = path.join(root, 'node_modules', 'webgpu');
    const dawn = path.join(webgpu, 'dist', `${process.platform}-${process.arch}`, 'dawn.node');
    if (!fs.existsSync(dawn))
      throw new Error(`the package webgpu has no build for ${process.platform}-${process.arch}`);
    // loaded here: in a fresh clone it is not there before the set-up
    const { build } = await import('esbuild');
    await build({
      entryPoints: [path.join(root, 'bench', 'pack_main.ts')],
      outfile: path.join(parts, 'bench.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['webgpu'],
      loader: { '.wgsl': 'text', '.gz': 'binary' },
      logLevel: 'error',
    });

    fs.rmSync(folder, { recursive: true, force: true });
    const put = (file, name) => {
      const target = path.join(folder, 'files', `${name}.gz`);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, gzipSync(fs.readFileSync(file), { level: 9 }));
    };
    put(node, 'node');
    put(path.join(parts, 'bench.mjs'), 'bench.mjs');
    for (const name of ['index.js', 'package.json']) put(path.join(webgpu, name), `node_modules/webgpu/${name}`);
    put(dawn, path.join('node_modules/webgpu', path.relative(webgpu, dawn)));
    const needed = [process.execPath, dawn].flatMap((file) =>
      libraries(execFileSync('ldd', [file], { encoding: 'utf8' })),
    );
    for (const file of new Set(needed)) put(file, `base/${path.basename(file)}`);
    const loader = vulkanLoader();
    if (loader) put(loader, 'vulkan/libvulkan.so.1');
    else console.warn('no Vulkan loader found here: the machine that runs it must have libvulkan.so.1');

    fs.mkdirSync(path.join(folder, 'peers'));
    const peers = path.join(root, 'bench', 'peers');
    for (const name of fs.readdirSync(peers).filter((name) => /\.(py|txt)$/.test(name)))
      fs.copyFileSync(path.join(peers, name), path.join(folder, 'peers', name));
    fs.copyFileSync(path.join(root, 'bench', 'pack_run.sh'), path.join(folder, 'run.sh'));
    fs.chmodSync(path.join(folder, 'run.sh'), 0o755);
  } finally {
    fs.rmSync(parts, { recursive: true, force: true });
  }
}

/** The system's, or the one that comes with a browser. */
function vulkanLoader() {
  const system = ['/usr/lib64', '/usr/lib', '/lib64', '/lib', '/usr/local/lib'];
  const nested = system.flatMap((folder) => [folder, path.join(folder, `${machine()}-linux-gnu`)]);
  const folders = [...nested, '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  return folders.map((folder) => path.join(folder, 'libvulkan.so.1')).find((file) => fs.existsSync(file));
}

const machine = () => (process.arch === 'arm64' ? 'aarch64' : 'x86_64');

/** Where the folder goes. @param {readonly string[]} given @returns {string} */
export function folderOf(given) {
  if (given.length === 0) return path.join(root, 'bench-pack');
  const value = given[0] === '--out' ? given[1] : /^--out=(.+)$/.exec(given[0])?.[1];
  if (!value || given.length > (given[0] === '--out' ? 2 : 1))
    throw new Error(`unknown arguments ${given.join(' ')}; there is --out FOLDER`);
  const folder = path.resolve(value);
  // it is made anew: nothing of the user's may be in it
  const known =
    !fs.existsSync(folder) || fs.readdirSync(folder).length === 0 || fs.existsSync(path.join(folder, 'run.sh'));
  if (!known) throw new Error(`--out: ${folder} is there already, and is no pack`);
  return folder;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    if (process.platform !== 'linux')
      throw new Error(`bench:pack packs for Linux on Linux, and this is ${process.platform}`);
    const folder = folderOf(process.argv.slice(2));
    await setup({ browser: false });
    await pack(folder);
    const { text, tooHeavy } = verdict(weigh(folder));
    console.log(`${folder}: ${text}`);
    if (tooHeavy) throw new Error('the pack is too heavy');
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What a user gets: the packed package in an empty project, with the first script of the README in it.

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');
let project = '';

beforeAll(async () => {
  const script = firstScript();
  project = await mkdtemp(join(tmpdir(), 'spiketape-pack-'));
  await run('npm', ['pack', '--pack-destination', project, '--loglevel', 'error'], root);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack left no tarball');
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'first', private: true, type: 'module' }));
  await run('npm', ['install', `./${tarball}`, '--prefer-offline', '--no-audit', '--no-fund'], project);
  await writeFile(join(project, 'first.ts'), script);
}, 300_000);

afterAll(async () => {
  if (project !== '') await rm(project, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('holds what it needs and no sources of tests', () => {
    const files = readdirSync(join(project, 'node_modules/spiketape'));
    for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'bin', 'dist']) expect(files).toContain(name);
    for (const name of ['test', 'cli', 'src', 'runs', '.ci']) expect(files).not.toContain(name);
  });

  it('names entries that exist, and every one can be imported in plain Node', async () => {
    const folder = join(project, 'node_modules/spiketape');
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
    };
    const names: string[] = [];
    for (const [name, entry] of Object.entries(exports)) {
      for (const path of typeof entry === 'string' ? [entry] : Object.values(entry)) {
        expect(existsSync(join(folder, path)), `${name}: ${path}`).toBe(true);
      }
      if (name !== './package.json') names.push(name.replace('.', 'spiketape'));
    }
    const code = names.map((name) => `console.log(Object.keys(await import('${name}')).length)`).join(';');
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], project);
    const counts = stdout.trim().split('\n').map(Number);
    expect(counts).toHaveLength(names.length);
    for (const [i, count] of counts.entries()) expect(count, names[i]).toBeGreaterThan(0);
  });

  it('says a mistake that nobody catches in a few lines, not behind all its code', async () => {
    const code = "import { LIF } from 'spiketape'; new LIF(3, 4, { tua: 3 });";
    const said = await run(process.execPath, ['--input-type=module', '-e', code], project).catch(String);
    expect(said).toContain("there is no option 'tua'; did you mean 'tau'?");
    expect(String(said).length).toBeLessThan(10_000);
  });
});

describe("the README's first script", () => {
  it.each([
    { module: 'ESNext', moduleResolution: 'bundler' },
    { module: 'NodeNext', moduleResolution: 'nodenext' },
  ])('type-checks with moduleResolution $moduleResolution', { timeout: 90_000 }, async (how) => {
    const compilerOptions = {
      ...how,
      target: 'ES2022',
      lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    const config = `tsconfig.${how.moduleResolution}.json`;
    await writeFile(join(project, config), JSON.stringify({ compilerOptions, files: ['first.ts'] }));
    const problems = await run(process.execPath, [tsc, '-p', config], project).then(
      () => [],
      (error: Error) => ownProblems(error.message),
    );
    expect(problems).toEqual([]);
  });

  it.each(['chrome', 'node'])('runs with --runtime %s', { timeout: 300_000 }, async (runtime) => {
    const args = ['--no-install', 'spiketape', 'run', 'first.ts', '--runtime', runtime, '--out', `out-${runtime}`];
    const { stdout, stderr } = await run('npx', args, project);
    expect(`${stdout}${stderr}`.trim()).not.toBe('');
  });
});

/**
 * The compiler's complaints about the script and about our declarations. Library checks are on, so that ours are looked
 * at; those of packages we depend on do not all pass them.
 */
function ownProblems(output: string): string[] {
  const problems = output.split('\n').filter((line) => /^\S+\(\d+,\d+\): error |^error TS/.test(line));
  if (problems.length === 0) return [output];
  return problems.filter((line) => !line.startsWith('node_modules/') || line.startsWith('node_modules/spiketape/'));
}

/** The first TypeScript block of the README. */
function firstScript(): string {
  const readme = join(root, 'README.md');
  if (!existsSync(readme)) throw new Error('README.md does not exist; its first script is what this test runs');
  const block = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(readme, 'utf8'));
  if (!block?.[1]) throw new Error('README.md has no ```ts block; the first one is the script that this test runs');
  return block[1];
}

/** Runs a command to its end; rejects with all that it printed when its exit code is not 0. */
function run(command: string, args: string[], cwd: string): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    // npm and npx are scripts on Windows, which only a shell starts.
    const shell = process.platform === 'win32' && command !== process.execPath;
    const child = spawn(command, args, { cwd, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ stdout, stderr });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}\n${stdout}\n${stderr}`));
    });
  });
}

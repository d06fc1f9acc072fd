import text from 'worker:./worker/main.ts';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith, repository, tool } from './tool.ts';

const SCRIPT = `
  import text from 'worker:./worker/main.ts';
  import { host } from 'spiketape/host';
  const answer = await new Promise(async (resolve, reject) => {
    if (host.runtime === 'node') {
      const { Worker } = await import('node:worker_threads');
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)));
      worker.on('message', resolve).on('error', reject).postMessage(21);
    } else {
      const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
      const worker = new Worker(address, { type: 'module' });
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(21);
    }
  });
  console.log(answer);
`;

function folder(): string {
  const cwd = folderWith({ 'script.ts': SCRIPT });
  cpSync(join(repository, 'test', 'cli', 'worker'), join(cwd, 'worker'), { recursive: true });
  return cwd;
}

describe('a module imported as the text of a worker', () => {
  it.each(['chrome', 'node'])('starts one in %s', async (runtime) => {
    const { code, stdout, stderr } = await tool(['run', 'script.ts', '--runtime', runtime], folder());
    expect([code, stdout, stderr]).toEqual([0, '42\n', '']);
  });

  it('starts one in a test', async () => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
    onTestFinished(() => void worker.terminate());
    worker.postMessage(4);
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe(8);
  });

  it('shows where it does not compile, and what is missing', async () => {
    const cwd = folderWith({
      'script.ts': `import text from 'worker:./broken.ts';\nconsole.log(text);\n`,
      'broken.ts': `export const x: = 1;\n`,
      'missing.ts': `import text from 'worker:./nowhere.ts';\nconsole.log(text);\n`,
    });
    const broken = await tool(['run', 'script.ts', '--runtime', 'node'], cwd);
    expect(broken.stderr).toContain('broken.ts:1:16');
    expect((await tool(['run', 'missing.ts', '--runtime', 'node'], cwd)).stderr).toContain('./nowhere.ts');
    expect(broken.code).toBe(2);
  });

  it('leaves static imports of modules of Node an error in pages', async () => {
    const cwd = folderWith({ 'script.ts': `import { cpus } from 'node:os';\nconsole.log(cpus());\n` });
    const { code, stderr } = await tool(['run', 'script.ts'], cwd);
    expect(code).toBe(2);
    expect(stderr).toContain('node:os');
  });
});

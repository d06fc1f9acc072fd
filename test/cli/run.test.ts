import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, folderWith, read, tool } from './tool.ts';

describe.each(['chrome', 'node'] as const)('a script in %s', (runtime) => {
  it('gets its arguments, an adapter and its data, prints in order and saves', async () => {
    const cwd = folderWith({
      'data/digits.bin': '0123456789',
      'data/sub/more.txt': 'more',
      'shader.wgsl': '// text',
      'script.ts': `
        import { host, options } from 'spiketape/host';
        import shader from './shader.wgsl';
        console.log('1', options({ epochs: 1, order: ['rows', 'pixels'] }), host.runtime, host.dataDir, shader);
        console.error('2');
        console.info('%s of %d', 'three', 3, { nested: [1, 2] });
        const adapter = await navigator.gpu.requestAdapter();
        console.log('adapter', adapter !== null, (await adapter!.requestDevice()) instanceof GPUDevice);
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        console.log(text(await host.readData('digits.bin', { start: 2, end: 5 })), text(await host.readData('sub/more.txt')));
        console.log(await host.listData(), await host.statData('digits.bin'));
        for (let i = 0; i < 3; i++) void host.append('metrics.jsonl', i + '\\n');
        async function* parts() {
          yield new TextEncoder().encode('streamed ');
          yield new Uint8Array(3_000_000).fill(120);
        }
        await host.save('deep/model.bin', parts());
        await host.save('bytes.bin', new Uint8Array([104, 105]));
        host.progress({ done: 1, total: 1, label: 'training', values: { loss: 0.25 } });
        for (let i = 0; i < 200; i++) console.log('line', i);
        void host.save('late.txt', 'saved without waiting');
      `,
    });
    const args = ['run', 'script.ts', '--runtime', runtime, '--data', 'data', '--out', 'result'];
    const { code, stdout, stderr } = await tool([...args, '--', '--order', 'pixels', '--epochs=7'], cwd);
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      `1 { epochs: 7, order: 'pixels' } ${runtime} data // text`,
      'three of 3 { nested: [1, 2] }',
      'adapter true true',
      '234 more',
      `['digits.bin', 'sub/'] { size: 10 }`,
    ]);
    expect(lines.slice(5)).toEqual(Array.from({ length: 200 }, (_, i) => `line ${i}`));
    expect(stderr).toContain('2\n');
    expect(stderr).toMatch(/training {2}\[=+\] {2}100 % {2}loss 0\.2500/);
    expect(stderr).toContain('saving to result');
    const out = join(cwd, 'result');
    expect(filesIn(out)).toEqual(['bytes.bin', 'deep/model.bin', 'late.txt', 'metrics.jsonl', 'run.json']);
    expect(read(out, 'metrics.jsonl')).toBe('0\n1\n2\n');
    expect(read(out, 'bytes.bin')).toBe('hi');
    expect(read(out, 'deep/model.bin')).toBe(`streamed ${'x'.repeat(3_000_000)}`);
  });

  it('ends with exit code 1 and the TypeScript line of an exception and of its cause', async () => {
    const cwd = folderWith({
      'lib/deep.ts': `
        interface Unused { a: number }
        export function fails(value: Unused | null): number {
          if (value === null) throw new Error('no value', { cause: new RangeError('inner') });
          return value.a;
        }
      `,
      'script.ts': `import { fails } from './lib/deep.ts';\nconsole.log('before');\n\nfails(null);\nconsole.log('after');\n`,
    });
    const { code, stdout, stderr } = await tool(['run', 'script.ts', '--runtime', runtime], cwd);
    expect(code).toBe(1);
    expect(stdout).toBe('before\n');
    expect(stderr).toMatch(/Uncaught Error: no value\n +at fails \(lib\/deep\.ts:4:37\)\n +at script\.ts:4:1/);
    expect(stderr).toContain('caused by RangeError: inner');
  });

  it('reports a rejection that nobody handles and an exception in a callback', async () => {
    const cwd = folderWith({
      'rejects.ts': `void Promise.reject(new Error('forgotten'));\nawait new Promise(() => {});\n`,
      'throws.ts': `setTimeout(() => {\n  throw new TypeError('later');\n}, 10);\nawait new Promise(() => {});\n`,
    });
    const rejected = await tool(['run', 'rejects.ts', '--runtime', runtime], cwd);
    expect(rejected.stderr).toMatch(/Uncaught Error: forgotten\n +at rejects\.ts:1:21/);
    const thrown = await tool(['run', 'throws.ts', '--runtime', runtime, '--json'], cwd);
    const events = thrown.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.at(-2)?.text).toMatch(/^Uncaught TypeError: later\n +at .*throws\.ts:2:9/);
    expect(events.at(-1)).toEqual({ type: 'exit', code: 1 });
    expect([rejected.code, thrown.code]).toEqual([1, 1]);
  });

  it('shows wrong arguments of the script without a stack, exit code 2', async () => {
    const cwd = folderWith({ 'script.ts': `import { options } from 'spiketape/host';\noptions({ epochs: 1 });\n` });
    const { code, stderr } = await tool(['run', 'script.ts', '--runtime', runtime, '--', '--epoch', '3'], cwd);
    expect(stderr).toBe('unknown argument --epoch; known are --epochs <number, default 1>\n');
    expect(code).toBe(2);
  });
});

describe('a script in node', () => {
  it('that crashes its process is reported', async () => {
    const cwd = folderWith({ 'script.ts': `process.kill(process.pid, 'SIGSEGV');\nawait new Promise(() => {});\n` });
    const { code, stderr } = await tool(['run', 'script.ts', '--runtime', 'node'], cwd);
    expect(stderr).toContain(`the script's process was ended by SIGSEGV`);
    expect(code).toBe(1);
  });

  it('may use CommonJS packages that require modules of Node', async () => {
    const cwd = folderWith({
      'node_modules/old/index.js': `module.exports = require('node:path').basename('a/b');`,
      'script.ts': `import name from 'old';\nconsole.log(name);\n`,
    });
    const { code, stdout } = await tool(['run', 'script.ts', '--runtime', 'node'], cwd);
    expect([code, stdout]).toEqual([0, 'b\n']);
  });
});

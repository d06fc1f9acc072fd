import type * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Output } from '../../cli/output.ts';
import { startServer } from '../../cli/server.ts';
import { fileClient } from '../../src/host/client.ts';
import { outputOf } from '../../src/host/files.ts';
import { filesIn, folderWith, read, tool } from './tool.ts';

/** The disk: bytes that it has room for, and the error of a folder that may not be written to. */
const disk = { room: Number.POSITIVE_INFINITY, refuses: '' };

vi.mock('node:fs/promises', async (importActual) => {
  const actual = await importActual<typeof fs>();
  const broken = (code: string) =>
    Object.assign(new Error(`${code}: as the system says it`), { code, syscall: 'write' });
  const open: typeof actual.open = async (path, flags, mode) => {
    if (disk.refuses && flags !== 'r') throw broken(disk.refuses);
    const handle = await actual.open(path, flags, mode);
    const write = handle.write.bind(handle) as (bytes: Uint8Array, at: number) => Promise<{ bytesWritten: number }>;
    // As a disk does it: what fits is written, then the error comes.
    const limited = async (bytes: Uint8Array, at = 0) => {
      if (disk.room === 0) throw broken('ENOSPC');
      const fits = bytes.subarray(at, at + disk.room);
      disk.room -= fits.length;
      return write(fits, 0);
    };
    return Object.assign(handle, { write: limited });
  };
  return { ...actual, open };
});

beforeEach(() => Object.assign(disk, { room: Number.POSITIVE_INFINITY, refuses: '' }));

/** The store of a run, over a folder that has a file already. */
async function store(files: Record<string, string> = { 'old.txt': 'old', log: 'one\n' }) {
  const folder = join(folderWith(Object.fromEntries(Object.entries(files).map(([k, v]) => [`out/${k}`, v]))), 'out');
  const output = new Output(
    folder,
    () => {},
    () => {},
  );
  const server = await startServer({ data: null, output });
  onTestFinished(() => server.close());
  const client = fileClient({ base: server.base });
  return { folder, client, output, store: outputOf(client) };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('the output folder', () => {
  it('is written, read, listed and tidied by the script', async () => {
    const { folder, store: out } = await store({});
    expect([await out.list(), await out.list('checkpoints')]).toEqual([[], []]);
    await out.write('checkpoints/2.bin', new Uint8Array([1, 2, 3, 4]));
    await out.write('checkpoints/10.bin', 'text');
    void out.write('checkpoints/2.bin', 'abcdef');
    // What was written before is read after.
    expect(text(await out.read('checkpoints/2.bin', { start: 2, end: 4 }))).toBe('cd');
    expect(await out.size('checkpoints/2.bin')).toBe(6);
    expect(await out.list('checkpoints')).toEqual(['10.bin', '2.bin']);
    await out.remove('checkpoints/2.bin');
    await out.remove('checkpoints/2.bin');
    await out.remove('nowhere/x');
    expect(filesIn(folder)).toEqual(['checkpoints/10.bin']);
    await expect(out.read('checkpoints/2.bin')).rejects.toThrow(
      `output.read 'checkpoints/2.bin': there is no such file`,
    );
    await expect(out.remove('checkpoints')).rejects.toThrow('the target is a folder');
    await expect(out.remove('../secret')).rejects.toThrow('not allowed');
    await expect(out.list('../')).rejects.toThrow('not allowed');
  });

  it('has no files before the first save, and is not made by looking', async () => {
    const cwd = folderWith();
    const output = new Output(
      join(cwd, 'out'),
      () => {},
      () => {},
    );
    const server = await startServer({ output });
    onTestFinished(() => server.close());
    const out = outputOf(fileClient({ base: server.base }));
    expect(await out.list()).toEqual([]);
    await out.remove('x');
    await expect(out.size('x')).rejects.toThrow('there is no such file');
    expect(filesIn(cwd)).toEqual([]);
  });

  it('is cleared of what a killed run left unfinished when it goes on', async () => {
    const {
      folder,
      output,
      store: out,
    } = await store({
      'a.txt': 'a',
      '.a.txt.0123456789ab.part': 'half',
      'deep/.b.bin.ba9876543210.part': 'half',
      'deep/.own.part': 'not ours',
    });
    expect(await out.list()).toEqual(['a.txt', 'deep/']);
    await output.reopen();
    expect(filesIn(folder)).toEqual(['a.txt', 'deep/.own.part']);
  });
});

describe('a full disk', () => {
  it('fails a save in words, with the place, and leaves what was there', async () => {
    const { folder, client, store: out } = await store();
    disk.room = 1_500_000;
    const full = `the disk is full (${join(folder, 'old.txt')})`;
    await expect(out.write('old.txt', new Uint8Array(3_000_000))).rejects.toThrow(`save 'old.txt': ${full}`);
    disk.room = 2;
    await expect(client.append('log', 'two\n')).rejects.toThrow(
      `append 'log': the disk is full (${join(folder, 'log')})`,
    );
    expect(filesIn(folder)).toEqual(['log', 'old.txt']);
    expect([read(folder, 'old.txt'), read(folder, 'log')]).toEqual(['old', 'one\n']);
    disk.room = Number.POSITIVE_INFINITY;
    await out.write('old.txt', 'new');
    await client.append('log', 'two\n');
    expect([read(folder, 'old.txt'), read(folder, 'log')]).toEqual(['new', 'one\ntwo\n']);
  });
});

it.each([
  ['EACCES', 'permission denied'],
  ['EROFS', 'the disk is read-only'],
  ['EDQUOT', 'the disk quota is used up'],
])('%s is said in words, with the place', async (code, words) => {
  const { folder, client, store: out } = await store();
  disk.refuses = code;
  await expect(out.write('new.txt', 'x')).rejects.toThrow(`save 'new.txt': ${words} (${join(folder, 'new.txt')})`);
  await expect(client.append('log', 'x')).rejects.toThrow(`append 'log': ${words} (${join(folder, 'log')})`);
  expect(filesIn(folder)).toEqual(['log', 'old.txt']);
});

it('a run whose folder cannot be made ends with the message', async () => {
  const cwd = folderWith({
    file: 'kept',
    'script.ts': `import { host } from 'spiketape/host';\nawait host.save('a.txt', 'a');\n`,
  });
  const { code, stderr } = await tool(['run', 'script.ts', '--runtime', 'node', '--out', 'file/out'], cwd);
  expect(code).toBe(1);
  expect(stderr).toContain(`save 'a.txt': a part of the path is a file, not a folder (file/out)`);
  expect(read(cwd, 'file')).toBe('kept');
});

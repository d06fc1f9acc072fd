import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { directoryFiles, type Files, fileListFiles, gunzip, memoryFiles, walk, within } from '../../datasets/index.ts';

const files = memoryFiles({ 'a/one.txt': 'one', 'a/b/two.txt': 'two, longer', 'c.bin': new Uint8Array([1, 2, 3]) });

/** What of the File System Access API a folder is read with. */
function handleOf(tree: Record<string, unknown>, name = 'chosen'): FileSystemDirectoryHandle {
  const of = (kind: 'file' | 'directory') => async (entry: string) => {
    const value = tree[entry];
    if (value === undefined || (kind === 'file') !== value instanceof File)
      throw new DOMException(entry, 'NotFoundError');
    return kind === 'directory' ? handleOf(value as Record<string, unknown>, entry) : { getFile: async () => value };
  };
  return {
    name,
    getFileHandle: of('file'),
    getDirectoryHandle: of('directory'),
    entries: async function* () {
      for (const [entry, value] of Object.entries(tree))
        yield [entry, { kind: value instanceof File ? 'file' : 'directory' }];
    },
  } as unknown as FileSystemDirectoryHandle;
}

function chosen(path: string, content: string): File {
  return Object.defineProperty(new File([content], path.split('/').at(-1)!), 'webkitRelativePath', { value: path });
}

const forms: [string, Files][] = [
  ['in memory', files],
  [
    'below another',
    within(memoryFiles({ 'x/y/a/one.txt': 'one', 'x/y/a/b/two.txt': 'two, longer', 'x/y/c.bin': '123' }), 'x/y'),
  ],
  [
    'of a file input',
    fileListFiles([
      chosen('top/a/one.txt', 'one'),
      chosen('top/a/b/two.txt', 'two, longer'),
      chosen('top/c.bin', '123'),
    ]),
  ],
  [
    'of a directory handle',
    directoryFiles(
      handleOf({
        a: { 'one.txt': new File(['one'], ''), b: { 'two.txt': new File(['two, longer'], '') } },
        'c.bin': new File(['123'], ''),
      }),
    ),
  ],
];

describe.each(forms)('a folder %s', (_, folder) => {
  it('lists, sizes and reads its files', async () => {
    expect(await folder.list()).toEqual(['a/', 'c.bin']);
    expect(await folder.list('a/')).toEqual(['b/', 'one.txt']);
    expect(await walk(folder)).toEqual(['a/b/two.txt', 'a/one.txt', 'c.bin']);
    expect([await folder.size('c.bin'), await folder.size('a/b/two.txt')]).toEqual([3, 11]);
    expect(new TextDecoder().decode(await folder.read('a/b/two.txt', { start: 5, end: 9 }))).toBe('long');
    expect((await folder.read('./a/one.txt', { start: 3 })).length).toBe(0);
  });

  it('says what is there when something is missing, and refuses ranges beyond the end', async () => {
    await expect(folder.read('a/three.txt')).rejects.toThrow(
      /there is no '.*a\/three.txt' in this folder; it has b\/, one.txt/,
    );
    await expect(folder.list('d')).rejects.toThrow(/there is no '.*d'/);
    await expect(folder.read('a/one.txt', { end: 4 })).rejects.toThrow('bytes 0 to 4 were asked for, the file has 3');
    await expect((async () => folder.read('../c.bin'))()).rejects.toThrow(
      "'../c.bin': expected a path below the folder",
    );
  });
});

describe('gunzip', () => {
  const bytes = new Uint8Array(200_000).map((_, i) => (i * i) >>> 3);
  const packed = new Uint8Array(gzipSync(bytes));

  it('unpacks what was packed', async () => {
    expect(await gunzip(packed, 'x.gz')).toEqual(bytes);
  });

  it('says what is wrong and where', async () => {
    await expect(gunzip(bytes, 'x.gz')).rejects.toThrow(
      'x.gz: expected a whole gzip file, bytes 1f 8b at its start, got 00 00',
    );
    await expect(gunzip(new Uint8Array(0), 'x.gz')).rejects.toThrow('at its start, got an empty file');
    await expect(gunzip(packed.slice(0, 900), 'x.gz')).rejects.toThrow('it is damaged, or cut short at byte 900');
    const wrong = packed.slice();
    wrong[packed.length - 5]! ^= 4;
    await expect(gunzip(wrong, 'x.gz')).rejects.toThrow('x.gz: expected a whole gzip file');
  });
});

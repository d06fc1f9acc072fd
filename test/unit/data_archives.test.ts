import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archiveFiles, each, type Files, memoryFiles, walk, within } from '../../datasets/index.ts';

// Members of archives written by another program (test/fixtures/archives), and archives that are damaged.

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`test/fixtures/archives/${name}`));
const text = async (files: Files, path: string): Promise<string> => new TextDecoder().decode(await files.read(path));
const LONG = `deep/${'folder-with-a-long-name/'.repeat(6)}a-file-with-a-name-of-its-own.txt`;

/** An archive in memory; what is read of it is counted. */
function counted(bytes: Uint8Array): { files: Files; read: () => number } {
  const files = memoryFiles({ x: bytes });
  let read = 0;
  const counting: Files = {
    ...files,
    read: async (path, range = {}) => {
      const got = await files.read(path, range);
      read += got.length;
      return got;
    },
  };
  return { files: counting, read: () => read };
}

const archives = ['gnu', 'pax', 'ustar'].flatMap((kind) => {
  const packed = fixture(`${kind}.tar.gz`);
  return [
    [`${kind}.tar.gz`, packed, kind] as const,
    [`${kind}.tar`, new Uint8Array(gunzipSync(packed)), kind] as const,
  ];
});

describe.each([...archives, ['members.zip', fixture('members.zip'), 'zip'] as const])('%s', (_, bytes, kind) => {
  it('lists and reads its files', async () => {
    const files = await archiveFiles(memoryFiles({ x: bytes }), 'x');
    const names = ['a.txt', LONG, 'empty', ...(kind === 'ustar' ? [] : ['grüße/ä.txt']), 'sub/b.bin'];
    expect(await walk(files)).toEqual(names.sort());
    expect(await files.list()).toEqual(
      ['a.txt', 'deep/', 'empty', ...(kind === 'ustar' ? [] : ['grüße/']), 'sub/'].sort(),
    );
    expect(await files.list('sub')).toEqual(['b.bin']);
    expect(await text(files, 'a.txt')).toBe(kind === 'zip' ? 'first\n' : 'second, which holds\n');
    expect(await text(files, LONG)).toBe('far down\n');
    expect([await files.size('empty'), await files.size('sub/b.bin')]).toEqual([0, 1280]);
    expect([...(await files.read('sub/b.bin', { start: 255, end: 259 }))]).toEqual([255, 0, 1, 2]);
    expect((await files.read('empty')).length).toBe(0);
    const below = within(files, 'deep');
    const [path] = await walk(below);
    for await (const member of each(below, [path!]))
      expect([member.path, member.bytes.length]).toEqual([LONG.slice(5), 9]);
    await expect(files.read('sub/c.bin')).rejects.toThrow("there is no 'sub/c.bin' in this folder; it has b.bin");
    await expect(files.read('a.txt', { end: 2000 })).rejects.toThrow('bytes 0 to 2000 were asked for, the file has');
  });
});

describe('a long archive', () => {
  const content = (i: number): Uint8Array => new Uint8Array(3000).fill(i);
  /** A tar archive of its own: ustar headers as POSIX says. */
  const tar = (members: [string, Uint8Array][]): Uint8Array => {
    const blocks: Uint8Array[] = [];
    for (const [name, bytes] of members) {
      const header = new Uint8Array(512);
      const put = (at: number, s: string): void => header.set(new TextEncoder().encode(s), at);
      put(0, name);
      put(124, `${bytes.length.toString(8).padStart(11, '0')}\0`);
      put(156, '0');
      put(257, 'ustar\u000000');
      put(148, '        ');
      put(
        148,
        `${header
          .reduce((a, b) => a + b)
          .toString(8)
          .padStart(6, '0')}\0 `,
      );
      const padded = new Uint8Array(512 * Math.ceil(bytes.length / 512));
      padded.set(bytes);
      blocks.push(header, padded);
    }
    return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(1024)]));
  };
  const members = Array.from({ length: 100 }, (_, i): [string, Uint8Array] => [`${(i * 37) % 100}.bin`, content(i)]);

  it('is read by ranges where its form allows', async () => {
    const { files, read } = counted(tar([...members, ['large.bin', new Uint8Array(2e6)]]));
    const inside = await archiveFiles(files, 'x');
    expect(await inside.size('large.bin')).toBe(2e6);
    const before = read();
    // headers alone: the large member's content is not among it
    expect(before).toBeLessThan(1e6);
    await inside.read('37.bin');
    expect(read() - before).toBe(3000);
  });

  it.each([
    ['kept in memory', 2 ** 20],
    ['unpacked again', 1000],
  ])('gives every member of a packed one in any order, %s', async (_, keep) => {
    const { files, read } = counted(new Uint8Array(gzipSync(tar(members))));
    const inside = await archiveFiles(files, 'x', { keep });
    const paths = await inside.list();
    const before = read();
    const seen: string[] = [];
    for await (const { path, bytes } of each(inside, paths)) {
      seen.push(path);
      expect(bytes).toEqual(members.find(([name]) => name === path)![1]);
    }
    // in the archive's order, so that it was unpacked once more at most
    expect(seen).toEqual(members.map(([name]) => name));
    const size = (await files.size('x')) + 1;
    expect(read() - before).toBeLessThanOrEqual(keep > 1000 ? 0 : size);
    for (const path of ['99.bin', '0.bin', '50.bin', '0.bin'])
      expect(await inside.read(path)).toEqual(members.find(([name]) => name === path)![1]);
    const both = await Promise.all([inside.read('1.bin'), inside.read('98.bin'), inside.read('2.bin')]);
    expect(both.map((b) => b.length)).toEqual([3000, 3000, 3000]);
  });

  it('is refused when it is damaged, with the place', async () => {
    const whole = tar(members);
    const open = (bytes: Uint8Array): Promise<Files> => archiveFiles(memoryFiles({ 'a/x.tar': bytes }), 'a/x.tar');
    await expect(open(whole.slice(0, 9000))).rejects.toThrow(
      "a/x.tar: the tar archive is cut short: no end mark and no header at byte 10752, after '74.bin' of 3000 bytes at byte 7680",
    );
    await expect(open(whole.slice(0, 3584 * 3))).rejects.toThrow('no end mark and no header at byte 10752');
    const wrong = whole.slice();
    wrong[3584 + 3] = 7;
    await expect(open(wrong)).rejects.toThrow('a/x.tar: byte 3584: expected a tar header, its checksum does not fit');
    const packed = new Uint8Array(gzipSync(whole));
    await expect(open(packed.slice(0, packed.length - 200))).rejects.toThrow(
      /a\/x.tar: expected a whole gzip file of \d+ bytes; it is damaged, or cut short at byte \d+/,
    );
    const flipped = packed.slice();
    flipped[flipped.length - 6]! ^= 1;
    await expect(open(flipped)).rejects.toThrow('expected a whole gzip file');
    await expect(open(new Uint8Array(600).fill(65))).rejects.toThrow('a/x.tar: expected an archive');
    await expect(open(new Uint8Array(0))).rejects.toThrow('a/x.tar: expected an archive');
  });
});

describe('a zip file', () => {
  const zip = fixture('members.zip');
  const open = (bytes: Uint8Array): Promise<Files> => archiveFiles(memoryFiles({ 'x.zip': bytes }), 'x.zip');

  it('is refused without its directory, and a member that is damaged when it is read', async () => {
    await expect(open(zip.slice(0, zip.length - 60))).rejects.toThrow(
      `x.zip: expected a zip file with a whole directory at its end (byte ${zip.length - 60})`,
    );
    const wrong = zip.slice();
    const at = Buffer.from(zip).indexOf('first');
    wrong[at]! ^= 1;
    const files = await open(wrong);
    expect(await text(files, LONG)).toBe('far down\n');
    await expect(files.read('a.txt')).rejects.toThrow(/x\.zip: 'a\.txt' at byte \d+ is damaged/);
  });
});

describe('a file packed by gzip', () => {
  it('is a folder of one file', async () => {
    const files = await archiveFiles(memoryFiles({ 'b/digits.csv.gz': gzipSync('1,2\n') }), 'b/digits.csv.gz');
    expect(await files.list()).toEqual(['digits.csv']);
    expect(await text(files, 'digits.csv')).toBe('1,2\n');
    expect(await files.size('digits.csv')).toBe(4);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folderOf, libraries, verdict, weigh } from '../../bench/pack.mjs';

const folder = mkdtempSync(join(tmpdir(), 'spiketape-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the pack', () => {
  it('takes along the libraries that are not of the C library', () => {
    const ldd = `
	linux-vdso.so.1 (0x00007f0a72e9b000)
	libdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f0a72e84000)
	libstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f0a72c00000)
	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f0a72b20000)
	libnode.so.108 => /usr/lib/libnode.so.108 (0x00007f0a72a00000)
	libmissing.so.1 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0a7293e000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f0a72e9d000)`;
    expect(libraries(ldd)).toEqual(['/lib/x86_64-linux-gnu/libstdc++.so.6', '/usr/lib/libnode.so.108']);
  });

  it('lists what it weighs, the heaviest first, and says when that is too much', () => {
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'heavy'), new Uint8Array(2_100_000));
    writeFileSync(join(folder, 'light'), new Uint8Array(400_000));
    const files = weigh(folder);
    expect(files).toEqual([
      { name: join('a', 'heavy'), bytes: 2_100_000 },
      { name: 'light', bytes: 400_000 },
    ]);
    expect(verdict(files)).toEqual({
      text: `2.5 MB of 50.0\n     2.1 MB  ${join('a', 'heavy')}\n     0.4 MB  light`,
      tooHeavy: false,
    });
    expect(verdict(files, 2.5e6).tooHeavy).toBe(false);
    expect(verdict(files, 2.49e6).tooHeavy).toBe(true);
  });

  it('replaces only a pack', () => {
    expect(folderOf([])).toMatch(/bench-pack$/);
    expect(folderOf(['--out', join(folder, 'new')])).toBe(join(folder, 'new'));
    mkdirSync(join(folder, 'old'));
    writeFileSync(join(folder, 'old', 'run.sh'), '');
    expect(folderOf([`--out=${join(folder, 'old')}`])).toBe(join(folder, 'old'));
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine', 'thesis'), '');
    expect(() => folderOf(['--out', join(folder, 'mine')])).toThrow(/mine is there already, and is no pack/);
    expect(() => folderOf(['--outt', 'x'])).toThrow(/unknown arguments --outt x; there is --out FOLDER/);
    expect(() => folderOf(['--out'])).toThrow(/there is --out FOLDER/);
  });

  it('runs by a script that any shell can read', () => {
    execFileSync('sh', ['-n', join(import.meta.dirname, '../../bench/pack_run.sh')]);
  });
});

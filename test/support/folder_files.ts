import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../../datasets/index.ts';

/** A folder of this machine, as scripts get one from their runner. */
export function folderFiles(folder: string): Files {
  const at = (path: string): string => join(folder, path);
  return {
    list: async (path = '') =>
      (await readdir(at(path), { withFileTypes: true })).map((e) => (e.isDirectory() ? `${e.name}/` : e.name)).sort(),
    size: async (path) => (await stat(at(path))).size,
    read: async (path, { start = 0, end } = {}) => {
      const file = await open(at(path));
      try {
        const length = (end ?? (await file.stat()).size) - start;
        const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

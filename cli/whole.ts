import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Names of files that are not complete yet. */
export const UNFINISHED = /^\..+\.[0-9a-f]{12}\.part$/;

/** Where a file grows until it is complete: beside its own place, where a rename cannot fail halfway. */
export function unfinished(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.part`);
}

/** Writes a file that appears when it is complete and on disk, or not at all. */
export async function writeWhole(target: string, content: string): Promise<void> {
  const temporary = unfinished(target);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/** A rename is on disk once its folder is; Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

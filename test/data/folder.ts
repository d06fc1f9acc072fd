import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../../datasets/index.ts';
import { folderFiles } from '../support/folder_files.ts';

/**
 * A data set's own folder below the one that SPIKETAPE_DATA names.
 *
 * @throws when the variable is not set or the folder is not there
 */
export function dataFolder(name: string): Files {
  return folderFiles(dataPath(name));
}

/** The same as a path of this machine. */
export function dataPath(name: string): string {
  const root = process.env.SPIKETAPE_DATA;
  if (!root)
    throw new Error(`these tests read the data sets' own files: SPIKETAPE_DATA must name the folder above ${name}/`);
  // where Debian's packages of data sets put them
  const folders = [join(root, name), join('/usr/share/datasets', name)];
  const folder = folders.find((f) => existsSync(f));
  if (!folder) throw new Error(`expected a folder ${folders.join(' or ')}; SPIKETAPE_DATA is ${root}`);
  return folder;
}

export const sha256 = (bytes: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    .digest('hex');

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** How often each class occurs. */
export function histogram(labels: ArrayLike<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]! += 1;
  return counts;
}

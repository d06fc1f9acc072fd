import { archiveFiles } from '../archive.ts';
import type { Files } from '../files.ts';
import { TASKS } from './tasks.ts';

export type BabiSize = '1k' | '10k';
/** The publisher's folders, by how many questions a task has to train with. */
const FOLDERS = { '1k': 'en', '10k': 'en-10k' } as const;
/** The folder that all of them lie in, as the publisher packs it. */
const OUTER = 'tasks_1-20_v1-2';
const ARCHIVE = `${OUTER}.tar.gz`;

/** One of the files of a task, and of which size it is. */
export interface Found {
  readonly path: string;
  readonly size: BabiSize;
}

export interface Finder {
  /** What the paths are in. */
  readonly from: Files;
  readonly find: (task: number, part: 'train' | 'test', wanted: BabiSize) => Found;
}

/**
 * Where the files of a task are.
 *
 * @param files the folder that has `en/` and `en-10k/`, or `tasks_1-20_v1-2/` with them, or the archive of that
 * @param wanted 10k: where a task's training file is missing, its 1k one is taken
 * @throws when a file is in none of the folders
 */
export async function babiFinder(files: Files): Promise<Finder> {
  const given = await files.list();
  const packed = given.includes(ARCHIVE) && !given.some((name) => name === `${OUTER}/` || /^en(-10k)?\/$/.test(name));
  const from = packed ? await archiveFiles(files, ARCHIVE) : files;
  const outermost = packed ? await from.list() : given;
  const root = outermost.includes(`${OUTER}/`) ? `${OUTER}/` : '';
  const there = new Map<BabiSize, readonly string[]>();
  const all = root ? await from.list(OUTER) : outermost;
  for (const [size, folder] of Object.entries(FOLDERS) as [BabiSize, string][])
    if (all.includes(`${folder}/`)) there.set(size, await from.list(`${root}${folder}`));
  if (there.size === 0)
    throw new Error(
      `bAbI: expected the folders en/ and en-10k/, ${OUTER}/ with them, or ${ARCHIVE}, got ${outermost.slice(0, 12).join(', ') || 'nothing'}`,
    );
  const find: Finder['find'] = (task, part, wanted) => {
    const stem = `qa${task}_${TASKS[task - 1]}_${part}.txt`;
    const sizes: readonly BabiSize[] = wanted === '10k' ? ['10k', '1k'] : ['1k'];
    for (const size of sizes) {
      // test files are the same in both
      for (const other of part === 'test' ? ([size, size === '1k' ? '10k' : '1k'] as const) : [size]) {
        const name = [stem, `${stem}.gz`].find((n) => there.get(other)?.includes(n));
        if (name) return { path: `${root}${FOLDERS[other]}/${name}`, size };
      }
    }
    throw new Error(
      `bAbI: task ${task} needs ${root}${FOLDERS[sizes.at(-1)!]}/${stem}.gz (or .txt), which is not there`,
    );
  };
  return { from, find };
}

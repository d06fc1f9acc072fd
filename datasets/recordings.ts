import { archiveFiles } from './archive.ts';
import { each, type Files } from './files.ts';

/** A labelled part of a data set whose items are files, read when they are asked for. */
export interface Recordings<T> {
  count: number;
  /** Where each lies, shape [count]. */
  paths: string[];
  /** Numbers of classes, shape [count]. */
  labels: Uint32Array<ArrayBuffer>;
  /** Number i. Rejects when its file is damaged. */
  read(i: number): Promise<T>;
  /** These (default: all), each once, in the order in which they are read fastest, which matters inside a .tar.gz. */
  all(which?: ArrayLike<number>): AsyncGenerator<{ index: number; item: T }>;
}

export interface Recorded {
  path: string;
  label: number;
}

/** A part of these files. `decode` is also told which of the entries it is. */
export function recordingsOf<T, E extends Recorded>(
  files: Files,
  entries: readonly E[],
  decode: (bytes: Uint8Array, entry: E) => T,
): Recordings<T> {
  const entry = (i: number): E => {
    const found = entries[i];
    if (!found) throw new Error(`recording ${i}: expected a number in 0..${entries.length - 1}`);
    return found;
  };
  return {
    count: entries.length,
    paths: entries.map(({ path }) => path),
    labels: Uint32Array.from(entries, ({ label }) => label),
    read: async (i) => decode(await files.read(entry(i).path), entry(i)),
    async *all(which) {
      // several items may be cut from one file
      const wanted = new Map<string, number[]>();
      for (let k = 0; k < (which?.length ?? entries.length); k++) {
        const i = which ? which[k]! : k;
        const { path } = entry(i);
        wanted.set(path, [...(wanted.get(path) ?? []), i]);
      }
      for await (const { path, bytes } of each(files, [...wanted.keys()]))
        for (const index of wanted.get(path)!) yield { index, item: decode(bytes, entry(index)) };
    },
  };
}

const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;

/**
 * The folder itself where it holds what `wanted` recognises, else what is in the archive that lies there.
 *
 * @param names names of files and folders (which end in `/`)
 * @throws when there is neither, or more than one archive, with what the folder has
 */
export async function opened(
  files: Files,
  what: string,
  wanted: (name: string) => boolean,
  archive: (name: string) => boolean = () => true,
): Promise<Files> {
  const names = await files.list();
  if (names.some(wanted)) return files;
  const archives = names.filter((name) => ARCHIVE.test(name) && archive(name));
  if (archives.length === 1) return archiveFiles(files, archives[0]!);
  const found = names.slice(0, 12).join(', ') || 'nothing';
  throw new Error(
    archives.length > 1
      ? `${what}: expected one archive, got ${archives.join(', ')}`
      : `${what}: expected its files or an archive of them (.zip, .tar, .tar.gz, .tgz); the folder has ${found}`,
  );
}

/** Bytes `start` (inclusive, default 0) to `end` (exclusive, default the file's size). */
export interface ByteRange {
  start?: number;
  end?: number;
}

/**
 * A folder to read from: of a disk, of a browser's file input, inside an archive, of downloads. Paths are relative and
 * separated by `/`.
 */
export interface Files {
  /** Names in a folder (default: the root), sorted; names of folders end in `/`. */
  list(folder?: string): Promise<string[]>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  /** A file, or some of its bytes. Rejects when the file is missing, or ends before the range does. */
  read(path: string, range?: ByteRange): Promise<Uint8Array>;
  /**
   * These paths in the order in which they are read fastest. Only forms that have such an order give it, as a packed tar
   * does, which is read from front to back.
   */
  fastest?(paths: readonly string[]): Promise<string[]>;
}

/** A file among others. */
export interface FileSource {
  readonly size: number | (() => Promise<number>);
  read(start: number, end: number): Promise<Uint8Array>;
}

/**
 * A folder of files that are known by their whole paths.
 *
 * @param what names the folder in messages
 */
export function filesOf(sources: ReadonlyMap<string, FileSource>, what: string): Files {
  const sized = async ({ size }: FileSource): Promise<number> => (typeof size === 'number' ? size : await size());
  const found = (path: string): FileSource => {
    const source = sources.get(plainPath(path));
    if (!source) throw missing(what, path, listOf(sources.keys(), parentOf(plainPath(path))));
    return source;
  };
  return {
    list: async (folder = '') => {
      const names = listOf(sources.keys(), plainPath(folder));
      if (names.length === 0 && plainPath(folder) !== '') throw missing(what, folder, listOf(sources.keys(), ''));
      return names;
    },
    size: async (path) => sized(found(path)),
    read: async (path, { start = 0, end } = {}) => {
      const source = found(path);
      const size = await sized(source);
      checkRange(`${what}: ${path}`, start, end ?? size, size);
      return source.read(start, end ?? size);
    },
  };
}

/** Files in memory, for tests and made data: `memoryFiles({ 'a/b.txt': bytes })`. */
export function memoryFiles(contents: Readonly<Record<string, Uint8Array | string>>): Files {
  const sources = new Map<string, FileSource>();
  for (const [path, content] of Object.entries(contents)) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    sources.set(plainPath(path), { size: bytes.length, read: async (start, end) => bytes.slice(start, end) });
  }
  return filesOf(sources, 'memory');
}

/**
 * What a page's `<input type="file" webkitdirectory multiple>` or a drop gives. Of a chosen folder the folder itself is the
 * root, so that its name does not matter.
 */
export function fileListFiles(list: Iterable<File> | ArrayLike<File>): Files {
  const sources = new Map<string, FileSource>();
  for (const file of Array.from(list)) {
    const inFolder = file.webkitRelativePath ? file.webkitRelativePath.replace(/^[^/]*\//, '') : file.name;
    sources.set(inFolder, blobSource(file));
  }
  return filesOf(sources, 'the chosen files');
}

/** A folder of the File System Access API, as `showDirectoryPicker()` gives it. */
export function directoryFiles(root: FileSystemDirectoryHandle): Files {
  const folder = async (path: string): Promise<FileSystemDirectoryHandle> => {
    let handle = root;
    for (const name of plainPath(path).split('/').filter(Boolean)) handle = await handle.getDirectoryHandle(name);
    return handle;
  };
  const list = async (path: string): Promise<string[]> => {
    const names: string[] = [];
    for await (const [name, { kind }] of (await folder(path)).entries())
      names.push(kind === 'file' ? name : `${name}/`);
    return names.sort();
  };
  const open = async (path: string): Promise<File> => {
    const parent = parentOf(plainPath(path));
    try {
      const handle = await (await folder(parent)).getFileHandle(plainPath(path).split('/').at(-1) ?? '');
      return await handle.getFile();
    } catch (cause) {
      throw missing(root.name, path, await list(parent).catch(() => []), cause);
    }
  };
  return {
    list: async (path = '') => {
      try {
        return await list(path);
      } catch (cause) {
        throw missing(root.name, path, await list('').catch(() => []), cause);
      }
    },
    size: async (path) => (await open(path)).size,
    read: async (path, { start = 0, end } = {}) => {
      const file = await open(path);
      checkRange(`${root.name}: ${path}`, start, end ?? file.size, file.size);
      return blobSource(file).read(start, end ?? file.size);
    },
  };
}

/** A folder of a folder. */
export function within(files: Files, folder: string): Files {
  const at = (path: string): string => [plainPath(folder), plainPath(path)].filter(Boolean).join('/');
  const { fastest } = files;
  return {
    list: async (path = '') => files.list(at(path)),
    size: async (path) => files.size(at(path)),
    read: async (path, range) => files.read(at(path), range),
    ...(fastest && {
      fastest: async (paths: readonly string[]) =>
        (await fastest.call(files, paths.map(at))).map((path) => path.slice(at('').length + (at('') ? 1 : 0))),
    }),
  };
}

/** Each of these files once, in whatever order is fastest. */
export async function* each(
  files: Files,
  paths: readonly string[],
): AsyncGenerator<{ path: string; bytes: Uint8Array }> {
  const order = files.fastest ? await files.fastest(paths) : paths;
  for (const path of order) yield { path, bytes: await files.read(path) };
}

/** The paths of all files below a folder, sorted. */
export async function walk(files: Files, folder = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await files.list(folder)) {
    const path = [plainPath(folder), name].filter(Boolean).join('/');
    if (name.endsWith('/')) paths.push(...(await walk(files, path)));
    else paths.push(path);
  }
  return paths.sort();
}

/** The first of these names that is there. @throws when none is, with what the folder has */
export async function firstOf(files: Files, names: readonly string[]): Promise<string> {
  const there = await files.list();
  const name = names.find((n) => there.includes(n));
  if (name === undefined)
    throw new Error(`expected ${names.join(' or ')}; the folder has ${there.slice(0, 12).join(', ') || 'nothing'}`);
  return name;
}

export function plainPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.startsWith('/'))
    throw new Error(`'${path}': expected a path below the folder, without a leading / and without ..`);
  return parts.join('/');
}

const parentOf = (path: string): string => path.split('/').slice(0, -1).join('/');

function blobSource(blob: Blob): FileSource {
  return {
    size: blob.size,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  };
}

function listOf(paths: Iterable<string>, folder: string): string[] {
  const names = new Set<string>();
  const prefix = folder === '' ? '' : `${folder}/`;
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const slash = rest.indexOf('/');
    names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
  }
  return [...names].sort();
}

function missing(what: string, path: string, there: readonly string[], cause?: unknown): Error {
  const more = there.length > 12 ? `, and ${there.length - 12} more` : '';
  const has = there.length > 0 ? `; it has ${there.slice(0, 12).join(', ')}${more}` : '';
  return new Error(`${what}: there is no '${path}' in this folder${has}`, { cause });
}

function checkRange(what: string, start: number, end: number, size: number): void {
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= size))
    throw new Error(`${what}: bytes ${start} to ${end} were asked for, the file has ${size}`);
}

import type { ExportedFile } from './exported.ts';
import { beside, partsOf } from './names.ts';

/** Where a net's files are written to and read from: `host.output` of `spiketape/host` is one. */
export interface FileStore {
  /** The file appears under its name when it is complete; until then what was there stays. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** @throws when there is no such file */
  read(path: string): Promise<Uint8Array>;
}

/** A module of Node, by a name that neither bundlers nor the types of a page look up. */
const NODE_FS: string = 'node:fs/promises';

interface Handle {
  writeFile(content: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface NodeFs {
  open(path: string, flags: string): Promise<Handle>;
  readFile(path: string): Promise<Uint8Array>;
  realpath(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
  mkdir(path: string, options: { recursive: boolean }): Promise<unknown>;
}

/** The file system of Node. @throws where there is none */
export async function nodeFiles(owner: string): Promise<FileStore> {
  if (!('process' in globalThis) || 'Deno' in globalThis || 'window' in globalThis)
    throw new Error(
      `${owner}: a page has no file system; give { files: host.output } of 'spiketape/host', or use toBlob and fromBlob`,
    );
  const fs = (await import(NODE_FS)) as NodeFs;
  return {
    read: (path) => fs.readFile(path),
    async write(path, content) {
      // a link stays one: what it names is replaced
      const target = await fs.realpath(path).catch(() => path);
      const { folder, name } = partsOf(target);
      if (folder) await fs.mkdir(folder, { recursive: true });
      // a name by which the runner knows files that were never completed
      const temporary = beside(folder, `.${name}.${crypto.randomUUID().slice(-12)}.part`);
      try {
        const handle = await fs.open(temporary, 'wx');
        try {
          await handle.writeFile(content);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await fs.rename(temporary, target);
        // a rename is on disk once its folder is; not every system can say so
        const place = await fs.open(folder || '.', 'r').catch(() => null);
        await place?.sync().catch(() => undefined);
        await place?.close();
      } catch (error) {
        await fs.rm(temporary, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** Writes the files of an export by their paths; that which it is about comes last, when what belongs to it is there. */
export async function writeAll(store: FileStore, files: readonly ExportedFile[]): Promise<void> {
  for (const { name, bytes } of [...files].reverse()) await store.write(name, bytes);
}

/** Writes files by their paths into the file system (Node), each complete or not at all. */
export async function writeFiles(files: readonly ExportedFile[]): Promise<void> {
  await writeAll(await nodeFiles('writeFiles'), files);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './process.ts';
import { syncFolder } from './whole.ts';

let count = 0;
/** Partial files that this process writes to. */
const atWork = new Set<string>();

/** One file of the cache while it is being filled. */
export class CacheEntry {
  /** Where the file lies once it is whole. */
  readonly target: string;
  private readonly folder: string;
  private readonly name: string;
  /** What has come so far. The process id in its name tells a later run whether anybody still writes to it. */
  private readonly partial: string;
  private handle: FileHandle | undefined;
  private written = 0;
  /** Of what was written. */
  private hash = createHash('sha256');

  constructor(folder: string, name: string) {
    this.folder = folder;
    this.name = name;
    this.target = join(folder, name);
    this.partial = join(folder, `.${name}.${process.pid}-${count++}.part`);
  }

  /** Bytes of the whole file; null when it is not there. */
  async size(): Promise<number | null> {
    const found = await stat(this.target).catch(() => null);
    return found?.isFile() ? found.size : null;
  }

  /** Bytes that have come so far. */
  get length(): number {
    return this.written;
  }

  /** Begins, with what a run that has ended left of this file; gives its length. */
  async open(): Promise<number> {
    await mkdir(this.folder, { recursive: true });
    atWork.add(this.partial);
    await this.adopt();
    this.handle = await open(this.partial, 'a');
    for await (const bytes of createReadStream(this.partial)) {
      this.hash.update(bytes);
      this.written += bytes.length;
    }
    return this.written;
  }

  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.handle!.write(bytes, at)).bytesWritten;
    this.hash.update(bytes);
    this.written += bytes.length;
  }

  /** Forgets what has come. */
  async restart(): Promise<void> {
    await this.handle?.truncate(0);
    this.written = 0;
    this.hash = createHash('sha256');
  }

  /** SHA-256 of what has come. */
  sum(): string {
    return this.hash.copy().digest('hex');
  }

  /** Gives the file its name; its size. */
  async complete(): Promise<number> {
    await this.handle!.sync();
    await this.close();
    await rename(this.partial, this.target);
    await syncFolder(this.folder);
    return this.written;
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.partial, { force: true });
    // Gone as well unless another file lies there.
    await rmdir(this.folder).catch(() => {});
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
    atWork.delete(this.partial);
  }

  /** A rename succeeds for one of several runs that try. The longest of what was left is taken. */
  private async adopt(): Promise<void> {
    const prefix = `.${this.name}.`;
    const left: { path: string; size: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const owner = /^(\d+)-\d+\.part$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '')?.[1];
      const path = join(this.folder, name);
      const inUse = Number(owner) === process.pid ? atWork.has(path) : isAlive(Number(owner));
      if (owner === undefined || inUse) continue;
      left.push({ path, size: (await stat(path).catch(() => null))?.size ?? -1 });
    }
    left.sort((a, b) => b.size - a.size);
    for (const { path } of left) {
      const mine = await rename(path, this.partial).then(
        () => true,
        () => false,
      );
      if (mine) return;
    }
  }
}

import { mkdirSync, realpathSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Refusal, resolveTarget } from './paths.ts';
import { syncFolder, UNFINISHED, unfinished } from './whole.ts';
import { inWords } from './words.ts';

interface Upload {
  path: string;
  target: string;
  temporary: string;
  handle: FileHandle;
  size: number;
  busy: boolean;
}

/**
 * The folder that a run writes to. Files grow under another name and get their own by a rename once they are complete
 * and on disk, so that whatever interrupts a run leaves either the old file or the new one.
 */
export class Output {
  /** As it is shown. */
  private shown: string | undefined;
  private opening: Promise<string> | undefined;
  private readonly uploads = new Map<string, Upload>();
  private readonly appends = new Map<string, Promise<unknown>>();
  private readonly given: string | null;
  private readonly onCreate: (folder: string) => void | Promise<void>;
  private readonly onSave: (path: string, bytes: number) => void;

  /**
   * @param given the folder, or null for `runs/<time>/`
   * @param onCreate called with the folder before the first write
   * @param onSave called with every file that was saved
   */
  constructor(
    given: string | null,
    onCreate: (folder: string) => void | Promise<void>,
    onSave: (path: string, bytes: number) => void,
  ) {
    this.given = given;
    this.onCreate = onCreate;
    this.onSave = onSave;
  }

  /** The folder's real path if there is one already, for reading. */
  existing(): string | null {
    const folder = this.shown ?? this.given;
    try {
      return folder === null ? null : realpathSync(folder);
    } catch {
      return null;
    }
  }

  /** Opens the folder of an earlier run: what that one left unfinished is removed. */
  async reopen(): Promise<void> {
    const root = await this.folder();
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && UNFINISHED.test(entry.name)) {
        await rm(join(entry.parentPath ?? entry.path, entry.name), { force: true });
      }
    }
  }

  /** Writes a piece of an upload at `offset`; the last piece completes the file. */
  async write(id: string, path: string, offset: number, last: boolean, body: AsyncIterable<Uint8Array>): Promise<void> {
    const upload = this.uploads.get(id) ?? (await this.begin(id, path, offset));
    if (upload.path !== path || upload.size !== offset || upload.busy) {
      throw new Refusal(409, `piece at ${offset} does not follow the ${upload.size} bytes that came before`);
    }
    upload.busy = true;
    try {
      for await (const bytes of body) {
        await writeAll(upload.handle, bytes);
        upload.size += bytes.length;
      }
      if (!last) {
        upload.busy = false;
        return;
      }
      await upload.handle.sync();
      await upload.handle.close();
      await rename(upload.temporary, upload.target);
      await syncFolder(dirname(upload.target));
      this.uploads.delete(id);
    } catch (error) {
      await this.discard(id);
      throw this.explained(error, path);
    }
    this.onSave(path, upload.size);
  }

  /** Forgets an upload and removes what came of it. */
  async discard(id: string): Promise<void> {
    const upload = this.uploads.get(id);
    if (!upload) return;
    this.uploads.delete(id);
    await upload.handle.close().catch(() => {});
    await rm(upload.temporary, { force: true }).catch(() => {});
  }

  /** Adds to the end of a file; on disk when it resolves, and all of it or nothing. */
  async append(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const bytes of body) pieces.push(bytes);
    const target = await this.target(path);
    const previous = this.appends.get(target) ?? Promise.resolve();
    const write = previous.then(() => appendAll(target, Buffer.concat(pieces)));
    this.appends.set(
      target,
      write.catch(() => {}),
    );
    await write.catch((error) => {
      throw this.explained(error, path);
    });
  }

  /** Removes a file; without one nothing happens. */
  async remove(path: string): Promise<void> {
    const root = this.existing();
    if (root === null) return;
    const target = await resolveTarget(root, path);
    try {
      await rm(target, { force: true });
      await syncFolder(dirname(target));
    } catch (error) {
      throw this.explained(error, path);
    }
  }

  /** Removes what was never completed. */
  async close(): Promise<void> {
    await Promise.all([...this.uploads.keys()].map((id) => this.discard(id)));
  }

  private async begin(id: string, path: string, offset: number): Promise<Upload> {
    if (offset !== 0) throw new Refusal(409, `piece at ${offset} of an upload that did not begin`);
    const target = await this.target(path);
    const temporary = unfinished(target);
    const handle = await open(temporary, 'wx').catch((error) => {
      throw this.explained(error, path);
    });
    const upload = { path, target, temporary, handle, size: 0, busy: false };
    this.uploads.set(id, upload);
    return upload;
  }

  /** Where a file is written, with the folders on the way to it. */
  private async target(path: string): Promise<string> {
    const target = await resolveTarget(await this.folder(), path);
    const made = await mkdir(dirname(target), { recursive: true }).catch((error) => {
      throw this.explained(error, path);
    });
    if (made !== undefined) await syncFolder(dirname(made));
    return target;
  }

  /** The folder's real path; made at the first need, because a run that saves nothing should leave nothing. */
  private folder(): Promise<string> {
    this.opening ??= this.make().catch((error) => {
      this.opening = undefined;
      throw this.explained(error);
    });
    return this.opening;
  }

  private async make(): Promise<string> {
    this.shown ??= this.given ?? newRunFolder();
    mkdirSync(this.shown, { recursive: true });
    await this.onCreate(this.shown);
    return realpathSync(this.shown);
  }

  /** With the place that the user knows. */
  private explained(error: unknown, path = ''): Refusal {
    return inWords(error, join(this.shown ?? this.given ?? 'runs', path));
  }
}

/** Makes `runs/<time>/`, with a number behind it when two runs begin in the same second. */
function newRunFolder(): string {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  const time = local.toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-');
  mkdirSync(resolve('runs'), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const folder = join('runs', attempt === 1 ? time : `${time}-${attempt}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}

async function appendAll(target: string, bytes: Uint8Array): Promise<void> {
  const before = (await lstat(target).catch(() => null))?.size ?? 0;
  const handle = await open(target, 'a');
  try {
    await writeAll(handle, bytes);
    await handle.datasync();
  } catch (error) {
    // Half a line would spoil those that were whole.
    await handle.truncate(before).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Refusal, resolveTarget } from './paths.ts';

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
  private root: string | undefined;
  private readonly uploads = new Map<string, Upload>();
  private readonly appends = new Map<string, Promise<unknown>>();
  private readonly given: string | null;
  private readonly onCreate: (folder: string) => void;
  private readonly onSave: (path: string, bytes: number) => void;

  /**
   * @param given the folder, or null for `runs/<time>/`
   * @param onCreate called with the folder before the first write
   * @param onSave called with every file that was saved
   */
  constructor(given: string | null, onCreate: (folder: string) => void, onSave: (path: string, bytes: number) => void) {
    this.given = given;
    this.onCreate = onCreate;
    this.onSave = onSave;
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
      throw error;
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

  /** Adds to the end of a file; on disk when it resolves. */
  async append(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const bytes of body) pieces.push(bytes);
    const target = await resolveTarget(this.folder(), path);
    await mkdir(dirname(target), { recursive: true });
    const previous = this.appends.get(target) ?? Promise.resolve();
    const write = previous.then(async () => {
      const handle = await open(target, 'a');
      try {
        await writeAll(handle, Buffer.concat(pieces));
        await handle.datasync();
      } finally {
        await handle.close();
      }
    });
    this.appends.set(
      target,
      write.catch(() => {}),
    );
    await write;
  }

  /** Removes what was never completed. */
  async close(): Promise<void> {
    await Promise.all([...this.uploads.keys()].map((id) => this.discard(id)));
  }

  private async begin(id: string, path: string, offset: number): Promise<Upload> {
    if (offset !== 0) throw new Refusal(409, `piece at ${offset} of an upload that did not begin`);
    const target = await resolveTarget(this.folder(), path);
    await mkdir(dirname(target), { recursive: true });
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.part`);
    const handle = await open(temporary, 'wx');
    const upload = { path, target, temporary, handle, size: 0, busy: false };
    this.uploads.set(id, upload);
    return upload;
  }

  /** The folder's real path; made at the first need, because a run that saves nothing should leave nothing. */
  private folder(): string {
    if (this.root !== undefined) return this.root;
    const shown = this.given ?? newRunFolder();
    mkdirSync(shown, { recursive: true });
    this.root = realpathSync(shown);
    this.onCreate(shown);
    return this.root;
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

/** A rename is on disk once its folder is; Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

import http from 'node:http';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { CacheEntry } from './cache-entry.ts';
import { Refusal } from './paths.ts';
import { inWords } from './words.ts';

/** More often than this nobody sees the bar move. */
const PROGRESS_MS = 100;
/** Attempts in a row that bring nothing. */
const ATTEMPTS = 4;

/** A file to be fetched. */
interface Wanted {
  url: string;
  sha256: string;
  bytes: number | undefined;
  name: string;
}

export interface DownloadsOptions {
  /** Where files are kept; default the user's cache. */
  folder?: string;
  /** Takes nothing from the net. */
  offline?: boolean;
  /** How much of a file has come. */
  onProgress?: (name: string, done: number, total: number) => void;
  /** A request for what is not there yet is answered so soon, in milliseconds: none stays open for as long as a download takes. */
  patience?: number;
  /** The wait before the second attempt, doubled with each one; in milliseconds. */
  pause?: number;
}

/**
 * Fetches files for scripts and keeps them under their checksum. What has come of a file lies beside it under another
 * name; a later attempt, or a later run, goes on from there. The file has its name when all of it is there and verified.
 */
export class Downloads {
  private readonly folder: string;
  private readonly offline: boolean;
  private readonly pause: number;
  private readonly patience: number;
  private readonly onProgress: (name: string, done: number, total: number) => void;
  private readonly jobs = new Map<string, Promise<{ id: string; size: number }>>();
  private readonly paths = new Map<string, string>();

  constructor(options: DownloadsOptions) {
    const { folder = cacheFolder(), offline = false, onProgress = () => {}, patience = 20_000, pause = 500 } = options;
    this.folder = folder;
    this.patience = patience;
    this.offline = offline;
    this.onProgress = onProgress;
    this.pause = pause;
  }

  /** A file that this run has asked for: where it lies, and its size. Null: not yet, ask again. */
  async get(request: unknown): Promise<{ id: string; size: number } | null> {
    const wanted = check(request);
    const id = `${wanted.sha256}/${wanted.name}`;
    let job = this.jobs.get(id);
    if (!job) {
      job = this.obtain(wanted, id);
      this.jobs.set(id, job);
      // A failed one may be tried again.
      job.catch(() => this.jobs.delete(id));
    }
    let timer: NodeJS.Timeout | undefined;
    const later = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, this.patience, null);
    });
    return Promise.race([job, later]).finally(() => clearTimeout(timer));
  }

  /** Where a file lies that `get` gave. */
  pathOf(id: string): string {
    const path = this.paths.get(id);
    if (path === undefined) throw new Refusal(404, 'there is no such download');
    return path;
  }

  private async obtain(wanted: Wanted, id: string): Promise<{ id: string; size: number }> {
    const entry = new CacheEntry(join(this.folder, wanted.sha256), wanted.name);
    try {
      let size = await entry.size();
      if (size !== null && wanted.bytes !== undefined && size !== wanted.bytes) {
        throw new Refusal(400, `the file is known, and has ${size} bytes, not ${wanted.bytes}`);
      }
      if (size === null) {
        if (this.offline) throw new Refusal(400, `not in the cache (${entry.target}), and --offline was given`);
        size = await this.fetchInto(entry, wanted);
      }
      this.paths.set(id, entry.target);
      return { id, size };
    } catch (error) {
      throw inWords(error, entry.target);
    } finally {
      await entry.close();
    }
  }

  /** Attempts until the file is whole; the sum of a file that was continued decides only when it was fetched anew. */
  private async fetchInto(entry: CacheEntry, wanted: Wanted): Promise<number> {
    useProxies();
    let had = await entry.open();
    let continued = had > 0;
    for (let failed = 0; ; ) {
      try {
        await this.attempt(entry, wanted);
      } catch (error) {
        if (error instanceof Refusal || isOfDisk(error)) throw error;
        failed = entry.length > had ? 1 : failed + 1;
        had = Math.max(had, entry.length);
        if (failed >= ATTEMPTS) throw cutOff(entry, wanted, error as Error);
        await new Promise((resolve) => setTimeout(resolve, this.pause * 2 ** (failed - 1)));
        continued = entry.length > 0;
        continue;
      }
      const sum = entry.sum();
      if (sum === wanted.sha256 && (wanted.bytes ?? entry.length) === entry.length) return entry.complete();
      const size = entry.length;
      await entry.restart();
      had = 0;
      if (continued) {
        // What was there before may have been of another file.
        continued = false;
        continue;
      }
      await entry.discard();
      throw new Refusal(
        400,
        `wrong checksum: the ${size} bytes that came have SHA-256 ${sum}, and ${wanted.sha256} was expected; nothing was kept`,
      );
    }
  }

  /** One request, from where the file ends now. */
  private async attempt(entry: CacheEntry, { url, bytes, name }: Wanted): Promise<void> {
    if (bytes !== undefined && entry.length > bytes) await entry.restart();
    if (bytes !== undefined && entry.length === bytes) return;
    // Packed on the way, ranges would mean something else.
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (entry.length > 0) headers.Range = `bytes=${entry.length}-`;
    const response = await fetch(url, { headers });
    if (response.status === 416) {
      // Either all of it is there, or it is another file now; the sum tells.
      await response.body?.cancel();
      const known = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? -1);
      if (known === entry.length) return;
      await entry.restart();
      throw new Error('the server has less than what came before');
    }
    if (!response.ok) {
      await response.body?.cancel();
      const words = `the server answers ${response.status} ${response.statusText}`.trim();
      const passing = response.status >= 500 || response.status === 408 || response.status === 429;
      throw passing ? new Error(words) : new Refusal(400, words);
    }
    const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (response.status !== 206) await entry.restart();
    else if (Number(from) !== entry.length) throw new Error('the server sent another part than it was asked for');
    const coming = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isNaN(coming) ? bytes : entry.length + coming;
    if (bytes !== undefined && total !== bytes) {
      await response.body?.cancel();
      throw new Refusal(400, `the server has ${total} bytes, and ${bytes} were expected`);
    }
    let toldAt = 0;
    for await (const piece of response.body ?? []) {
      await entry.add(piece);
      if (bytes !== undefined && entry.length > bytes) {
        throw new Refusal(400, `more than the expected ${bytes} bytes came`);
      }
      if (total === undefined || (entry.length < total && performance.now() - toldAt < PROGRESS_MS)) continue;
      toldAt = performance.now();
      this.onProgress(name, Math.min(entry.length, total), total);
    }
    if (total !== undefined && entry.length < total) throw new Error('the connection ended early');
  }
}

function check(request: unknown): Wanted {
  const { url, sha256, bytes, name } = (request ?? {}) as Record<string, unknown>;
  const address = typeof url === 'string' ? parse(url) : null;
  if (!address || !/^https?:$/.test(address.protocol)) {
    throw new Refusal(400, 'expected an address that begins with http:// or https://');
  }
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new Refusal(400, `sha256: expected 64 hexadecimal digits, got ${shown(sha256)}`);
  }
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && (bytes as number) >= 0)) {
    throw new Refusal(400, `bytes: expected a whole number, got ${shown(bytes)}`);
  }
  const file = name ?? decodeURIComponent(address.pathname.split('/').at(-1) ?? '');
  if (typeof file !== 'string' || !/^[^/\\:\0]+$/.test(file) || file.startsWith('.')) {
    throw new Refusal(400, `name: expected the name of a file, without folders, got ${shown(file)}`);
  }
  return { url: address.href, sha256: sha256.toLowerCase(), bytes: bytes as number | undefined, name: file };
}

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** Errors of the file that is written end a download; those of the net do not. */
function isOfDisk(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string' && !('cause' in (error as Error));
}

function cutOff(entry: CacheEntry, { bytes }: Wanted, error: Error): Refusal {
  const reason = (error.cause as Error | undefined)?.message || error.message;
  const came = entry.length === 0 ? '' : ` after ${entry.length}${bytes === undefined ? '' : ` of ${bytes}`} bytes`;
  const next = entry.length === 0 ? '' : '; the next attempt goes on from there';
  return new Refusal(502, `failed${came}: ${reason}${next}`);
}

/** Proxies of the environment (HTTPS_PROXY and its like), where this version of Node can use them. */
function useProxies(): void {
  const { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy } = process.env;
  if (!(HTTP_PROXY || HTTPS_PROXY || http_proxy || https_proxy)) return;
  (http as { setGlobalProxyFromEnv?: () => void }).setGlobalProxyFromEnv?.();
}

import { type ByteRange, type FileSource, type Files, filesOf } from './files.ts';

/** A file to fetch. */
export interface DownloadEntry {
  readonly url: string;
  /** What it is called among the `Files`. */
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Where it is known. */
  readonly bytes?: number;
}

/** A file that was fetched. */
export interface DownloadedFile {
  readonly size: number;
  read(range?: ByteRange): Promise<Uint8Array>;
}

/** Fetches a file, verifies it and keeps it: `host.download` of a script, `browserDownload()` in a page. */
export type Fetcher = (
  url: string,
  options: { sha256: string; bytes?: number; name?: string },
) => Promise<DownloadedFile>;

/**
 * The files of a data set from the net, each fetched when it is first read: `downloaded(downloads.mnist, host.download)`.
 *
 * @throws what the fetcher throws, when a file is read
 */
export function downloaded(list: readonly DownloadEntry[], fetcher: Fetcher): Files {
  const sources = new Map<string, FileSource>();
  for (const { url, name, sha256, bytes } of list) {
    let file: Promise<DownloadedFile> | undefined;
    const fetched = (): Promise<DownloadedFile> => {
      file ??= fetcher(url, { sha256, name, ...(bytes === undefined ? {} : { bytes }) });
      // one that failed is tried again by the next who asks
      file.catch(() => {
        file = undefined;
      });
      return file;
    };
    sources.set(name, {
      size: async () => (await fetched()).size,
      read: async (start, end) => (await fetched()).read({ start, end }),
    });
  }
  return filesOf(sources, 'downloads');
}

export interface BrowserDownloadOptions {
  /** Name of the cache, which the browser keeps from visit to visit (default 'spiketape'). */
  readonly cache?: string;
  /** Called as pieces come; total is NaN where the server does not tell. */
  readonly onProgress?: (progress: { readonly name: string; readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Fetches files in a page, by fetch and CacheStorage. The server must let other pages read its files (CORS). Where the
 * page has no cache, or no room in it, a file is fetched at each visit.
 *
 * @throws (the fetcher) when the server refuses, or the file is longer than or another than expected: nothing is kept then
 */
export function browserDownload(options: BrowserDownloadOptions = {}): Fetcher {
  const { cache: cacheName = 'spiketape', onProgress, signal } = options;
  return async (url, { sha256, bytes, name = url.split('/').at(-1) ?? url }) => {
    const cache = 'caches' in globalThis ? await caches.open(cacheName).catch(() => null) : null;
    // by content: mirrors of a file share it, and another version does not
    const key = `https://cache.invalid/${sha256}/${encodeURIComponent(name)}`;
    const kept = await cache?.match(key);
    if (kept) return inMemory(new Uint8Array(await kept.arrayBuffer()));

    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok || !response.body)
      throw new Error(`${name}: the server answered ${response.status} ${response.statusText} to ${url}`);
    const total = bytes ?? Number(response.headers.get('content-length') ?? Number.NaN);
    const content = await collect(response.body, name, bytes, (done) => onProgress?.({ name, done, total }));
    const sum = hex(await crypto.subtle.digest('SHA-256', content));
    if (sum !== sha256.toLowerCase())
      throw new Error(`${name}: expected the SHA-256 ${sha256}, got ${sum} of ${content.length} bytes from ${url}`);
    // a full cache is no reason to do without the file
    await cache?.put(key, new Response(content)).catch(() => undefined);
    return inMemory(content);
  };
}

function inMemory(content: Uint8Array): DownloadedFile {
  return { size: content.length, read: async ({ start = 0, end } = {}) => content.slice(start, end) };
}

async function collect(
  body: ReadableStream<Uint8Array>,
  name: string,
  bytes: number | undefined,
  progress: (done: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let done = 0;
  const reader = body.getReader();
  for (;;) {
    const { done: ended, value } = await reader.read();
    if (ended) break;
    pieces.push(value);
    done += value.length;
    if (bytes !== undefined && done > bytes) {
      await reader.cancel();
      throw new Error(`${name}: expected ${bytes} bytes, more came`);
    }
    progress(done);
  }
  if (bytes !== undefined && done < bytes) throw new Error(`${name}: expected ${bytes} bytes, ${done} came`);
  const content = new Uint8Array(done);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

const hex = (digest: ArrayBuffer): string =>
  Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');

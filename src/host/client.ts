import type { ByteRange, HostConfig, SaveContent } from './types.ts';

/** Large enough that the request costs little beside the bytes, small enough that a stream is never held as a whole. */
const CHUNK_BYTES = 1 << 20;

/** The part of a host that deals with files: requests to the run's server. */
export interface FileClient {
  readData(path: string, range?: ByteRange): Promise<Uint8Array>;
  statData(path: string): Promise<{ size: number }>;
  listData(path?: string): Promise<string[]>;
  save(path: string, content: SaveContent): Promise<void>;
  append(path: string, text: string): Promise<void>;
  /** Resolves when no write is under way any more. */
  settled(): Promise<void>;
}

export function fileClient(config: HostConfig): FileClient {
  const origin = new URL(config.base).origin;

  async function request(method: string, action: string, query: Record<string, string>, body?: Uint8Array) {
    const url = `${config.base}${action}?${new URLSearchParams(query)}`;
    // Browsers set Origin by themselves and ignore ours; Node sends only what it is told to.
    const headers = { Origin: origin };
    let response: Response;
    try {
      response = await fetch(url, { method, headers, body: (body ?? null) as BodyInit | null, cache: 'no-store' });
    } catch (cause) {
      throw new Error(`${action} '${query.path ?? ''}': the runner does not answer`, { cause });
    }
    if (!response.ok) throw new Error(`${action} '${query.path ?? ''}': ${await response.text()}`);
    return response;
  }

  // Two requests may overtake each other on their way, so writes to one path wait for one another here.
  const writes = new Map<string, Promise<void>>();
  function inOrder(path: string, write: () => Promise<void>): Promise<void> {
    const result = (writes.get(path) ?? Promise.resolve()).then(write);
    const quiet = result.then(
      () => {},
      () => {},
    );
    writes.set(path, quiet);
    void quiet.then(() => {
      if (writes.get(path) === quiet) writes.delete(path);
    });
    return result;
  }

  async function upload(path: string, content: SaveContent): Promise<void> {
    const id = crypto.randomUUID();
    let offset = 0;
    const put = async (bytes: Uint8Array, last: boolean) => {
      await request('PUT', 'save', { path, upload: id, offset: `${offset}`, last: last ? '1' : '0' }, bytes);
      offset += bytes.length;
    };
    try {
      for await (const chunk of chunksOf(path, content)) await put(chunk, false);
      await put(new Uint8Array(0), true);
    } catch (error) {
      // The error that ended the stream is the one to report, whatever becomes of the clean-up.
      await request('DELETE', 'save', { path, upload: id }).catch(() => {});
      throw error;
    }
  }

  return {
    async readData(path, range = {}) {
      const query: Record<string, string> = { path: text('readData', path) };
      for (const bound of ['start', 'end'] as const) {
        const value = range[bound];
        if (value === undefined) continue;
        if (!Number.isSafeInteger(value) || value < 0) {
          throw new RangeError(`readData '${path}': ${bound} must be a whole number >= 0, got ${value}`);
        }
        query[bound] = String(value);
      }
      return new Uint8Array(await (await request('GET', 'data', query)).arrayBuffer());
    },
    async statData(path) {
      return (await (await request('GET', 'stat', { path: text('statData', path) })).json()) as { size: number };
    },
    async listData(path = '.') {
      return (await (await request('GET', 'list', { path: text('listData', path) })).json()) as string[];
    },
    async save(path, content) {
      text('save', path);
      checkContent(path, content);
      // A view may be overwritten by the caller while an earlier write to the path is still on its way.
      const fixed = content instanceof Uint8Array ? content.slice() : content;
      await inOrder(path, () => upload(path, fixed));
    },
    async append(path, addition) {
      text('append', path);
      if (typeof addition !== 'string')
        throw new TypeError(`append '${path}': text must be a string, got ${typeof addition}`);
      await inOrder(path, async () => {
        await request('POST', 'append', { path }, new TextEncoder().encode(addition));
      });
    },
    async settled() {
      while (writes.size > 0) await Promise.all(writes.values());
    },
  };
}

function text(method: string, path: unknown): string {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(
      `${method}: path must be a text that is not empty, got ${typeof path === 'string' ? "''" : typeof path}`,
    );
  }
  return path;
}

function checkContent(path: string, content: unknown): void {
  if (typeof content === 'string' || content instanceof Uint8Array) return;
  if (typeof content === 'object' && content !== null) {
    if (Symbol.asyncIterator in content || 'getReader' in content) return;
  }
  throw new TypeError(
    `save '${path}': content must be a string, a Uint8Array, a ReadableStream or an async iterable of Uint8Array`,
  );
}

/** Cuts content into pieces of at most CHUNK_BYTES, small pieces of a stream gathered into larger ones. */
async function* chunksOf(path: string, content: SaveContent): AsyncGenerator<Uint8Array> {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
    return;
  }
  const gathered = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const piece of iterate(content)) {
    if (!(piece instanceof Uint8Array)) {
      throw new TypeError(`save '${path}': the stream must give Uint8Arrays, got ${typeof piece}`);
    }
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(CHUNK_BYTES - filled, piece.length - at);
      gathered.set(piece.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled === CHUNK_BYTES) {
        yield gathered;
        filled = 0;
      }
    }
  }
  yield gathered.subarray(0, filled);
}

/** Browsers gave ReadableStream its async iterator late, so its reader is used where the iterator is missing. */
async function* iterate(content: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  if (Symbol.asyncIterator in content) {
    yield* content as AsyncIterable<Uint8Array>;
    return;
  }
  const reader = (content as ReadableStream<Uint8Array>).getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

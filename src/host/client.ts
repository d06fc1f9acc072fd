import type { ByteRange, Download, DownloadOptions, HostConfig, SaveContent } from './types.ts';
import { checkContent, chunksOf } from './upload.ts';

/** What can be read through the run's server. */
export type Place = 'data' | 'output' | 'run';

/** The part of a host that deals with files: requests to the run's server. */
export interface FileClient {
  read(place: Place, path: string, range?: ByteRange): Promise<Uint8Array>;
  size(place: Place, path: string): Promise<number>;
  list(place: Place, path: string): Promise<string[]>;
  save(path: string, content: SaveContent): Promise<void>;
  append(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  describe(facts: Record<string, unknown>): Promise<void>;
  /** @param signal ends the waiting, not the download */
  download(url: string, options: DownloadOptions, signal: AbortSignal): Promise<Download>;
  /** Resolves when no write is under way any more. */
  settled(): Promise<void>;
}

/** A request to the run's server. */
interface Asked {
  method?: string;
  query?: Record<string, string>;
  body?: Uint8Array;
  signal?: AbortSignal;
  /** What was to be done to what, for messages. */
  what: string;
}

/** How messages call reading: as the methods are called that read from there. */
const VERBS: Record<Place, Record<'read' | 'size' | 'list', string>> = {
  data: { read: 'readData', size: 'statData', list: 'listData' },
  output: { read: 'output.read', size: 'output.size', list: 'output.list' },
  run: { read: 'run.read', size: 'run.size', list: 'run.list' },
};

export function fileClient(config: Pick<HostConfig, 'base'>): FileClient {
  const origin = new URL(config.base).origin;

  async function request(action: string, { method = 'GET', query = {}, body, signal, what }: Asked): Promise<Response> {
    const url = `${config.base}${action}?${new URLSearchParams(query)}`;
    // Browsers set Origin by themselves and ignore ours; Node sends only what it is told to.
    const init = { method, headers: { Origin: origin }, body: (body ?? null) as BodyInit | null };
    let response: Response;
    try {
      response = await fetch(url, { ...init, cache: 'no-store', signal: signal ?? null });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new Error(`${what}: the runner does not answer`, { cause });
    }
    if (!response.ok) throw new Error(`${what}: ${await response.text()}`);
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
    const what = `save '${path}'`;
    let offset = 0;
    const put = async (body: Uint8Array, last: boolean) => {
      const query = { path, upload: id, offset: `${offset}`, last: last ? '1' : '0' };
      await request('save', { method: 'PUT', query, body, what });
      offset += body.length;
    };
    try {
      for await (const chunk of chunksOf(path, content)) await put(chunk, false);
      await put(new Uint8Array(0), true);
    } catch (error) {
      // The error that ended the stream is the one to report, whatever becomes of the clean-up.
      await request('save', { method: 'DELETE', query: { path, upload: id }, what }).catch(() => {});
      throw error;
    }
  }

  async function bytes(query: Record<string, string>, { start, end }: ByteRange, verb: string, name: string) {
    const asked: Record<string, string> = { ...query };
    for (const [bound, value] of Object.entries({ start, end })) {
      if (value === undefined) continue;
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new RangeError(`${verb} '${name}': ${bound} must be a whole number >= 0, got ${value}`);
      }
      asked[bound] = String(value);
    }
    const response = await request('data', { query: asked, what: `${verb} '${name}'` });
    return new Uint8Array(await response.arrayBuffer());
  }

  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

  return {
    async read(place, path, range = {}) {
      const verb = VERBS[place].read;
      text(verb, path);
      // What was written before is read after.
      if (place === 'output') await writes.get(path);
      return bytes({ of: place, path }, range, verb, path);
    },
    async size(place, path) {
      const what = `${VERBS[place].size} '${text(VERBS[place].size, path)}'`;
      if (place === 'output') await writes.get(path);
      const { size } = (await (await request('stat', { query: { of: place, path }, what })).json()) as { size: number };
      return size;
    },
    async list(place, path) {
      const what = `${VERBS[place].list} '${text(VERBS[place].list, path)}'`;
      return (await (await request('list', { query: { of: place, path }, what })).json()) as string[];
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
        const body = new TextEncoder().encode(addition);
        await request('append', { method: 'POST', query: { path }, body, what: `append '${path}'` });
      });
    },
    async remove(path) {
      text('remove', path);
      await inOrder(path, async () => {
        await request('output', { method: 'DELETE', query: { path }, what: `remove '${path}'` });
      });
    },
    async describe(facts) {
      if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) {
        throw new TypeError('describe: expected an object of facts, such as { seed: 1 }');
      }
      await request('describe', { method: 'POST', body: json(facts), what: 'describe' });
    },
    async download(url, options, signal) {
      const name = text('download', url);
      const body = json({ ...options, url });
      // The runner answers within seconds, finished or not: no request stays open for as long as a download takes.
      for (;;) {
        const response = await request('download', { method: 'POST', body, signal, what: `download '${name}'` });
        const answer = (await response.json()) as { id: string; size: number } | null;
        if (!answer) continue;
        const { id, size } = answer;
        return { size, read: (range = {}) => bytes({ of: 'download', path: id }, range, 'download', name) };
      }
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

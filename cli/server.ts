import { randomBytes, timingSafeEqual } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Output } from './output.ts';
import { Refusal, resolveInside } from './paths.ts';

export interface ServerOptions {
  /** The data folder, or null when the run has none. */
  data: string | null;
  output: Output;
}

/** A file of the page, held in memory. */
export interface PageFile {
  type: string;
  content: string;
}

export interface RunServer {
  /** Address of this run: origin, token, `/`. */
  readonly base: string;
  /** What the page consists of, by name; '' is the page itself. Nothing else in memory or on disk is served. */
  readonly files: Map<string, PageFile>;
  close(): Promise<void>;
}

/**
 * The server of one run, on loopback and a free port. It answers only to requests that carry the run's token, that were
 * sent to this very address (Host) and that come from this run's page, if from any page (Origin).
 */
export async function startServer({ data, output }: ServerOptions): Promise<RunServer> {
  const token = randomBytes(24).toString('base64url');
  const files = new Map<string, PageFile>();
  const dataRoot = data === null ? null : realpathSync(data);
  let origin = '';

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const known = error instanceof Refusal ? error : explain(error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      // A connection that closes on a body half read would take the answer with it.
      request.resume();
      response.writeHead(known.status, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(known.message);
    });
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    checkSender(request, origin);
    const url = new URL(request.url ?? '/', origin);
    const [given = '', ...rest] = url.pathname.slice(1).split('/');
    if (!sameText(given, token)) throw new Refusal(403, 'wrong token');
    const action = rest.join('/');
    const method = request.method ?? '';
    const route = Object.hasOwn(routes, `${method} ${action}`) ? routes[`${method} ${action}`] : undefined;
    if (route) {
      await route(url.searchParams, request, response);
      return;
    }
    const file = method === 'GET' && rest.length > 0 ? files.get(action) : undefined;
    if (!file) throw new Refusal(404, 'there is nothing here');
    response.writeHead(200, { 'Content-Type': `${file.type}; charset=utf-8` });
    response.end(file.content);
  }

  type Route = (query: URLSearchParams, request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const routes: Record<string, Route> = {
    'GET data': async (query, _, response) => sendRange(response, await dataPath(query), query),
    'GET stat': async (query, _, response) => sendJson(response, { size: await fileSize(await dataPath(query)) }),
    'GET list': async (query, _, response) => sendJson(response, await names(dataRoot ?? '', await dataPath(query))),
    'PUT save': async (query, request, response) => {
      const text = (name: string) => query.get(name) ?? '';
      await output.write(text('upload'), text('path'), Number(text('offset')), text('last') === '1', request);
      sendJson(response, {});
    },
    'DELETE save': async (query, _, response) => {
      await output.discard(query.get('upload') ?? '');
      sendJson(response, {});
    },
    'POST append': async (query, request, response) => {
      await output.append(query.get('path') ?? '', request);
      sendJson(response, {});
    },
  };

  async function dataPath(query: URLSearchParams): Promise<string> {
    if (dataRoot === null) throw new Refusal(404, 'the run has no data folder; give one with --data DIR');
    return resolveInside(dataRoot, query.get('path') ?? '');
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    base: `${origin}/${token}/`,
    files,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await output.close();
    },
  };
}

/** The last two isolate the page from other origins, which also gives it precise timers and shared memory. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Host against DNS names that were pointed at loopback, Origin against other pages in the same browser. */
function checkSender(request: IncomingMessage, origin: string): void {
  if (`http://${request.headers.host}` !== origin) throw new Refusal(403, 'wrong Host');
  const sender = request.headers.origin;
  const reads = request.method === 'GET';
  // Browsers leave Origin out only where a page reads from its own origin.
  if (sender === undefined ? !reads : sender !== origin) throw new Refusal(403, 'wrong Origin');
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function sendRange(response: ServerResponse, file: string, query: URLSearchParams): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Refusal(400, 'this is a folder, not a file');
    const start = Number(query.get('start') ?? 0);
    const end = Number(query.get('end') ?? found.size);
    if (!(start >= 0 && start <= end && end <= found.size)) {
      throw new Refusal(416, `bytes ${start} to ${end} were asked for, and the file has ${found.size}`);
    }
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': end - start });
    if (start === end) response.end();
    // The end of a stream is inclusive, the end of a range is not.
    else await pipeline(handle.createReadStream({ start, end: end - 1, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

async function fileSize(file: string): Promise<number> {
  const found = await stat(file);
  if (!found.isFile()) throw new Refusal(400, 'this is a folder, not a file');
  return found.size;
}

/** Names in a folder; what could not be read anyway, a link that leads out or nowhere, is left out. */
async function names(root: string, folder: string): Promise<string[]> {
  const result: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const isFolder = entry.isSymbolicLink() ? await linkedFolder(root, join(folder, entry.name)) : entry.isDirectory();
    if (isFolder !== null) result.push(isFolder ? `${entry.name}/` : entry.name);
  }
  return result.sort();
}

async function linkedFolder(root: string, link: string): Promise<boolean | null> {
  try {
    return (await stat(await resolveInside(root, relative(root, link).replaceAll(sep, '/')))).isDirectory();
  } catch {
    return null;
  }
}

/** System errors in words that a script's author can use, without paths outside the run's folders. */
function explain(error: unknown): Refusal {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EACCES: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EEXIST: 'a part of the path is a file, not a folder',
    ENOENT: 'there is no such file',
  };
  return new Refusal(500, (code && words[code]) || message);
}

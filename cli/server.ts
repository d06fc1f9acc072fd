import { randomBytes, timingSafeEqual } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Downloads } from './download.ts';
import { Refusal } from './paths.ts';
import { type Places, routesOf } from './routes.ts';
import { inWords } from './words.ts';

/** Of the places, at least the output; data and run as folders that need not be real paths. */
export type ServerOptions = Partial<Places> & Pick<Places, 'output'>;

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
export async function startServer(options: ServerOptions): Promise<RunServer> {
  const { data = null, run = null, output } = options;
  const { downloads = new Downloads({}), onDescribe = async () => {} } = options;
  const token = randomBytes(24).toString('base64url');
  const files = new Map<string, PageFile>();
  const real = (folder: string | null) => (folder === null ? null : realpathSync(folder));
  const routes = routesOf({ data: real(data), run: real(run), output, downloads, onDescribe });
  let origin = '';

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const known = inWords(error);
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

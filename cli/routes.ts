import { open, readdir, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Downloads } from './download.ts';
import type { Output } from './output.ts';
import { Refusal, resolveInside } from './paths.ts';
import { UNFINISHED } from './whole.ts';

/** What a run's server reads from and writes to. */
export interface Places {
  /** Real path of the data folder, or null when the run has none. */
  data: string | null;
  /** Real path of the run that is evaluated, or null when none is. */
  run: string | null;
  output: Output;
  downloads: Downloads;
  /** Takes what a script says of its run. */
  onDescribe: (facts: Record<string, unknown>) => Promise<void>;
}

export type Route = (query: URLSearchParams, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Requests of `src/host/client.ts`, by method and action. */
export function routesOf({ data, run, output, downloads, onDescribe }: Places): Record<string, Route> {
  /** The folder that is read from; null for an output folder that is not there yet. */
  function rootOf(query: URLSearchParams): string | null {
    const of = query.get('of') ?? 'data';
    if (of === 'output') return output.existing();
    if (of === 'run') {
      if (run === null) throw new Refusal(404, 'there is no run to read from; `spiketape eval RUN` gives one');
      return run;
    }
    if (data === null) throw new Refusal(404, 'the run has no data folder; give one with --data DIR');
    return data;
  }

  async function fileOf(query: URLSearchParams): Promise<string> {
    const path = query.get('path') ?? '';
    if (query.get('of') === 'download') return downloads.pathOf(path);
    const root = rootOf(query);
    if (root === null) throw new Refusal(404, 'there is no such file');
    return resolveInside(root, path);
  }

  async function list(query: URLSearchParams): Promise<string[]> {
    if (query.get('of') !== 'output') return names(rootOf(query) ?? '', await fileOf(query));
    // A folder that nothing was saved to yet is an empty one.
    const folder = await fileOf(query).catch((error: Refusal) => {
      if (error.status === 404) return null;
      throw error;
    });
    return folder === null
      ? []
      : (await names(output.existing() ?? '', folder)).filter((name) => !UNFINISHED.test(name));
  }

  return {
    'GET data': async (query, _, response) => sendRange(response, await fileOf(query), query),
    'GET stat': async (query, _, response) => sendJson(response, { size: await fileSize(await fileOf(query)) }),
    'GET list': async (query, _, response) => sendJson(response, await list(query)),
    'PUT save': async (query, request, response) => {
      const text = (name: string) => query.get(name) ?? '';
      await output.write(text('upload'), text('path'), Number(text('offset')), text('last') === '1', bodyOf(request));
      sendJson(response, {});
    },
    'DELETE save': async (query, _, response) => {
      await output.discard(query.get('upload') ?? '');
      sendJson(response, {});
    },
    'POST append': async (query, request, response) => {
      await output.append(query.get('path') ?? '', bodyOf(request));
      sendJson(response, {});
    },
    'DELETE output': async (query, _, response) => {
      await output.remove(query.get('path') ?? '');
      sendJson(response, {});
    },
    'POST describe': async (_, request, response) => {
      await onDescribe((await readJson(request)) as Record<string, unknown>);
      sendJson(response, {});
    },
    'POST download': async (_, request, response) => {
      sendJson(response, await downloads.get(await readJson(request)));
    },
  };
}

/** A write that fails leaves the rest unread; the connection must live on, for the answer that says why. */
const bodyOf = (request: IncomingMessage): AsyncIterable<Uint8Array> => request.iterator({ destroyOnReturn: false });

async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of bodyOf(request)) pieces.push(bytes);
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
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

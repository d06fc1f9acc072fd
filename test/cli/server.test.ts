import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Output } from '../../cli/output.ts';
import { type RunServer, startServer } from '../../cli/server.ts';
import { fileClient } from '../../src/host/client.ts';
import { filesOf, outputOf } from '../../src/host/files.ts';
import { filesIn, folderWith, read } from './tool.ts';

interface Place {
  server: RunServer;
  data: string;
  out: string;
  origin: string;
  token: string;
  client: ReturnType<typeof clientOf>;
}

/** Requests to a server, named as scripts know them. */
function clientOf(base: string) {
  const { save, append, ...client } = fileClient({ base });
  const { read: readData, size: statData, list: listData } = filesOf(client as ReturnType<typeof fileClient>, 'data');
  return { save, append, readData, statData, listData, output: outputOf({ ...client, save, append }) };
}

/** A server with a data folder, an output folder and, beside them, a secret that it must not give away. */
async function place(): Promise<Place> {
  const folder = folderWith({
    'secret.txt': 'secret',
    'data/a.txt': 'abcdef',
    'data/sub/b.txt': 'b',
    'out/old.txt': 'old',
  });
  const [data, out] = [join(folder, 'data'), join(folder, 'out')];
  const output = new Output(
    out,
    () => {},
    () => {},
  );
  const server = await startServer({ data, output });
  onTestFinished(() => server.close());
  server.files.set('', { type: 'text/html', content: 'the page' });
  const { origin, pathname } = new URL(server.base);
  const client = clientOf(server.base);
  return { server, data, out, origin, token: pathname.split('/')[1] as string, client };
}

/** A request with the path and headers exactly as given, which fetch would tidy up. */
function ask(place: Place, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(place.origin);
  return new Promise<{ status: number; body: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('who is answered', () => {
  it('the page of this run: right token, Host and Origin', async () => {
    const here = await place();
    const page = await ask(here, `/${here.token}/`, { Origin: here.origin });
    expect([page.status, page.body]).toEqual([200, 'the page']);
    expect(page.headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect((await ask(here, `/${here.token}/data?path=a.txt`)).body).toBe('abcdef');
  });

  it.each(['/', '/data?path=a.txt', '/wrong/', '/wrong/data?path=a.txt', '//data?path=a.txt'])(
    'not %s: wrong token, 403',
    async (path) => {
      const { status, body } = await ask(await place(), path);
      expect([status, body]).toEqual([403, 'wrong token']);
    },
  );

  it.each(['localhost', 'evil.example', '127.0.0.1'])('not Host %s', async (host) => {
    const here = await place();
    const { status, body } = await ask(here, `/${here.token}/`, { Host: host });
    expect([status, body]).toEqual([403, 'wrong Host']);
  });

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1'])('not Origin %s', async (origin) => {
    const here = await place();
    const { status, body } = await ask(here, `/${here.token}/data?path=a.txt`, { Origin: origin });
    expect([status, body]).toEqual([403, 'wrong Origin']);
  });

  it('no write without an Origin', async () => {
    const here = await place();
    const path = `/${here.token}/save?path=x.txt&upload=1&offset=0&last=1`;
    expect((await ask(here, path, {}, 'PUT')).status).toBe(403);
    expect((await ask(here, path, { Origin: here.origin }, 'PUT')).status).toBe(200);
    expect(filesIn(here.out)).toEqual(['old.txt', 'x.txt']);
  });

  it.each(['script.js', 'package.json', '../secret.txt', '%2e%2e/secret.txt', '__proto__', 'toString'])(
    'nothing called %s is served',
    async (name) => {
      const here = await place();
      const { status, body } = await ask(here, `/${here.token}/${name}`);
      expect([403, 404]).toContain(status);
      expect(body).not.toContain('secret');
    },
  );
});

describe('paths', () => {
  const escapes = [
    '../secret.txt',
    'sub/../../secret.txt',
    '/etc/passwd',
    '..\\secret.txt',
    'C:/secret.txt',
    'a\0b',
    '..',
  ];

  it.each(escapes)('%j is refused for reading and writing', async (path) => {
    const here = await place();
    await expect(here.client.readData(path)).rejects.toThrow(/must be relative|not allowed/);
    await expect(here.client.statData(path)).rejects.toThrow(/must be relative|not allowed/);
    await expect(here.client.listData(path)).rejects.toThrow(/must be relative|not allowed/);
    await expect(here.client.save(path, 'x')).rejects.toThrow(/must be relative|not allowed/);
    await expect(here.client.append(path, 'x')).rejects.toThrow(/must be relative|not allowed/);
    expect(read(here.data, '..', 'secret.txt')).toBe('secret');
  });

  it('links that lead out of the data folder are refused and not listed; links inside it work', async () => {
    const here = await place();
    symlinkSync('../secret.txt', join(here.data, 'file'));
    symlinkSync('..', join(here.data, 'folder'));
    symlinkSync('nowhere', join(here.data, 'dangling'));
    symlinkSync('sub', join(here.data, 'inside'));
    await expect(here.client.readData('file')).rejects.toThrow('a link leads out of the folder');
    await expect(here.client.readData('folder/secret.txt')).rejects.toThrow('a link leads out of the folder');
    await expect(here.client.listData('folder')).rejects.toThrow('a link leads out of the folder');
    await expect(here.client.statData('dangling')).rejects.toThrow('there is no such file');
    expect(await here.client.listData()).toEqual(['a.txt', 'inside/', 'sub/']);
    expect(await here.client.listData('inside')).toEqual(['b.txt']);
    expect(await here.client.statData('inside/b.txt')).toBe(1);
  });

  it('a folder whose name begins like the data folder is outside it', async () => {
    const here = await place();
    mkdirSync(`${here.data}-more`);
    writeFileSync(join(`${here.data}-more`, 'x.txt'), 'secret');
    symlinkSync('../data-more/x.txt', join(here.data, 'near'));
    await expect(here.client.readData('near')).rejects.toThrow('a link leads out of the folder');
  });

  it('nothing is written through a link', async () => {
    const here = await place();
    symlinkSync('../secret.txt', join(here.out, 'file'));
    symlinkSync('../data', join(here.out, 'folder'));
    symlinkSync('../new-folder', join(here.out, 'dangling'));
    for (const path of ['file', 'folder/x.txt', 'folder/new/x.txt', 'dangling/x.txt']) {
      await expect(here.client.save(path, 'x')).rejects.toThrow(/link/);
      await expect(here.client.append(path, 'x')).rejects.toThrow(/link/);
    }
    expect(read(here.out, '..', 'secret.txt')).toBe('secret');
    expect(filesIn(here.data)).toEqual(['a.txt', 'sub/b.txt']);
  });
});

describe('reading', () => {
  it('gives ranges with an exclusive end and refuses those beyond the file', async () => {
    const { client } = await place();
    const text = async (range?: { start?: number; end?: number }) =>
      new TextDecoder().decode(await client.readData('a.txt', range));
    expect(await text()).toBe('abcdef');
    expect(await text({ start: 4 })).toBe('ef');
    expect(await text({ end: 2 })).toBe('ab');
    expect(await text({ start: 2, end: 2 })).toBe('');
    await expect(text({ start: 2, end: 7 })).rejects.toThrow(
      `'a.txt': bytes 2 to 7 were asked for, and the file has 6`,
    );
    await expect(text({ start: 3, end: 2 })).rejects.toThrow('bytes 3 to 2');
    await expect(text({ start: -1 })).rejects.toThrow('start must be a whole number >= 0, got -1');
    await expect(client.readData('gone.txt')).rejects.toThrow(`'gone.txt': there is no such file`);
    await expect(client.readData('sub')).rejects.toThrow('this is a folder, not a file');
    await expect(client.readData(undefined as unknown as string)).rejects.toThrow('path must be a text');
  });

  it('without a data folder says how to give one', async () => {
    const server = await startServer({
      data: null,
      output: new Output(
        null,
        () => {},
        () => {},
      ),
    });
    onTestFinished(() => server.close());
    const client = clientOf(server.base);
    await expect(client.readData('a.txt')).rejects.toThrow('give one with --data DIR');
  });
});

describe('saving', () => {
  it('replaces a file only when all of it is there', async () => {
    const { client, out } = await place();
    async function* breaks() {
      yield new Uint8Array(1_500_000);
      expect(read(out, 'old.txt')).toBe('old');
      throw new Error('the source broke');
    }
    await expect(client.save('old.txt', breaks())).rejects.toThrow('the source broke');
    expect(filesIn(out)).toEqual(['old.txt']);
    expect(read(out, 'old.txt')).toBe('old');
    await client.save('old.txt', 'new');
    expect(read(out, 'old.txt')).toBe('new');
  });

  it('takes text, bytes, streams and iterables, empty ones as well', async () => {
    const { client, out } = await place();
    await client.save('text', 'grüße');
    await client.save('bytes', new Uint8Array([65, 66, 67]).subarray(1));
    await client.save('empty', '');
    const chunks = [new Uint8Array(700_000).fill(97), new Uint8Array(700_000).fill(98), new Uint8Array(0)];
    await client.save('stream', new Response(new Blob(chunks)).body as ReadableStream<Uint8Array>);
    expect([read(out, 'text'), read(out, 'bytes'), read(out, 'empty')]).toEqual(['grüße', 'BC', '']);
    expect(read(out, 'stream')).toBe('a'.repeat(700_000) + 'b'.repeat(700_000));
    for (const wrong of [7, null, {}, [1, 2]]) {
      await expect(client.save('wrong', wrong as unknown as string)).rejects.toThrow(`save 'wrong': content must be`);
    }
    async function* strings() {
      yield 'text' as unknown as Uint8Array;
    }
    await expect(client.save('wrong', strings())).rejects.toThrow('must give Uint8Arrays, got string');
    await expect(client.save('text/below', 'x')).rejects.toThrow(/a file, not a folder/);
    expect(filesIn(out)).toEqual(['bytes', 'empty', 'old.txt', 'stream', 'text']);
  });

  it('keeps the order of writes to one path, and its bytes as they were when save was called', async () => {
    const { client, out } = await place();
    const bytes = new Uint8Array([49]);
    const writes = [client.save('x', bytes), client.save('x', '2')];
    bytes[0] = 57;
    await writes[0];
    writes.push(...Array.from({ length: 50 }, (_, i) => client.append('log', `${i} `)));
    await Promise.all(writes);
    expect(read(out, 'x')).toBe('2');
    expect(read(out, 'log')).toBe(Array.from({ length: 50 }, (_, i) => `${i} `).join(''));
    const first = client.save('y', bytes);
    bytes[0] = 0;
    await first;
    expect(read(out, 'y')).toBe('9');
  });

  it('what was never completed is gone when the server closes', async () => {
    const { client, out, server } = await place();
    let begun = () => {};
    const stalled = new Promise<void>((resolve) => {
      begun = resolve;
    });
    async function* stalls() {
      yield new Uint8Array(2_000_000);
      begun();
      await new Promise(() => {});
    }
    void client.save('never', stalls());
    await stalled;
    expect(filesIn(out).filter((name) => name.endsWith('.part'))).toHaveLength(1);
    await server.close();
    expect(filesIn(out)).toEqual(['old.txt']);
  });

  it('to a server that is gone says so', async () => {
    const { client, server } = await place();
    await server.close();
    await expect(client.append('log', 'x')).rejects.toThrow(`append 'log': the runner does not answer`);
  });
});

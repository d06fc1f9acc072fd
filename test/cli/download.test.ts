import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheFolder } from '../../cli/cache.ts';
import { Downloads } from '../../cli/download.ts';
import { filesIn, folderWith, tool } from './tool.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
const SUM = createHash('sha256').update(CONTENT).digest('hex');
/** A process that has ended. */
const GONE = 0x7ffffff;

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Sends what a request's Range asks for, ended early after `cut` bytes. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  { cut = Number.POSITIVE_INFINITY, ranges = true } = {},
) {
  const from = ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  if (from >= CONTENT.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${CONTENT.length}` }).end();
    return;
  }
  const rest = CONTENT.subarray(from);
  const part = from > 0 ? { 'Content-Range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': rest.length, ...part });
  if (cut >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 50));
}

/** A server on this machine, and a cache. */
async function place(answer: Answer) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.range);
    answer(request, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const folder = folderWith();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files/data.bin`;
  const get = (more: object = {}, downloads = new Downloads({ folder, pause: 5 })) =>
    downloads.get({ url, sha256: SUM, ...more });
  return { asked, folder, url, get, server };
}

describe('a download', () => {
  it('is fetched once, verified, and read from the cache afterwards', async () => {
    const { asked, folder, get } = await place((request, response) => send(request, response));
    const told: number[] = [];
    const downloads = new Downloads({
      folder,
      onProgress: (name, done, total) => told.push(done / total + name.length),
    });
    const found = await get({ bytes: CONTENT.length }, downloads);
    expect(found).toEqual({ id: `${SUM}/data.bin`, size: CONTENT.length });
    expect(downloads.pathOf(found!.id)).toBe(join(folder, SUM, 'data.bin'));
    expect(readFileSync(join(folder, SUM, 'data.bin')).equals(CONTENT)).toBe(true);
    expect(told.at(-1)).toBe(1 + 'data.bin'.length);
    await get({}, downloads);
    await get({}, new Downloads({ folder, offline: true }));
    expect(asked).toEqual([undefined]);
    expect(() => downloads.pathOf('another')).toThrow('no such download');
  });

  it('that is cut off goes on where it stopped', async () => {
    const { asked, folder, get } = await place((request, response, count) =>
      send(request, response, count < 3 ? { cut: 100_000 } : {}),
    );
    await get();
    expect(asked).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    expect(filesIn(folder)).toEqual([`${SUM}/data.bin`]);
  });

  it('that is cut off for good says how far it came, and a later run goes on from there', async () => {
    let broken = true;
    const { asked, folder, get } = await place((request, response) => {
      if (!broken) send(request, response);
      else if (request.headers.range) response.destroy();
      else send(request, response, { cut: 100_000 });
    });
    await expect(get({ bytes: CONTENT.length })).rejects.toThrow(
      /failed after 100000 of 300000 bytes: .*goes on from there/,
    );
    const [partial] = readdirSync(join(folder, SUM));
    expect(partial).toMatch(/^\.data\.bin\..*\.part$/);
    broken = false;
    asked.length = 0;
    await get();
    expect(asked).toEqual(['bytes=100000-']);
    expect(filesIn(folder)).toEqual([`${SUM}/data.bin`]);
  });

  it('takes over what a run left that has ended, and leaves alone what another is writing', async () => {
    const { asked, folder, get } = await place((request, response) => send(request, response));
    mkdirSync(join(folder, SUM));
    writeFileSync(join(folder, SUM, `.data.bin.${GONE}-0.part`), CONTENT.subarray(0, 1234));
    writeFileSync(join(folder, SUM, `.data.bin.${process.ppid}-0.part`), CONTENT.subarray(0, 99_999));
    await get();
    expect(asked).toEqual(['bytes=1234-']);
    expect(filesIn(join(folder, SUM))).toEqual([`.data.bin.${process.ppid}-0.part`, 'data.bin']);
  });

  it('begins anew where what was left is of another file, or the server knows no ranges', async () => {
    const { asked, folder, get } = await place((request, response) => send(request, response));
    mkdirSync(join(folder, SUM));
    writeFileSync(join(folder, SUM, `.data.bin.${GONE}-0.part`), Buffer.alloc(5000));
    await get();
    expect(asked).toEqual(['bytes=5000-', undefined]);
    const whole = await place((request, response, count) =>
      send(request, response, { cut: count === 1 ? 5000 : Number.POSITIVE_INFINITY, ranges: false }),
    );
    await whole.get();
    expect(whole.asked).toEqual([undefined, 'bytes=5000-']);
    expect(filesIn(whole.folder)).toEqual([`${SUM}/data.bin`]);
  });

  it('with a wrong checksum names both and keeps nothing', async () => {
    const { folder, get } = await place((request, response) => send(request, response));
    const other = 'ab'.repeat(32);
    await expect(get({ sha256: other })).rejects.toThrow(
      `wrong checksum: the 300000 bytes that came have SHA-256 ${SUM}, and ${other} was expected; nothing was kept`,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another size is refused before it comes', async () => {
    const { folder, get } = await place((request, response) => send(request, response));
    await expect(get({ bytes: 5 })).rejects.toThrow('the server has 300000 bytes, and 5 were expected');
    expect(filesIn(folder).filter((name) => !name.endsWith('.part'))).toEqual([]);
  });

  it('that the server refuses says how; one that is busy is asked again', async () => {
    const missing = await place((_, response) => response.writeHead(404).end('not here'));
    await expect(missing.get()).rejects.toThrow('the server answers 404 Not Found');
    expect(missing.asked).toHaveLength(1);
    const busy = await place((request, response, count) => {
      if (count < 3) response.writeHead(503).end();
      else send(request, response);
    });
    expect((await busy.get())?.size).toBe(CONTENT.length);
    const gone = await place(() => {});
    gone.server.close();
    await expect(gone.get()).rejects.toThrow(/^failed: .*ECONNREFUSED/);
  });

  it('is refused offline, saying where it should be', async () => {
    const { asked, folder, get } = await place((request, response) => send(request, response));
    await expect(get({}, new Downloads({ folder, offline: true }))).rejects.toThrow(
      `not in the cache (${join(folder, SUM, 'data.bin')}), and --offline was given`,
    );
    expect(asked).toEqual([]);
  });

  it('by two runs at once does not clash', async () => {
    const { folder, get } = await place((request, response) => setTimeout(() => send(request, response), 50));
    const runs = Array.from({ length: 3 }, () => new Downloads({ folder, pause: 5 }));
    const found = await Promise.all([...runs, runs[0]!].map((downloads) => get({}, downloads)));
    expect(found.map((f) => f?.size)).toEqual(Array(4).fill(CONTENT.length));
    expect(filesIn(folder)).toEqual([`${SUM}/data.bin`]);
  });

  it('that takes long answers in between', async () => {
    const { asked, folder, get } = await place((request, response) => setTimeout(() => send(request, response), 300));
    const downloads = new Downloads({ folder, patience: 50 });
    expect(await get({}, downloads)).toBe(null);
    let found = await get({}, downloads);
    while (!found) found = await get({}, downloads);
    expect([found.size, asked.length]).toEqual([CONTENT.length, 1]);
  });

  it.each([
    [{ url: 'file:///etc/passwd' }, 'begins with http:// or https://'],
    [{ url: 'nowhere' }, 'begins with http:// or https://'],
    [{ sha256: 'abc' }, "sha256: expected 64 hexadecimal digits, got 'abc'"],
    [{ bytes: 1.5 }, 'bytes: expected a whole number, got 1.5'],
    [{ name: '../x' }, 'name: expected the name of a file'],
    [{ name: '.hidden' }, 'name: expected the name of a file'],
  ])('%j is refused', async (wrong, message) => {
    const { get, folder } = await place(() => {});
    await expect(get(wrong)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('a folder that cannot be written to is named', async () => {
  const { get } = await place((request, response) => send(request, response));
  const file = join(folderWith({ file: '' }), 'file');
  await expect(get({}, new Downloads({ folder: file }))).rejects.toThrow(
    `a part of the path is a file, not a folder (${join(file, SUM, 'data.bin')})`,
  );
});

it('a script reads a download in ranges, and a second run needs no net', async () => {
  const { url, asked } = await place((request, response) => send(request, response));
  const cwd = folderWith({
    'script.ts': `
      import { host } from 'spiketape/host';
      const file = await host.download('${url}', { sha256: '${SUM}' });
      console.log(file.size, await file.read({ start: 10, end: 13 }), (await file.read()).length);
    `,
  });
  const env = { SPIKETAPE_CACHE: join(cwd, 'cache') };
  const expected = `300000 Uint8Array(3) [${[...CONTENT.subarray(10, 13)].join(', ')}] 300000\n`;
  const first = await tool(['run', 'script.ts', '--runtime', 'node'], cwd, env);
  expect([first.code, first.stdout]).toEqual([0, expected]);
  expect(first.stderr).toMatch(/^download data\.bin {2}\[=+\] {2}100 %/);
  const second = await tool(['run', 'script.ts', '--offline'], cwd, env);
  expect([second.code, second.stdout, second.stderr]).toEqual([0, expected, '']);
  expect(asked).toHaveLength(1);
  const none = await tool(['run', 'script.ts', '--offline', '--runtime', 'node'], cwd, { SPIKETAPE_CACHE: cwd });
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/download 'http.*data\.bin': not in the cache .* --offline was given/);
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
});

it('the cache lies where the variables and the system say', () => {
  const folder = (env: object, platform: NodeJS.Platform = 'linux') =>
    cacheFolder({ env: env as NodeJS.ProcessEnv, platform, home: '/h' });
  expect(folder({})).toBe('/h/.cache/spiketape');
  expect(folder({ XDG_CACHE_HOME: '/x' })).toBe('/x/spiketape');
  expect(folder({ XDG_CACHE_HOME: '/x', SPIKETAPE_CACHE: '/c' })).toBe('/c');
  expect(folder({}, 'darwin')).toBe('/h/Library/Caches/spiketape');
});

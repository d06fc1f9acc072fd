import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { browserDownload, type DownloadEntry, downloaded, downloads } from '../../datasets/index.ts';

const content = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251);
const sha256 = createHash('sha256').update(content).digest('hex');
const entry: DownloadEntry = { url: 'https://example.invalid/a.bin', name: 'a.bin', sha256, bytes: 5000 };

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A server, and a browser's cache. */
function net(answer: () => Response): { fetched: () => number; cached: Map<string, Response> } {
  const cached = new Map<string, Response>();
  let fetched = 0;
  vi.stubGlobal('fetch', async () => {
    fetched += 1;
    return answer();
  });
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (key: string) => cached.get(key)?.clone(),
      put: async (key: string, response: Response) => void cached.set(key, response),
    }),
  });
  return { fetched: () => fetched, cached };
}

describe('browserDownload', () => {
  it('fetches a file once, checks and keeps it, and tells how far it is', async () => {
    const { fetched } = net(() => new Response(content));
    const seen: number[] = [];
    const files = downloaded([entry], browserDownload({ onProgress: ({ done, total }) => seen.push(done / total) }));
    expect([await files.list(), fetched()]).toEqual([['a.bin'], 0]);
    expect([await files.size('a.bin'), fetched()]).toEqual([5000, 1]);
    expect(await files.read('a.bin', { start: 10, end: 14 })).toEqual(content.slice(10, 14));
    expect([seen.at(-1), fetched()]).toEqual([1, 1]);
    // another visit
    expect(await downloaded([entry], browserDownload()).read('a.bin')).toEqual(content);
    expect(fetched()).toBe(1);
  });

  it('refuses another file, and one that is too long or too short, and keeps none', async () => {
    const wrong = content.slice();
    wrong[7]! ^= 1;
    let body = wrong;
    const { cached } = net(() => new Response(body));
    const read = () => downloaded([entry], browserDownload()).read('a.bin');
    const sum = createHash('sha256').update(wrong).digest('hex');
    await expect(read()).rejects.toThrow(`a.bin: expected the SHA-256 ${sha256}, got ${sum} of 5000 bytes`);
    body = content.slice(0, 4000);
    await expect(read()).rejects.toThrow('a.bin: expected 5000 bytes, 4000 came');
    body = new Uint8Array(6000);
    await expect(read()).rejects.toThrow('a.bin: expected 5000 bytes, more came');
    expect(cached.size).toBe(0);
  });

  it('tells what the server said, and tries again when asked again', async () => {
    let [status, text] = [404, 'Not Found'];
    net(() => new Response(status === 200 ? content : 'no', { status, statusText: text }));
    const files = downloaded([entry], browserDownload());
    await expect(files.read('a.bin')).rejects.toThrow(
      'a.bin: the server answered 404 Not Found to https://example.invalid/a.bin',
    );
    [status, text] = [200, 'OK'];
    expect((await files.read('a.bin')).length).toBe(5000);
  });

  it('does without a cache', async () => {
    const { fetched } = net(() => new Response(content));
    vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('no', 'SecurityError')) });
    expect((await downloaded([entry], browserDownload()).read('a.bin')).length).toBe(5000);
    expect(fetched()).toBe(1);
  });
});

it('has a table of addresses and checksums', () => {
  for (const list of Object.values(downloads)) {
    for (const { url, sha256, name } of list) {
      expect(new URL(url).protocol).toBe('https:');
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(name).not.toBe('');
    }
    expect(new Set(list.map(({ sha256 }) => sha256)).size).toBe(list.length);
  }
});

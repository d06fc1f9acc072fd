import { type FileSource, type Files, filesOf, plainPath } from './files.ts';
import { gunzip, gunzipped } from './gunzip.ts';
import { isTarHeader, type ReadBytes, tarMembers } from './tar.ts';

export interface ArchiveOptions {
  /**
   * Bytes of an unpacked .tar.gz that are kept in memory (default 256 MiB). Of a longer one only the directory is kept: it
   * is unpacked again from the front when a member is wanted that lies before the last one read, so read those in the
   * archive's order (`each`).
   */
  keep?: number;
}

/**
 * The files of an archive as they were published, without unpacking it first: .zip (by its directory), .tar (by its
 * headers), .tar.gz and .tgz (while it is unpacked), and .gz of a single file. The form is told by the content.
 *
 * @param path the archive among `files`
 * @throws when it is none of these, damaged or cut short, with the file and the offset
 */
export async function archiveFiles(files: Files, path: string, options: ArchiveOptions = {}): Promise<Files> {
  const { keep = 256 * 2 ** 20 } = options;
  const size = await files.size(path);
  const head = await files.read(path, { end: Math.min(size, 512) });
  if (head[0] === 0x50 && head[1] === 0x4b) {
    const { zipSources } = await import('./zip.ts');
    return filesOf(await zipSources(files, path), path);
  }
  if (isTarHeader(head)) {
    const read: ReadBytes = (start, end) =>
      files.read(path, { start: Math.min(start, size), end: Math.min(end, size) });
    return tarFiles(read, path, ahead(read));
  }
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const unpacked = new Unpacked(() => gunzipped((start, end) => files.read(path, { start, end }), size, path), keep);
    const first = await unpacked.read(0, 512);
    if (!isTarHeader(first)) {
      await unpacked.close();
      return singleFile(files, path);
    }
    const members = await tarFiles((start, end) => unpacked.read(start, end), path);
    // the checksum comes at the end
    await unpacked.finish();
    return members;
  }
  throw new Error(`${path}: expected an archive (.zip, .tar, .tar.gz, .tgz or .gz), its first bytes are of none`);
}

const AHEAD = 1 << 16;

/** The packed file's own content when it is packed by gzip, else the file. */
export async function readUnpacked(files: Files, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, path) : bytes;
}

/** Small reads one after the other, as those of headers are, from few larger ones. */
function ahead(read: ReadBytes): ReadBytes {
  let [at, held] = [0, new Uint8Array(0)];
  return async (start, end) => {
    if (start < at || end > at + held.length) {
      held = new Uint8Array(await read(start, Math.max(end, start + AHEAD)));
      at = start;
    }
    return held.subarray(start - at, end - at);
  };
}

/** @param headers reads the headers, `read` the members */
async function tarFiles(read: ReadBytes, name: string, headers = read): Promise<Files> {
  const sources = new Map<string, FileSource>();
  const starts = new Map<string, number>();
  for (const { path, start, size } of await tarMembers(headers, name)) {
    starts.set(path, start);
    sources.set(path, {
      size,
      read: async (from, to) => {
        const bytes = await read(start + from, start + to);
        if (bytes.length < to - from) throw new Error(`${name}: '${path}' at byte ${start} is cut short`);
        return bytes;
      },
    });
  }
  const startOf = (path: string): number => starts.get(plainPath(path)) ?? Number.POSITIVE_INFINITY;
  return {
    ...filesOf(sources, name),
    fastest: async (paths) => [...paths].sort((a, b) => startOf(a) - startOf(b)),
  };
}

function singleFile(files: Files, path: string): Files {
  const inside = (path.split('/').at(-1) ?? path).replace(/\.gz$/i, '');
  let content: Promise<Uint8Array> | undefined;
  const whole = (): Promise<Uint8Array> => {
    content ??= files.read(path).then((bytes) => gunzip(bytes, path));
    return content;
  };
  const source: FileSource = {
    size: async () => (await whole()).length,
    read: async (start, end) => (await whole()).slice(start, end),
  };
  return filesOf(new Map([[inside, source]]), path);
}

/**
 * Bytes of a stream at any place: those kept from memory, others by going forward, or by starting again when they lie
 * behind. One reader at a time; others wait for their turn.
 */
class Unpacked {
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** The piece at hand, and its place in the stream. */
  #piece = new Uint8Array(0);
  #at = 0;
  /** All pieces from the front on; undefined once they are too many. */
  #kept: { start: number; bytes: Uint8Array }[] | undefined = [];
  #keptEnd = 0;
  #whole = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly open: () => ReadableStream<Uint8Array>,
    readonly keep: number,
  ) {}

  /** Bytes start to end, fewer where the stream ends before. */
  read(start: number, end: number): Promise<Uint8Array> {
    const turn = this.#turn.then(() => this.#read(start, end));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** To the end, where damage shows. */
  async finish(): Promise<void> {
    await this.#turn;
    while (await this.#next());
    if (this.#kept) this.#whole = true;
  }

  async close(): Promise<void> {
    await this.#reader?.cancel();
    this.#reader = undefined;
    this.#piece = new Uint8Array(0);
    this.#at = 0;
  }

  async #read(start: number, end: number): Promise<Uint8Array> {
    const out = new Uint8Array(end - start);
    let filled = this.#kept ? this.#copyKept(out, start, Math.min(end, this.#keptEnd)) : 0;
    if (filled === out.length || (this.#whole && this.#kept)) return out.subarray(0, filled);
    if (start + filled < this.#at) await this.close();
    for (;;) {
      const from = start + filled - this.#at;
      if (from < this.#piece.length) {
        const part = this.#piece.subarray(from, from + out.length - filled);
        out.set(part, filled);
        filled += part.length;
      }
      if (filled === out.length || !(await this.#next())) return out.subarray(0, filled);
    }
  }

  /** Goes on to the next piece; false at the end. */
  async #next(): Promise<boolean> {
    this.#reader ??= this.open().getReader();
    const { done, value } = await this.#reader.read();
    this.#at += this.#piece.length;
    this.#piece = new Uint8Array(0);
    if (done) return false;
    this.#piece = value as Uint8Array<ArrayBuffer>;
    if (this.#kept && this.#at === this.#keptEnd) {
      this.#kept.push({ start: this.#at, bytes: value });
      this.#keptEnd += value.length;
      if (this.#keptEnd > this.keep) this.#kept = undefined;
    }
    return true;
  }

  #copyKept(out: Uint8Array, start: number, end: number): number {
    if (end <= start) return 0;
    const pieces = this.#kept ?? [];
    // the last piece that begins at or before start
    let [low, high] = [0, pieces.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pieces[middle]?.start ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    let filled = 0;
    for (let p = low; p < pieces.length && start + filled < end; p++) {
      const { start: at, bytes } = pieces[p] as { start: number; bytes: Uint8Array };
      const part = bytes.subarray(start + filled - at, end - at);
      out.set(part, filled);
      filled += part.length;
    }
    return filled;
  }
}

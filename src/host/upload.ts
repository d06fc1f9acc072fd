import type { SaveContent } from './types.ts';

/** Large enough that the request costs little beside the bytes, small enough that a stream is never held as a whole. */
const CHUNK_BYTES = 1 << 20;

/** @throws TypeError for content that cannot be saved */
export function checkContent(path: string, content: unknown): void {
  if (typeof content === 'string' || content instanceof Uint8Array) return;
  if (typeof content === 'object' && content !== null) {
    if (Symbol.asyncIterator in content || 'getReader' in content) return;
  }
  throw new TypeError(
    `save '${path}': content must be a string, a Uint8Array, a ReadableStream or an async iterable of Uint8Array`,
  );
}

/** Cuts content into pieces of at most CHUNK_BYTES, small pieces of a stream gathered into larger ones. */
export async function* chunksOf(path: string, content: SaveContent): AsyncGenerator<Uint8Array> {
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

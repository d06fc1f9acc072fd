/** How much is handed to the unpacker at a time; what is damaged is known to about this many bytes. */
const PIECE = 1 << 16;

/**
 * Unpacks gzip. Works in browsers, workers and Node alike.
 *
 * @param bytes the gzip file
 * @param name what the error message calls the file
 * @throws Error when the bytes are damaged, cut short or no gzip, with the file's name and the offset
 */
export async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const unpacked = gunzipped(async (start, end) => bytes.subarray(start, end), bytes.length, name);
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** The same, read as UTF-8 text. @throws besides when the text is no valid UTF-8 */
export async function gunzipText(bytes: Uint8Array, name: string): Promise<string> {
  return utf8(await gunzip(bytes, name), name);
}

/** @throws when the bytes are no valid UTF-8 */
export function utf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${name}: expected UTF-8 text, got ${bytes.length} bytes that are not`, { cause });
  }
}

/**
 * Unpacks a gzip file piece by piece while it is read.
 *
 * @param read gives bytes start to end of the packed file
 */
export function gunzipped(
  read: (start: number, end: number) => Promise<Uint8Array>,
  size: number,
  name: string,
): ReadableStream<Uint8Array> {
  let at = 0;
  // of the reading itself, which is not the unpacker's
  let failure: unknown;
  const next = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const end = Math.min(size, at + PIECE);
    // A copy, since a stream part has to lie in an ArrayBuffer that is not shared.
    const piece = new Uint8Array(await read(at, end));
    if (at === 0 && !(piece[0] === 0x1f && piece[1] === 0x8b))
      throw new Error(
        `${name}: expected a whole gzip file, bytes 1f 8b at its start, got ${hex(piece.subarray(0, 2))}`,
      );
    at = end;
    return piece;
  };
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        if (at > 0 && at >= size) return controller.close();
        try {
          controller.enqueue(await next());
        } catch (error) {
          failure = error;
          throw error;
        }
      },
    },
    { highWaterMark: 0 },
  );
  const source = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await source.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (cause) {
          if (failure) throw failure;
          const where = at < size ? `damaged at or before byte ${at}` : `damaged, or cut short at byte ${size}`;
          throw new Error(`${name}: expected a whole gzip file of ${size} bytes; it is ${where}`, { cause });
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? 'an empty file' : Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');

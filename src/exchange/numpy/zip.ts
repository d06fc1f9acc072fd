import {
  configure,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from '@zip.js/zip.js/lib/zip-core-custom.js';

configure({ useWebWorkers: false, chunkSize: 1 << 18 });

/** Deflate makes at most 1,032 bytes of one. */
const DENSEST = 1032;

/** Stored files in a zip archive; the same files give the same bytes. */
export async function zip(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter());
  const options = { level: 0, dataDescriptor: false, extendedTimestamp: false, lastModDate: new Date(1980, 0, 1) };
  for (const [name, bytes] of files) await writer.add(name, new Uint8ArrayReader(bytes), options);
  return writer.close();
}

/**
 * The members of a zip archive, unpacked.
 *
 * @param most bytes that all of them may have together
 * @throws naming the member and its place, when something is damaged, encrypted, there twice, or larger than it says
 */
export async function unzip(bytes: Uint8Array, most: number, where: string): Promise<Map<string, Uint8Array>> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), { checkOverlappingEntry: true });
  const files = new Map<string, Uint8Array>();
  const entries = await reader.getEntries().catch((cause: unknown) => {
    throw new Error(
      `${where}: expected a zip file with a whole directory at its end (byte ${bytes.length}): ${say(cause)}`,
      {
        cause,
      },
    );
  });
  let total = 0;
  for (const entry of entries) {
    const { filename, uncompressedSize, compressedSize, encrypted } = entry;
    const member = `${where}: '${filename}' at byte ${entry.offset}`;
    if (files.has(filename)) throw new Error(`${member}: there are two members of this name`);
    if (entry.directory) throw new Error(`${member}: is a folder, expected files`);
    if (encrypted) throw new Error(`${member}: is encrypted`);
    if (!Number.isSafeInteger(compressedSize) || compressedSize > bytes.length)
      throw new Error(`${member}: has ${compressedSize} packed bytes, but the file only ${bytes.length}`);
    total += uncompressedSize;
    if (!(total <= most))
      throw new Error(`${member}: with it the members have ${total} bytes, expected at most ${most}`);
    if (uncompressedSize > DENSEST * compressedSize)
      throw new Error(`${member}: ${uncompressedSize} bytes cannot have been packed into ${compressedSize}`);
    const content = new Uint8Array(uncompressedSize);
    let at = 0;
    const sink = new WritableStream<Uint8Array>({
      write(chunk) {
        if (at + chunk.length > content.length)
          throw new Error(`has more than the ${content.length} bytes that it says`);
        content.set(chunk, at);
        at += chunk.length;
      },
    });
    try {
      await entry.getData(sink, { checkSignature: true });
      if (at !== content.length) throw new Error(`has ${at} bytes, but says ${content.length}`);
    } catch (cause) {
      throw new Error(`${member} is damaged: ${say(cause)}`, { cause });
    }
    files.set(filename, content);
  }
  await reader.close();
  return files;
}

const say = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

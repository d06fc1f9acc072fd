import { configure, type FileEntry, Reader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js';
import type { FileSource, Files } from './files.ts';

// What unpacks is the platform's DecompressionStream; decoding off the main thread is the DataLoader's business.
configure({ useWebWorkers: false, chunkSize: 1 << 18 });

/** An archive that is read where its directory says, not from front to back. */
class RangeReader extends Reader<string> {
  constructor(
    readonly files: Files,
    readonly path: string,
  ) {
    super(path);
  }

  override async init(): Promise<void> {
    await super.init?.();
    this.size = await this.files.size(this.path);
  }

  override readUint8Array(index: number, length: number): Promise<Uint8Array> {
    return this.files.read(this.path, { start: index, end: Math.min(this.size, index + length) });
  }
}

/**
 * The members of a zip file, by its central directory.
 *
 * @throws when the directory is damaged or missing, as it is when the end of the file is; a member's own damage shows when
 * it is read, by its checksum
 */
export async function zipSources(files: Files, path: string): Promise<Map<string, FileSource>> {
  const size = await files.size(path);
  const reader = new ZipReader(new RangeReader(files, path));
  const sources = new Map<string, FileSource>();
  try {
    for (const entry of await reader.getEntries()) {
      if (!entry.directory) sources.set(entry.filename, memberOf(entry, path));
    }
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path}: expected a zip file with a whole directory at its end (byte ${size}): ${what}`, {
      cause,
    });
  }
  return sources;
}

function memberOf(entry: FileEntry, path: string): FileSource {
  const content = async (): Promise<Uint8Array> => {
    try {
      return await entry.getData(new Uint8ArrayWriter(), { checkSignature: true });
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${path}: '${entry.filename}' at byte ${entry.offset} is damaged: ${what}`, { cause });
    }
  };
  return { size: entry.uncompressedSize, read: async (start, end) => (await content()).slice(start, end) };
}

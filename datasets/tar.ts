/**
 * The headers of a tar archive: ustar, the GNU form with long names, and pax. Libraries unpack whole archives; this says at
 * which bytes each member lies, so that one member can be read from an archive of gigabytes.
 */

/** Bytes start to end of the archive; fewer where it ends before. */
export type ReadBytes = (start: number, end: number) => Promise<Uint8Array>;

export interface TarMember {
  readonly path: string;
  /** First byte of its content in the archive. */
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;
/** The longest pax header or long name that is believed. */
const LONGEST_NAME = 1 << 20;

/**
 * The files of an archive, in its order; links and devices are passed over. When a path comes twice, the later one holds,
 * as when unpacking.
 *
 * @throws when a header is damaged or the archive ends too early, with the byte
 */
export async function tarMembers(read: ReadBytes, name: string): Promise<TarMember[]> {
  const members = new Map<string, TarMember>();
  let [at, longName, pax, before] = [0, '', new Map<string, string>(), ''];
  for (;;) {
    const block = await read(at, at + BLOCK);
    if (block.length < BLOCK)
      throw new Error(`${name}: the tar archive is cut short: no end mark and no header at byte ${at}${before}`);
    if (block.every((b) => b === 0)) return [...members.values()];
    const header = headerOf(block, `${name}: byte ${at}`);
    const size = pax.has('size') ? Number(pax.get('size')) : header.size;
    const start = at + BLOCK;
    at = start + BLOCK * Math.ceil(size / BLOCK);
    if ('LKxg'.includes(header.type)) {
      if (size > LONGEST_NAME) throw new Error(`${name}: byte ${start - BLOCK}: a tar header of ${size} bytes`);
      const content = await read(start, start + size);
      if (content.length < size)
        throw new Error(
          `${name}: the tar archive is cut short: a header at byte ${start - BLOCK} has ${size} bytes, it ends before`,
        );
      if (header.type === 'L') longName = textOf(content);
      if (header.type === 'x') pax = paxRecords(content, `${name}: byte ${start}`);
      continue;
    }
    const path = (pax.get('path') ?? (longName || header.path)).replace(/^(\.?\/)+/, '');
    [longName, pax] = ['', new Map()];
    // '0', NUL and '7' are the marks of plain files
    if ('0\u00007'.includes(header.type) && !path.endsWith('/')) {
      // a later one holds the place of its own in the order
      members.delete(path);
      members.set(path, { path, start, size });
      before = `, after '${path}' of ${size} bytes at byte ${start}`;
    }
  }
}

/** Whether a block is a tar header; for files whose name does not tell. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const text = textOf(block.subarray(148, 156)).trim();
  return /^[0-7]+$/.test(text) && Number.parseInt(text, 8) === checksum(block);
}

function headerOf(block: Uint8Array, where: string): { path: string; size: number; type: string } {
  if (!isTarHeader(block)) throw new Error(`${where}: expected a tar header, its checksum does not fit`);
  const prefix =
    textOf(block.subarray(257, 262)) === 'ustar' && block[262] === 0 ? textOf(block.subarray(345, 500)) : '';
  const path = textOf(block.subarray(0, 100));
  const size = numberOf(block.subarray(124, 136));
  if (!Number.isSafeInteger(size)) throw new Error(`${where}: the size of '${path}' in its tar header is no number`);
  return { path: prefix ? `${prefix}/${path}` : path, size, type: String.fromCharCode(block[156] ?? 0) };
}

/** Sum of a header's bytes, its own checksum counted as blanks. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (block[i] as number);
  return sum;
}

/** Octal digits, or where the first bit is set the number itself in the bytes. */
function numberOf(field: Uint8Array): number {
  if ((field[0] ?? 0) & 0x80) return field.subarray(1).reduce((sum, b) => sum * 256 + b, (field[0] ?? 0) & 0x7f);
  const text = textOf(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : Number.NaN;
}

/** Records `LENGTH KEY=VALUE\n`, LENGTH counting the whole record in bytes. */
function paxRecords(content: Uint8Array, where: string): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length && content[at] !== 0; ) {
    const length = Number.parseInt(textOf(content.subarray(at, at + 20)), 10);
    const record = textOf(content.subarray(at, at + length)).replace(/^\d+ /, '');
    const equals = record.indexOf('=');
    if (!(length > 0) || equals < 0 || at + length > content.length)
      throw new Error(`${where}: a pax header with a record that cannot be read`);
    records.set(record.slice(0, equals), record.slice(equals + 1).replace(/\n$/, ''));
    at += length;
  }
  return records;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

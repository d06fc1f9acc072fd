/** An idx file of unsigned bytes (LeCun, Cortes & Burges): a header of sizes, then the bytes. */
export interface Idx {
  readonly shape: number[];
  /** The bytes behind the header, which is so long. */
  readonly values: Uint8Array;
  readonly header: number;
}

/**
 * Reads an idx file.
 *
 * @param dimensions how many it must have: 3 for images, 1 for labels
 * @param name what messages call it
 * @throws when it is no idx file of bytes, has other dimensions, or is shorter or longer than its header says
 */
export function readIdx(bytes: Uint8Array, dimensions: number, name: string): Idx {
  const header = 4 + 4 * dimensions;
  if (bytes.length < header)
    throw new Error(`${name}: cut short at byte ${bytes.length}: an idx header of ${header} bytes was expected`);
  const [zero, alsoZero, type, found] = bytes as unknown as [number, number, number, number];
  if (zero !== 0 || alsoZero !== 0)
    throw new Error(
      `${name}: byte 0: expected an idx file, which begins with 00 00, got ${hex(zero)} ${hex(alsoZero)}`,
    );
  if (type !== 8) throw new Error(`${name}: byte 2: expected idx type 08 (unsigned bytes), got ${hex(type)}`);
  if (found !== dimensions)
    throw new Error(
      `${name}: byte 3: expected ${kindOf(dimensions)}, which have ${dimensions} dimensions, got ${found} (${kindOf(found)})`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const size = header + shape.reduce((a, b) => a * b, 1);
  if (size !== bytes.length)
    throw new Error(
      `${name}: its header says ${shape.join(' x ')} bytes, so ${size} with the header; the file ends at byte ${bytes.length}`,
    );
  return { shape, values: bytes.subarray(header), header };
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const kindOf = (dimensions: number): string =>
  dimensions === 1 ? 'labels' : dimensions === 3 ? 'images' : `an array of ${dimensions} dimensions`;

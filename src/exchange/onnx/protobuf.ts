/** Writes protobuf's wire format: fields in the order in which they are given. */
export class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** A whole number, negative ones as 64-bit two's complement. */
  int(field: number, value: number): this {
    return this.#push(varint(field * 8), varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(varint(field * 8 + 5), bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint(field * 8 + 2), varint(value.length), value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Numbers in one field. */
  packed(field: number, values: readonly number[]): this {
    return this.bytes(field, joined(values.map(varint)));
  }

  message(field: number, fill: (message: Writer) => void): this {
    const within = new Writer();
    fill(within);
    return this.bytes(field, within.finish());
  }

  finish(): Uint8Array {
    return joined(this.#parts);
  }

  #push(...parts: Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return Uint8Array.from(bytes);
}

/** A message, or what else has a length, within a file: nothing is copied. */
export interface Span {
  readonly file: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A field as it lies in the file: its wire type is 0 (number), 1 (8 bytes), 2 (with a length) or 5 (4 bytes). */
export interface Field extends Span {
  readonly number: number;
  readonly wire: number;
  /** Where the field begins in the file. */
  readonly at: number;
  /** Of wire type 0: a signed 64-bit number, rounded to the nearest that JavaScript has. */
  readonly value: number;
}

/** @throws always, naming the place in the file */
export function fail(at: number, what: string): never {
  throw new Error(`ONNX file, byte ${at}: ${what}`);
}

/** The fields of a message. @throws where it is cut off or no protobuf, with the byte */
export function* fields({ file, start, end }: Span): Generator<Field> {
  let at = start;
  while (at < end) {
    const tag = readVarint(file, at, end);
    const [number, wire] = [Math.floor(tag.value / 8), tag.value & 7];
    if (!(number >= 1 && number < 2 ** 29)) fail(at, `a field's number must be in 1 .. 2^29 - 1, got ${number}`);
    let next = tag.next;
    let from = next;
    let value = 0;
    if (wire === 0) ({ value, next } = readVarint(file, next, end));
    else if (wire === 1 || wire === 5) next += wire === 1 ? 8 : 4;
    else if (wire === 2) {
      const length = readVarint(file, next, end);
      from = length.next;
      next = from + length.value;
      if (length.value < 0 || next > end)
        fail(at, `field ${number} says that it has ${length.value} bytes, ${end - from} are left`);
    } else fail(at, `field ${number} has wire type ${wire}, expected 0, 1, 2 or 5`);
    if (next > end) fail(at, `field ${number} is cut off: it ends at byte ${next}, what holds it at ${end}`);
    yield { file, number, wire, at, value, start: from, end: next };
    at = next;
  }
}

function readVarint(file: Uint8Array, at: number, end: number): { value: number; next: number } {
  // short ones without the detour
  if (at < end && file[at]! < 128) return { value: file[at]!, next: at + 1 };
  let bits = 0n;
  for (let i = 0; i < 10; i++) {
    if (at + i >= end) fail(at, 'a number is cut off');
    const byte = file[at + i]!;
    bits |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value: Number(BigInt.asIntN(64, bits)), next: at + i + 1 };
  }
  return fail(at, 'a number has more than ten bytes');
}

const wireNames = ['a number', '8 bytes', 'something with a length', '', '', '4 bytes'];

function expectWire(f: Field, wire: number, what: string): void {
  if (f.wire !== wire) fail(f.at, `${what} must be ${wireNames[wire]}, got ${wireNames[f.wire]}`);
}

export function intOf(f: Field, what: string): number {
  expectWire(f, 0, what);
  return f.value;
}

export function floatOf(f: Field, what: string): number {
  expectWire(f, 5, what);
  return view(f).getFloat32(0, true);
}

export function bytesOf(f: Field, what: string): Uint8Array {
  expectWire(f, 2, what);
  return f.file.subarray(f.start, f.end);
}

export function messageOf(f: Field, what: string): Span {
  expectWire(f, 2, what);
  return f;
}

/** @throws on bytes that are no UTF-8 */
export function textOf(f: Field, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(f, what));
  } catch (error) {
    if (error instanceof TypeError) fail(f.at, `${what} is not UTF-8`);
    throw error;
  }
}

/** Numbers of a repeated field, appended to `to`: one, or packed. */
export function pushInts(f: Field, to: number[], what: string): void {
  if (f.wire === 0) {
    to.push(f.value);
    return;
  }
  expectWire(f, 2, what);
  for (let at = f.start; at < f.end; ) {
    const { value, next } = readVarint(f.file, at, f.end);
    to.push(value);
    at = next;
  }
}

/** Floats of a repeated field, appended to `to`: one, or packed; of 4 or 8 bytes. */
export function pushFloats(f: Field, to: number[], what: string, size: 4 | 8 = 4): void {
  const single = size === 4 ? 5 : 1;
  if (f.wire !== single) expectWire(f, 2, what);
  if ((f.end - f.start) % size !== 0) fail(f.at, `${what} has ${f.end - f.start} bytes, no whole number of ${size}`);
  const data = view(f);
  for (let i = 0; i < f.end - f.start; i += size)
    to.push(size === 4 ? data.getFloat32(i, true) : data.getFloat64(i, true));
}

const view = ({ file, start, end }: Span): DataView => new DataView(file.buffer, file.byteOffset + start, end - start);

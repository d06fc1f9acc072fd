import type { Random } from '../random.ts';

/** Turns a file into another one. `other` is a second valid file of the same reader. */
export type Mutator = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A piece of a file that is rather short. */
function piece(bytes: Uint8Array, random: Random): [begin: number, end: number] {
  const begin = random.int(bytes.length);
  return [begin, Math.min(bytes.length, begin + random.length(bytes.length))];
}

/** Puts a number of 1, 2, 4 or 8 bytes at an offset, in either byte order. */
export function putNumber(bytes: Uint8Array, at: number, random: Random): void {
  const size = Math.min(random.pick([1, 2, 4, 8]), bytes.length - at);
  const little = random.chance(0.8);
  const order = Array.from({ length: size }, (_, i) => at + (little ? i : size - 1 - i));
  const known = order.reduceRight((value, place) => value * 256n + BigInt(bytes[place]!), 0n);
  let value = BigInt.asUintN(8 * size, random.edge(known));
  for (const place of order) {
    bytes[place] = Number(value & 255n);
    value >>= 8n;
  }
}

const truncate: Mutator = (bytes, _, random) => bytes.slice(0, random.int(bytes.length));

const flip: Mutator = (bytes, _, random) => {
  const result = bytes.slice();
  for (let n = random.length(16); n > 0 && result.length > 0; n--) {
    const at = random.int(result.length);
    result[at] = result[at]! ^ (1 << random.int(8));
  }
  return result;
};

const overwrite: Mutator = (bytes, _, random) => {
  const result = bytes.slice();
  const [begin, end] = piece(bytes, random);
  const value = random.pick([0, 0xff, 0x20, 0x80, -1]);
  for (let i = begin; i < end; i++) result[i] = value < 0 ? random.int(256) : value;
  return result;
};

const splice: Mutator = (bytes, other, random) => {
  const [begin, end] = piece(other, random);
  const at = random.int(bytes.length);
  const over = random.chance(0.5) ? end - begin : random.int(bytes.length - at);
  return join(bytes.slice(0, at), other.slice(begin, end), bytes.slice(at + over));
};

const remove: Mutator = (bytes, _, random) => {
  const [begin, end] = piece(bytes, random);
  return join(bytes.slice(0, begin), bytes.slice(end));
};

const repeat: Mutator = (bytes, _, random) => {
  const [begin, end] = piece(bytes, random);
  const times = Math.max(1, Math.min(random.length(64), Math.floor(65536 / (end - begin + 1))));
  return join(
    bytes.slice(0, begin),
    ...Array.from({ length: times + 1 }, () => bytes.slice(begin, end)),
    bytes.slice(end),
  );
};

const swap: Mutator = (bytes, _, random) => {
  const [a, b, c] = [random.int(bytes.length), random.int(bytes.length), random.int(bytes.length)].sort(
    (x, y) => x - y,
  );
  return join(bytes.slice(0, a), bytes.slice(b, c), bytes.slice(a, b), bytes.slice(c!));
};

const number: Mutator = (bytes, _, random) => {
  const result = bytes.slice();
  for (let n = random.length(4); n > 0 && result.length > 0; n--) {
    // lengths stand at the beginning more often than not, and aligned
    const at = random.chance(0.5) ? random.int(Math.min(result.length, 128)) : random.int(result.length);
    putNumber(result, random.chance(0.7) ? at & ~3 : at, random);
  }
  return result;
};

/** Digits of a number that is written as text become those of another. */
const digits: Mutator = (bytes, _, random) => {
  const start = random.int(bytes.length);
  const isDigit = (i: number): boolean => bytes[i]! >= 0x30 && bytes[i]! <= 0x39;
  let begin = start;
  while (begin < bytes.length && !isDigit(begin)) begin++;
  if (begin === bytes.length) return number(bytes, bytes, random);
  let end = begin;
  while (end < bytes.length && isDigit(end) && end - begin < 20) end++;
  const known = BigInt(new TextDecoder().decode(bytes.subarray(begin, end)));
  return join(bytes.slice(0, begin), new TextEncoder().encode(String(random.edge(known))), bytes.slice(end));
};

const append: Mutator = (bytes, other, random) => {
  const tail = random.chance(0.5) ? other : Uint8Array.from({ length: random.length(4096) }, () => random.int(256));
  return join(bytes, tail);
};

const all = [truncate, flip, flip, overwrite, splice, remove, repeat, swap, number, number, digits, append];

/** One to three changes that know nothing of the format. */
export const anyBytes: Mutator = (bytes, other, random) => {
  let result = bytes;
  for (let n = random.length(4); n > 0 && result.length > 0; n--) result = random.pick(all)(result, other, random);
  return result;
};

/** Exactly one bit. */
export const oneBit: Mutator = (bytes, _, random) => {
  const result = bytes.slice();
  const at = random.int(result.length);
  result[at] = result[at]! ^ (1 << random.int(8));
  return result;
};

/** Numbers in the structures that begin with one of these marks: `span` bytes from each on. */
export function nearMarks(marks: readonly string[], span: number): Mutator {
  const codes = marks.map((mark) => Array.from(mark, (c) => c.charCodeAt(0)));
  return (bytes, other, random) => {
    const places: number[] = [];
    for (let i = 0; i < bytes.length; i++)
      if (codes.some((code) => code.every((c, k) => bytes[i + k] === c))) places.push(i);
    if (places.length === 0) return number(bytes, other, random);
    const result = bytes.slice();
    for (let n = random.length(4); n > 0; n--) {
      const at = random.pick(places) + random.int(span);
      if (at >= result.length) continue;
      if (random.chance(0.5)) putNumber(result, at, random);
      else result[at] = random.int(256);
    }
    return result;
  };
}

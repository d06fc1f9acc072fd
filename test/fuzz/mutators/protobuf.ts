import type { Random } from '../random.ts';
import { anyBytes, join } from './bytes.ts';

/** A field as it lies in a message: a number, or bytes, which may be a message themselves. */
type Field =
  | { number: number; wire: 0 | 1 | 5; value: bigint }
  | { number: number; wire: 2; value: Uint8Array | Field[] };

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(left & 127n) | (left > 127n ? 128 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Uint8Array.from(bytes);
}

/** The fields of a message, or null where the bytes are none. */
function parse(bytes: Uint8Array): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  const number = (): bigint | null => {
    let [value, shift] = [0n, 0n];
    for (; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const tag = number();
    if (tag === null || tag >> 3n === 0n || tag > 1000n) return null;
    const [id, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) {
      const value = number();
      if (value === null) return null;
      fields.push({ number: id, wire, value });
    } else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4;
      if (at + size > bytes.length) return null;
      const value = bytes.slice(at, at + size).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      fields.push({ number: id, wire, value });
      at += size;
    } else if (wire === 2) {
      const length = number();
      if (length === null || BigInt(at) + length > BigInt(bytes.length)) return null;
      const content = bytes.slice(at, at + Number(length));
      at += Number(length);
      // text and numbers read as a message now and then, and are then changed as one
      const isText = content.every((byte) => byte >= 0x20 && byte < 0x7f);
      fields.push({ number: id, wire, value: (!isText && parse(content)) || content });
    } else return null;
  }
  return fields;
}

function write(fields: readonly Field[]): Uint8Array {
  return join(
    ...fields.flatMap(({ number, wire, value }) => {
      const tag = varint(BigInt(number * 8 + wire));
      if (typeof value === 'bigint') {
        if (wire === 0) return [tag, varint(value)];
        const size = wire === 1 ? 8 : 4;
        return [tag, Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))];
      }
      const content = value instanceof Uint8Array ? value : write(value);
      return [tag, varint(BigInt(content.length)), content];
    }),
  );
}

/** Every list of fields in a message. */
const lists = (fields: Field[]): Field[][] => [
  fields,
  ...fields.flatMap(({ value }) => (Array.isArray(value) ? lists(value) : [])),
];

/** One to four changes to the fields of a protobuf message, which leave it one. */
export function editProtobuf(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array | null {
  const root = parse(bytes);
  if (!root) return null;
  for (let n = random.length(5); n > 0; n--) {
    const all = lists(root);
    const list = random.pick(all);
    const field = random.pick(list);
    const kind = random.int(10);
    const at = list.indexOf(field);
    if (!field) continue;
    if (kind === 0) list.splice(at, 1);
    else if (kind === 1) list.splice(at, 0, ...new Array<Field>(random.length(40)).fill(structuredClone(field)));
    else if (kind === 2)
      list.splice(random.int(list.length + 1), 0, structuredClone(random.pick(random.pick(all)) ?? field));
    else if (kind === 3) list[at] = { ...field, number: 1 + random.int(32) };
    else if (kind === 4) {
      let inner: Field[] = [field];
      for (let depth = random.length(2000); depth > 0; depth--)
        inner = [{ number: field.number, wire: 2, value: write(inner) }];
      if (write(inner).length < 100_000) list.splice(at, 1, ...inner);
    } else if (typeof field.value === 'bigint') field.value = random.edge(field.value);
    else if (Array.isArray(field.value)) {
      const theirs = parse(other);
      if (theirs && random.chance(0.3))
        field.value = structuredClone(
          random.pick(random.pick(lists(theirs)).filter((f) => Array.isArray(f.value)))?.value ?? [],
        ) as Field[];
      else field.value.reverse();
    } else if (random.chance(0.3)) {
      // a name becomes another one
      const texts = all.flat().flatMap(({ value }) => (value instanceof Uint8Array ? [value] : []));
      field.value = random.chance(0.8)
        ? random.pick(texts).slice()
        : new TextEncoder().encode(random.pick(['', '__proto__', 'input', 'output', 'x'.repeat(5000)]));
    } else
      field.value = field.value.length ? anyBytes(field.value, field.value, random) : Uint8Array.of(random.int(256));
  }
  return write(root);
}

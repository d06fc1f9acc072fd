import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/io/checksum.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../src/io/safetensors.ts';
import { fixByteOrder } from '../../src/io/tensor-dtypes.ts';

const text = new TextEncoder();

/** A file put together by hand: length, header as given, data. */
function file(header: string | object, data: number[] | Uint8Array = [], length?: bigint): Uint8Array {
  const json = text.encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const headerOf = (bytes: Uint8Array): string => {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
};

const someTensors: NamedTensor[] = [
  { name: '0.weight', dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -2.5, Number.NaN, 0, -0, 1e-40) },
  { name: 'steps', dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
  { name: 'half', dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0x7e01, 0x8000) },
  { name: 'empty', dtype: 'U32', shape: [4, 0, 2], data: new Uint32Array(0) },
  { name: 'mask', dtype: 'BOOL', shape: [5], data: Uint8Array.of(0, 1, 1, 0, 1) },
  { name: 'scale', dtype: 'F32', shape: [], data: Float32Array.of(0.5) },
  { name: 'grüße "\\\n 😀', dtype: 'I8', shape: [2], data: Int8Array.of(-128, 127) },
  { name: '__proto__', dtype: 'I16', shape: [1], data: Int16Array.of(-3) },
  { name: 'double', dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) },
];

describe('encodeSafetensors and decodeSafetensors', () => {
  it('carry names, types, shapes, bits and metadata through', () => {
    const metadata = { format: 'pt', note: 'a "quoted" 😀', __proto: '', 7: 'seven' };
    const { tensors, metadata: back } = decodeSafetensors(encodeSafetensors(someTensors, metadata));
    expect(back).toEqual(metadata);
    expect(tensors.size).toBe(someTensors.length);
    for (const { name, dtype, shape, data } of someTensors) {
      const tensor = tensors.get(name);
      expect(tensor).toMatchObject({ dtype, shape });
      expect(tensor?.data.constructor).toBe(data.constructor);
      const bits = (view: ArrayBufferView): number[] => [
        ...new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
      ];
      expect(bits(tensor?.data as ArrayBufferView)).toEqual(bits(data));
    }
  });

  it('give the same bytes in whatever order tensors and metadata come', () => {
    const one = encodeSafetensors(someTensors, { a: '1', b: '2' });
    expect(encodeSafetensors([...someTensors].reverse(), { b: '2', a: '1' })).toEqual(one);
  });

  it('take a file at any offset in its buffer, and tensors at any offset in the file', () => {
    const bytes = encodeSafetensors(someTensors);
    for (let offset = 0; offset < 8; offset++) {
      const shifted = new Uint8Array(bytes.length + 8).subarray(offset, offset + bytes.length);
      shifted.set(bytes);
      expect(decodeSafetensors(shifted).tensors.get('double')?.data).toEqual(Float64Array.of(Math.PI));
      // a Buffer of Node's, whose slice() is no copy
      const { buffer, byteOffset, length } = shifted;
      const node = decodeSafetensors(Buffer.from(buffer, byteOffset, length));
      expect(node.tensors.get('double')?.data).toEqual(Float64Array.of(Math.PI));
    }
    // No padding here, so the data starts at an odd offset.
    const odd = file('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0xc0, 0x3f]);
    expect(decodeSafetensors(odd).tensors.get('x')?.data).toEqual(Float32Array.of(1.5));
  });

  it('share memory with the file where they can', () => {
    const bytes = encodeSafetensors(someTensors);
    expect(decodeSafetensors(bytes).tensors.get('0.weight')?.data.buffer).toBe(bytes.buffer);
  });

  it('store no tensor at all', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors([], { a: 'b' }));
    expect(tensors.size).toBe(0);
    expect(metadata).toEqual({ a: 'b' });
    expect(decodeSafetensors(file('{}')).tensors.size).toBe(0);
  });

  it('take little-endian bytes for any type', () => {
    const raw = new Uint8Array(Float32Array.of(1, 2).buffer);
    const bytes = encodeSafetensors([{ name: 'x', dtype: 'F32', shape: [2], data: raw }]);
    expect(decodeSafetensors(bytes).tensors.get('x')?.data).toEqual(Float32Array.of(1, 2));
  });
});

describe('the layout', () => {
  it('is that of the reference writer: alignment, then name; padded with spaces to a multiple of 8', () => {
    const tensor = (name: string, dtype: NamedTensor['dtype'], bytes: number): NamedTensor => {
      return { name, dtype, shape: [1], data: new Uint8Array(bytes) };
    };
    const bytes = encodeSafetensors([
      tensor('bool', 'BOOL', 1),
      tensor('b', 'F32', 4),
      tensor('half', 'F16', 2),
      tensor('10', 'F32', 4),
      tensor('brain', 'BF16', 2),
      // U+FF5A sorts before U+1F600 in UTF-8 bytes, after it in UTF-16 units.
      tensor('\u{1f600}', 'F32', 4),
      tensor('\uff5a', 'F32', 4),
      tensor('long', 'I64', 8),
      tensor('9', 'F32', 4),
    ]);
    const header = headerOf(bytes);
    const names = [...header.matchAll(/"([^"]+)":\{"dtype"/g)].map((match) => match[1]);
    expect(names).toEqual(['long', '10', '9', 'b', '\uff5a', '\u{1f600}', 'brain', 'half', 'bool']);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(header).toMatch(/^\{"__metadata__":\{.*\} {0,7}$/);
    expect(bytes.length - 8 - length).toBe(8 + 5 * 4 + 2 * 2 + 1);
  });

  it('is read from a file of the Python package', () => {
    // What safetensors.numpy.save gives for {"b": float32 [1.5, -2], "a": int64 3} with metadata {"format": "pt"}.
    const header =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},' +
      '"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}';
    const data = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0];
    const { tensors, metadata } = decodeSafetensors(file(header.padEnd(Math.ceil(header.length / 8) * 8), data));
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(['a', 'b']);
    expect(tensors.get('a')).toEqual({ dtype: 'I64', shape: [], data: BigInt64Array.of(3n) });
    expect(tensors.get('b')).toEqual({ dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2) });
  });

  it('reads types that have no array of their own as bytes', () => {
    const header = {
      x: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] },
      y: { dtype: 'F4', shape: [2, 2], data_offsets: [2, 4] },
    };
    const { tensors } = decodeSafetensors(file(header, [1, 2, 3, 4]));
    expect(tensors.get('x')?.data).toEqual(Uint8Array.of(1, 2));
    expect(tensors.get('y')?.data).toEqual(Uint8Array.of(3, 4));
  });

  it('is little-endian on a big-endian host too', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    fixByteOrder(bytes, 4, false);
    expect([...bytes]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
    fixByteOrder(bytes, 4, true);
    expect([...bytes]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  });
});

describe('decodeSafetensors refuses', () => {
  const entry = (changes: object): object => ({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...changes } });
  const four = [0, 0, 0, 0];
  const two = (first: [number, number], second: [number, number]): object => ({
    x: { dtype: 'U8', shape: [first[1] - first[0]], data_offsets: first },
    y: { dtype: 'U8', shape: [second[1] - second[0]], data_offsets: second },
  });

  it.each<[string, Uint8Array, string | RegExp]>([
    ['an empty file', new Uint8Array(0), 'the file has 0 bytes'],
    ['a file of 7 bytes', new Uint8Array(7), 'the file has 7 bytes'],
    ['a header beyond 100 MB', file('{}', [], 100_000_001n), "the header's length at offset 0 is 100000001, expected"],
    ['a length of 64 bits', file('{}', [], 2n ** 64n - 1n), 'is 18446744073709551615'],
    ['a header beyond the end', file('{}', [], 3n), 'is 3, expected at most 2'],
    ['an empty header', file('', []), "does not start with '{'"],
    ['a header in brackets', file('[]'), "does not start with '{'"],
    ['a space before the header', file(' {}'), "does not start with '{'"],
    ['broken UTF-8', file('{"?":1}').map((byte, i) => (i === 10 ? 0xff : byte)), 'no valid UTF-8'],
    ['broken JSON', file('{"x":}'), 'no valid JSON'],
    ['text after the header', file('{}{}'), 'no valid JSON'],
    [
      'a name twice',
      file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'),
      'holds the key "a" twice',
    ],
    [
      'a field twice',
      file('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      'holds the key "dtype" twice',
    ],
    ['a metadata key twice', file('{"__metadata__":{"k":"1","k":"2"}}'), 'holds the key "k" twice'],
    [
      'metadata that is no object',
      file({ __metadata__: ['a'] }),
      '__metadata__ is ["a"], expected an object of strings',
    ],
    ['metadata null', file({ __metadata__: null }), '__metadata__ is null'],
    ['a number in the metadata', file({ __metadata__: { k: 1 } }), 'metadata "k" is 1, expected a string'],
    ['a lone surrogate', file('{"__metadata__":{"k":"\\ud800"}}'), 'without lone surrogates'],
    ['an entry that is no object', file({ x: 3 }), 'tensor "x": its entry is 3'],
    ['an unknown type', file(entry({ dtype: 'F128' }), four), 'tensor "x": dtype is "F128", expected one of BOOL'],
    ['a type from the prototype', file(entry({ dtype: 'toString' }), four), 'tensor "x": dtype is "toString"'],
    ['a missing type', file({ x: { shape: [1], data_offsets: [0, 4] } }, four), 'tensor "x": dtype is missing'],
    ['a missing shape', file({ x: { dtype: 'F32', data_offsets: [0, 4] } }, four), 'tensor "x": shape is missing'],
    ['missing offsets', file({ x: { dtype: 'F32', shape: [1] } }, four), 'tensor "x": data_offsets is missing'],
    ['a negative size', file(entry({ shape: [-1] }), four), 'tensor "x": shape[0] is -1'],
    ['a broken size', file(entry({ shape: [1, 0.5] }), four), 'tensor "x": shape[1] is 0.5'],
    ['a size as text', file(entry({ shape: ['1'] }), four), 'tensor "x": shape[0] is "1"'],
    [
      'a size beyond 2^53',
      file('{"x":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}', [0]),
      'shape[0] is 9007199254740992',
    ],
    ['minus zero', file('{"x":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'), 'tensor "x": shape[0] is 0'],
    ['a product beyond 2^53', file(entry({ shape: [2 ** 30, 2 ** 30] }), four), 'has too many elements'],
    [
      'a product that overflows before a zero',
      file(entry({ shape: [2 ** 40, 2 ** 40, 0] }), four),
      'has too many elements',
    ],
    [
      'a huge tensor in a small file',
      file(entry({ shape: [2 ** 40], data_offsets: [0, 2 ** 42] }), four),
      'the file is cut short',
    ],
    [
      'half a byte',
      file({ x: { dtype: 'F4', shape: [3], data_offsets: [0, 2] } }, [0, 0]),
      '3 elements of F4 take 12 bits',
    ],
    ['one offset', file(entry({ data_offsets: [0] }), four), 'data_offsets is [0], expected two'],
    ['three offsets', file(entry({ data_offsets: [0, 4, 4] }), four), 'data_offsets is [0,4,4], expected two'],
    ['negative offsets', file(entry({ data_offsets: [-4, 0] }), four), 'data_offsets is [-4,0], expected two'],
    ['a broken offset', file(entry({ data_offsets: [0, 4.5] }), four), 'data_offsets is [0,4.5], expected two'],
    ['offsets in the wrong order', file(entry({ data_offsets: [4, 0] }), four), 'span -4 bytes, expected 4'],
    [
      'offsets that do not fit the shape',
      file(entry({ shape: [2] }), four),
      'span 4 bytes, expected 8 for F32 of shape [2]',
    ],
    ['a hole', file(two([0, 2], [3, 5]), [0, 0, 0, 0, 0]), 'tensor "y" starts at data offset 3, expected 2: a hole'],
    [
      'a hole at the start',
      file(two([1, 2], [2, 3]), [0, 0, 0]),
      'tensor "x" starts at data offset 1, expected 0: a hole',
    ],
    [
      'an overlap',
      file(two([0, 3], [2, 5]), [0, 0, 0, 0, 0]),
      'tensor "y" starts at data offset 2, expected 3: an overlap',
    ],
    ['the same bytes twice', file(two([0, 2], [0, 2]), [0, 0]), 'an overlap'],
    ['bytes after the last tensor', file(entry({}), [0, 0, 0, 0, 0]), '5 bytes of data follow the header, expected 4'],
    [
      'a byte too few',
      file(entry({}), [0, 0, 0]),
      '3 bytes of data follow the header, expected 4: the file is cut short',
    ],
    ['data without tensors', file('{}', [0]), '1 bytes of data follow the header, expected 0'],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it('a file cut short at any byte', () => {
    const bytes = encodeSafetensors(someTensors, { format: 'pt' });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.slice(0, length))).toThrow(/^safetensors: /);
    }
  });

  it('a file with any one bit flipped', () => {
    const bytes = encodeSafetensors(someTensors, { format: 'pt' });
    const missed: string[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      if (accepted(damaged)) missed.push(`byte ${bit >> 3}, bit ${bit & 7}`);
    }
    expect(missed).toEqual([]);
  });

  it('a file with several bytes overwritten, and never fails otherwise than by saying so', () => {
    const bytes = encodeSafetensors(someTensors, { format: 'pt' });
    const random = seedrandom('several bytes');
    for (let round = 0; round < 3000; round++) {
      const damaged = bytes.slice();
      const count = 2 + Math.floor(random() * 6);
      for (let i = 0; i < count; i++) damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      const same = damaged.every((byte, i) => byte === bytes[i]);
      expect(accepted(damaged)).toBe(same);
    }
  });

  /** False when it is refused with an error of our own; any other error fails the test. */
  function accepted(bytes: Uint8Array): boolean {
    try {
      decodeSafetensors(bytes);
      return true;
    } catch (error) {
      expect((error as Error).message).toMatch(/^safetensors: /);
      return false;
    }
  }
});

describe('encodeSafetensors refuses', () => {
  const good: NamedTensor = { name: 'x', dtype: 'F32', shape: [2], data: new Float32Array(2) };
  it.each<[string, Partial<NamedTensor>, string]>([
    ['the name of the metadata', { name: '__metadata__' }, 'tensor "__metadata__": this name is reserved'],
    ['a lone surrogate', { name: '\udc00' }, 'a tensor name is "\\udc00", expected a string without lone surrogates'],
    ['an unknown type', { dtype: 'F31' as 'F32' }, 'tensor "x": dtype is "F31", expected one of'],
    ['a broken shape', { shape: [1.5] }, 'tensor "x": shape[0] is 1.5'],
    ['too little data', { shape: [3] }, 'tensor "x": data has 8 bytes, expected 12 for F32 of shape [3]'],
    ['another array', { data: new Int32Array(2) }, 'tensor "x": data is Int32Array, expected Float32Array'],
    ['a list', { data: [1, 2] as unknown as Float32Array }, 'tensor "x": data is object, expected Float32Array'],
  ])('%s', (_, changes, message) => {
    expect(() => encodeSafetensors([{ ...good, ...changes }])).toThrow(message);
  });

  it('a name twice, and metadata that is no text or takes our keys', () => {
    expect(() => encodeSafetensors([good, good])).toThrow('tensor "x": comes twice');
    expect(() => encodeSafetensors([], { k: 3 as unknown as string })).toThrow('metadata "k" is 3, expected a string');
    expect(() => encodeSafetensors([], { 'spiketape.crc32.data': '0' })).toThrow('expected another key');
  });
});

describe('crc32', () => {
  it('gives the check value of the standard', () => {
    expect(crc32(text.encode('123456789'))).toBe('cbf43926');
    expect(crc32(new Uint8Array(0))).toBe('00000000');
  });
});

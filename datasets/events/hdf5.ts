import type { Dataset, File } from 'h5wasm';

/** Numbers as they are stored, of two bytes each where they are of binary16. */
export interface List {
  numbers(): ArrayLike<number>;
}

/** An open HDF5 file in the library's own memory. */
export interface Hdf5 {
  /** Numbers of a dataset. */
  numbers(path: string): Float64Array;
  /** Texts of a dataset, or null where there is none of that name. */
  texts(path: string): string[] | null;
  has(path: string): boolean;
  /** Rows `from` to `to` of a dataset whose rows are lists of unequal length. */
  lists(path: string, from: number, to: number): List[];
  /** Rows of a dataset. */
  rows(path: string): number;
  close(): void;
}

const FLOAT_16 = { type: 1, size: 2 };
const UINT_16 = { type: 0, signed: false };

/**
 * Opens a file with h5wasm, which is loaded with the first call: it weighs four megabytes.
 *
 * @throws when it is no HDF5 file or cut short; so do the methods where something is missing, with file and path
 */
export async function openHdf5(bytes: Uint8Array, name: string): Promise<Hdf5> {
  const library = await import('h5wasm');
  const { FS, activate_throwing_error_handler } = await library.ready;
  // what is wrong becomes an error instead of lines on the console
  activate_throwing_error_handler();
  const place = `/${crypto.randomUUID()}.h5`;
  FS.writeFile(place, bytes);
  let file: File;
  try {
    file = new library.File(place, 'r');
    if (file.file_id < 0) throw new Error('the library cannot open it');
  } catch (cause) {
    FS.unlink(place);
    const marked = bytes[0] === 0x89 && bytes[1] === 0x48 && bytes[2] === 0x44 && bytes[3] === 0x46;
    const what = marked ? 'it is damaged or cut short' : 'byte 0: it does not begin like one';
    throw new Error(`${name}: expected a whole HDF5 file, got ${bytes.length} bytes: ${what}`, { cause });
  }

  /** What the library says of damage, with file and dataset. */
  const whole = <T>(path: string, read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name}: '${path}' cannot be read: ${what}`, { cause });
    }
  };
  const dataset = (path: string): Dataset => {
    const found = file.get(path);
    if (!(found instanceof library.Dataset)) throw new Error(`${name}: expected the dataset '${path}'; there is none`);
    return found;
  };
  const has = (path: string): boolean => {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? file : file.get(path.slice(0, slash));
    return parent instanceof library.Group && parent.keys().includes(path.slice(slash + 1));
  };
  const given = (path: string): Dataset => {
    if (!has(path)) throw new Error(`${name}: expected the dataset '${path}'; there is none`);
    return dataset(path);
  };
  return {
    has,
    numbers: (path) => {
      const found = given(path);
      const value = whole(path, () => found.value);
      if (!ArrayBuffer.isView(value)) throw new Error(`${name}: '${path}' must hold numbers`);
      return Float64Array.from(value as unknown as ArrayLike<number | bigint>, Number);
    },
    texts: (path) => {
      if (!has(path)) return null;
      const value = whole(path, () => dataset(path).value);
      return Array.isArray(value) ? value.map(String) : null;
    },
    rows: (path) => given(path).shape?.[0] ?? 0,
    lists: (path, from, to) => {
      const rows = given(path);
      // the library cannot decode binary16, so that it is told that they are integers of two bytes
      const { vlen_type: kind } = rows.metadata;
      if (!kind) throw new Error(`${name}: '${path}' must hold lists of unequal length`);
      const half = kind.type === FLOAT_16.type && kind.size === FLOAT_16.size;
      if (half) Object.assign(kind, UINT_16);
      const lists = whole(path, () => rows.slice([[from, to]])) as unknown as ArrayLike<number>[];
      if (half) Object.assign(kind, { type: FLOAT_16.type });
      return lists.map((list) => ({ numbers: () => (half ? Float32Array.from(list, fromHalf) : list) }));
    },
    close: () => {
      file.close();
      FS.unlink(place);
    },
  };
}

/** The number that these 16 bits stand for in IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

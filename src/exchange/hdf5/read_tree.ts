import type { Metadata, ready } from 'h5wasm';
import { decodeNumbers, decodeText } from './decode.ts';
import { type Hdf5Attributes, type Hdf5Dataset, type Hdf5Group, type Hdf5Node, wrongName } from './tree.ts';

/** Levels of groups. */
const DEEPEST = 32;
/** Links in all. */
const MOST_OBJECTS = 100_000;

/** What a class of types is called in a message; those that are read are not among them. */
const CLASSES: Readonly<Record<number, string>> = {
  2: 'a time',
  4: 'bits',
  5: 'opaque bytes',
  6: 'a compound',
  7: 'a reference',
  8: 'an enumeration',
  9: 'lists of unequal length',
  10: 'an array as element',
};
const [INTEGER, FLOAT, STRING, ENUM] = [0, 1, 3, 8];

type H5Module = Awaited<typeof ready>;

/** Where data come from: a dataset or an attribute. */
interface Source {
  readonly path: string;
  readonly about: Metadata;
  /** Reads all of it to an address. */
  fill(address: bigint): void;
  /** Gives back what texts of any length took. */
  reclaim(address: bigint): void;
}

/**
 * The tree of an open file.
 *
 * @param most bytes of data that may be decoded, of all datasets together
 * @throws with the path, where something is damaged, too large or of a kind that is not read; errors of the library itself as
 *   `LibraryError`
 */
export function readTree(library: H5Module, file: bigint, most: number, withAttributes: boolean): Hdf5Group {
  let [left, objects] = [most, 0];

  /** What the library says of damage, with the path. */
  const within = <T>(path: string, run: () => T): T => {
    try {
      return run();
    } catch (cause) {
      throw new LibraryError(`'${path}' cannot be read: ${spoken(cause)}`, isFatal(cause));
    }
  };

  const load = ({ path, about, fill, reclaim }: Source): Hdf5Dataset => {
    const { type, size, shape } = about;
    const fail = (what: string): never => {
      throw new Error(`'${path}' ${what}`);
    };
    const boolean = type === ENUM && isBoolean(about);
    // the library reads a member's value into 8 bytes, however many it has
    if (type === ENUM && size > 8)
      throw new LibraryError(`'${path}' holds an enumeration of ${size} bytes, which is not read`, true);
    if (type !== INTEGER && type !== FLOAT && type !== STRING && !boolean)
      fail(`holds ${CLASSES[type] ?? `the unknown type ${type}`}, which is not read`);
    if (about.virtual_sources) fail('is made of parts of other files, which are not read');
    if (!shape) return fail('is empty: it has no shape');
    const whole = (type === FLOAT ? [2, 4, 8] : [1, 2, 4, 8]).includes(size);
    if (type !== STRING && !whole) fail(`holds numbers of ${size} bytes; expected 1, 2, 4 or 8`);
    if (type === STRING && (about.vlen ? size !== 4 : size < 1)) fail(`holds texts of ${size} bytes`);

    let count = 1;
    for (const n of [...shape].sort((a, b) => a - b)) {
      // zeros first, so that no product is too large for an array that is empty
      count *= n;
      if (!(count * size <= left))
        fail(`of shape [${shape}] needs at least ${count * size} bytes, ${left} are left of the ${most} for this file`);
    }
    const chunk = about.chunks?.reduce((a, b) => a * b, size) ?? 0;
    if (chunk > most) fail(`is stored in pieces of ${chunk} bytes, more than the ${most} for this file`);
    // numbers of two bytes that are fractions become of four
    left -= count * (type === FLOAT ? Math.max(size, 4) : size);
    if (count === 0)
      return { kind: 'dataset', shape, data: type === STRING ? [] : decodeNumbers(new ArrayBuffer(0), about) };

    const address = library._malloc(count * size);
    if (!address) return fail(`needs ${count * size} bytes, which the machine does not give`);
    // an address that the library leaves as it was is one of no text
    library.HEAPU8.fill(0, address, address + count * size);
    try {
      within(path, () => fill(BigInt(address)));
      const bytes = library.HEAPU8.slice(address, address + count * size);
      if (type !== STRING) return { kind: 'dataset', shape, data: decodeNumbers(bytes.buffer as ArrayBuffer, about) };
      const texts = about.vlen ? pointedAt(path, bytes) : fixed(path, bytes, about);
      if (about.vlen) within(path, () => reclaim(BigInt(address)));
      return { kind: 'dataset', shape, data: texts };
    } finally {
      library._free(address);
    }
  };

  const pointedAt = (path: string, addresses: Uint8Array): string[] => {
    const { HEAPU8 } = library;
    return Array.from(new Uint32Array(addresses.buffer as ArrayBuffer), (at) => {
      if (at === 0) return '';
      const end = HEAPU8.indexOf(0, at);
      left -= end - at;
      if (end < 0 || left < 0) throw new LibraryError(`'${path}' holds more text than the ${most} bytes allowed`, true);
      return decodeText(HEAPU8.subarray(at, end), path);
    });
  };

  const fixed = (path: string, bytes: Uint8Array, { size, strpad }: Metadata): string[] =>
    Array.from({ length: bytes.length / size }, (_, i) => {
      const text = bytes.subarray(i * size, (i + 1) * size);
      let end = text.indexOf(0);
      if (end < 0) end = size;
      while (strpad === SPACES && end > 0 && text[end - 1] === 32) end--;
      return decodeText(text.subarray(0, end), path);
    });

  const attributesOf = (path: string): Hdf5Attributes => {
    const found = new Map<string, Hdf5Dataset>();
    for (const name of within(path, () => library.get_attribute_names(file, path))) {
      if (++objects > MOST_OBJECTS) throw new Error(`'${path}': the file has more than ${MOST_OBJECTS} objects`);
      const source: Source = {
        path: `${path}@${name}`,
        about: within(path, () => library.get_attribute_metadata(file, path, name)),
        fill: (address) => void library.get_attribute_data(file, path, name, address),
        reclaim: (address) => void library.reclaim_vlen_memory(file, path, name, address),
      };
      found.set(name, load(source));
    }
    return found;
  };

  const groups = new Map<string, string>();
  const groupAt = (path: string, depth: number): Hdf5Group => {
    const shown = path || '/';
    // its address; a group that can be reached twice may be reached from itself, or a million times
    const self = within(shown, () => library.create_object_reference(file, shown).join());
    const other = groups.get(self);
    if (other !== undefined) throw new Error(`'${path}' is the group '${other}' by another name, which is not read`);
    if (depth > DEEPEST) throw new Error(`'${path}' lies more than ${DEEPEST} groups deep`);
    groups.set(self, shown);
    const children = new Map<string, Hdf5Node>();
    for (const name of within(shown, () => library.get_names(file, shown, false))) {
      const at = `${path}/${name}`;
      if (++objects > MOST_OBJECTS) throw new Error(`'${at}': the file has more than ${MOST_OBJECTS} objects`);
      const wrong = wrongName(name) ?? (children.has(name) ? 'the name is there twice' : null);
      if (wrong) throw new Error(`'${at.slice(0, 300)}': ${wrong}`);
      children.set(name, nodeAt(at, depth + 1));
    }
    return { kind: 'group', children, ...(withAttributes ? { attributes: attributesOf(shown) } : {}) };
  };

  const nodeAt = (path: string, depth: number): Hdf5Node => {
    const [soft, external] = within(path, () => [
      library.get_symbolic_link(file, path) as string | null,
      library.get_external_link(file, path).filename,
    ]);
    if (soft !== null) throw new Error(`'${path}' is a link by path, to '${soft}'; only hard links are read`);
    if (external !== undefined)
      throw new Error(`'${path}' is a link into another file, '${external}'; only hard links are read`);
    const type = within(path, () => library.get_type(file, path));
    if (type === library.H5G_GROUP) return groupAt(path, depth);
    if (type !== library.H5G_DATASET) throw new Error(`'${path}' is neither a group nor a dataset`);
    const about = within(path, () => library.get_dataset_metadata(file, path));
    // only pieces can be compressed
    const filters = about.chunks ? within(path, () => library.get_dataset_filters(file, path)) : [];
    const unknown = filters.find(({ id }) => !FILTERS.includes(id));
    if (unknown)
      throw new Error(`'${path}' is compressed with filter ${unknown.id} '${unknown.name}', which is not read`);
    return load({
      path,
      about,
      fill: (address) => void library.get_dataset_data(file, path, null, null, null, address),
      reclaim: (address) => void library.reclaim_vlen_memory(file, path, '', address),
    });
  };

  return groupAt('', 0);
}

/** Deflate, shuffle, Fletcher's checksum, szip, n-bit, scale and offset: what the library has built in. */
const FILTERS = [1, 2, 3, 4, 5, 6];

/** How a text of fixed length is padded: with spaces; in the two other ways there are zeros. */
const SPACES = 2;

/** As h5py writes them. */
function isBoolean({ size, enum_type }: Metadata): boolean {
  return size === 1 && enum_type?.nmembers === 2 && enum_type.members.FALSE === 0 && enum_type.members.TRUE === 1;
}

/** What the library itself, not the file's content by our rules, objects to. */
export class LibraryError extends Error {
  /** Whether it may be damaged itself. */
  readonly fatal: boolean;

  constructor(message: string, fatal: boolean) {
    super(message);
    this.fatal = fatal;
  }
}

/** A trap, an exception of its C++ code or a full stack, against what it reports by itself. */
export const isFatal = (cause: unknown): boolean => !(cause instanceof Error) || cause.constructor !== Error;

/** From the library's stack of errors, which has a line for each function: the outermost and the innermost reason. */
export function spoken(cause: unknown): string {
  if (cause instanceof WebAssembly.RuntimeError) return `the library failed on it: ${cause.message}`;
  const text = cause instanceof Error ? cause.message : `an exception inside (${String(cause)})`;
  const reasons = [...text.matchAll(/^ *#\d+: .*?\(\): (.*)$/gm)].map(([, reason]) => reason!);
  const said = reasons.length > 1 ? `${reasons[0]}; ${reasons.at(-1)}` : (reasons[0] ?? text);
  return said.replaceAll('\n', ' ').slice(0, 300);
}

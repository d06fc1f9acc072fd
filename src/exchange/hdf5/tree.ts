/** Numbers as HDF5 stores them; 64-bit integers as BigInt. */
export type Hdf5Numbers =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** By name, in the order in which the file has them. */
export type Hdf5Attributes = ReadonlyMap<string, Hdf5Dataset>;

export interface Hdf5Dataset {
  readonly kind: 'dataset';
  /** [] is a scalar. */
  readonly shape: readonly number[];
  /** In C order; texts for strings, of whatever HDF5 type they are. */
  readonly data: Hdf5Numbers | readonly string[];
}

export interface Hdf5Group {
  readonly kind: 'group';
  /** In the order in which the file has them: that of creation where the group tracks it, by name otherwise. */
  readonly children: ReadonlyMap<string, Hdf5Dataset | Hdf5Group>;
  /** Written where they are given, read where they are asked for. */
  readonly attributes?: Hdf5Attributes;
}

export type Hdf5Node = Hdf5Dataset | Hdf5Group;

export const group = (
  children: Iterable<readonly [string, Hdf5Node]>,
  attributes?: Iterable<readonly [string, Hdf5Dataset]>,
): Hdf5Group => ({
  kind: 'group',
  children: new Map(children),
  ...(attributes ? { attributes: new Map(attributes) } : {}),
});

export const dataset = (data: Hdf5Dataset['data'], shape: readonly number[] = [data.length]): Hdf5Dataset => ({
  kind: 'dataset',
  shape,
  data,
});

/** Characters of a name; a reader of ours takes no longer ones, though HDF5 would. */
const LONGEST_NAME = 1000;

/** One of the two codes by which JavaScript writes a character past the first 65,536, without the other. */
export const HALF = /\p{Surrogate}/u;

/** Why a name cannot be a link's, or null where it can. HDF5 takes `/` for a path and `.` for the group itself. */
export function wrongName(name: string): string | null {
  if (name === '') return 'a name must not be empty';
  if (name.length > LONGEST_NAME)
    return `a name must not have more than ${LONGEST_NAME} characters, got ${name.length}`;
  if (name === '.') return "'.' is a group's name for itself";
  if (name.includes('/')) return "a name must not contain '/'";
  if (HALF.test(name)) return 'a name must not contain half a character';
  return name.includes('\0') ? 'a name must not contain the character 0' : null;
}

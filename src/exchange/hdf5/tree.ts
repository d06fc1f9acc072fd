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
}

export type Hdf5Node = Hdf5Dataset | Hdf5Group;

export const group = (children: Iterable<readonly [string, Hdf5Node]>): Hdf5Group => ({
  kind: 'group',
  children: new Map(children),
});

export const dataset = (data: Hdf5Dataset['data'], shape: readonly number[] = [data.length]): Hdf5Dataset => ({
  kind: 'dataset',
  shape,
  data,
});

import { suggest } from '../../neurons/nearest.ts';
import type { Hdf5Dataset, Hdf5Group } from '../hdf5/tree.ts';

/** Reads the fields of a group, with its path in every message; that of the root is ''. */
export class Fields {
  constructor(
    readonly group: Hdf5Group,
    readonly path: string,
  ) {}

  fail(what: string): never {
    throw new Error(`netx: ${this.path || '/'} ${what}`);
  }

  has(name: string): boolean {
    return this.group.children.has(name);
  }

  within(name: string): Fields {
    const node = this.group.children.get(name);
    if (!node) return this.fail(`has no '${name}'${this.#near(name)}`);
    if (node.kind !== 'group') return this.fail(`has '${name}' as a dataset, expected a group`);
    return new Fields(node, `${this.path}/${name}`);
  }

  dataset(name: string): Hdf5Dataset {
    const node = this.group.children.get(name);
    if (!node) return this.fail(`has no '${name}'${this.#near(name)}`);
    return node.kind === 'dataset' ? node : this.fail(`has '${name}' as a group, expected a dataset`);
  }

  /** One text, as a scalar or an array of one. */
  text(name: string): string {
    const { data } = this.dataset(name);
    if (ArrayBuffer.isView(data) || data.length !== 1) return this.fail(`has a '${name}' that is not one text`);
    return data[0]!;
  }

  /** Numbers with their shape, 64-bit ones as doubles. */
  numbers(name: string, most: number): { values: Float64Array; shape: readonly number[] } {
    const { data, shape } = this.dataset(name);
    if (!ArrayBuffer.isView(data)) return this.fail(`has texts in '${name}', expected numbers`);
    if (data.length > most) return this.fail(`has ${data.length} numbers in '${name}', expected at most ${most}`);
    const values = Float64Array.from(data as ArrayLike<number | bigint>, Number);
    const bad = values.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) return this.fail(`has ${values[bad]} in '${name}' at ${bad}, expected finite numbers`);
    return { values, shape };
  }

  /** A whole number in a range. */
  integer(name: string, [least, most]: readonly [number, number]): number {
    const { values } = this.numbers(name, 1);
    const [value] = values;
    if (value === undefined || !Number.isInteger(value) || value < least || value > most)
      return this.fail(`has ${value} as '${name}', expected a whole number in ${least} .. ${most}`);
    return value;
  }

  /** Whole numbers in a range, so many of them. */
  integers(name: string, count: number, [least, most]: readonly [number, number]): number[] {
    const values = [...this.numbers(name, count).values];
    if (values.length !== count || values.some((x) => !Number.isInteger(x) || x < least || x > most))
      return this.fail(
        `has [${values.join(', ')}] as '${name}', expected ${count} whole numbers in ${least} .. ${most}`,
      );
    return values;
  }

  /** Numbers of a known count that are whole, as integers. */
  whole(name: string, count: number): Int32Array {
    const { values } = this.numbers(name, count);
    if (values.length !== count) return this.fail(`has ${values.length} numbers in '${name}', expected ${count}`);
    const bad = values.findIndex((x) => !Number.isInteger(x) || Math.abs(x) > 2 ** 30);
    if (bad >= 0)
      return this.fail(
        `has ${values[bad]} in '${name}' at ${bad}, expected a whole number: Loihi computes in integers`,
      );
    return Int32Array.from(values);
  }

  #near(name: string): string {
    const names = [...this.group.children.keys()].slice(0, 20);
    return names.length ? suggest(name, names) : '; it is empty';
  }
}

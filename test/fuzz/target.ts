import type { Mutator } from './mutators/bytes.ts';
import type { Random } from './random.ts';

/** Makes a mutant. Null where this way does not go with what was drawn; another is taken then. */
export type Make = (
  bytes: Uint8Array,
  other: Uint8Array,
  random: Random,
) => Uint8Array | null | Promise<Uint8Array | null>;

/** A reader under test. */
export interface Target {
  readonly name: string;
  /** What one mutant may take on an idle machine. */
  readonly milliseconds: number;
  /** Bytes that reading a file of `size` bytes may take on top of it: what its documentation states, and what its engine needs. */
  readonly bound: (size: number) => number;
  /** What every refusal must begin with, or name. */
  readonly says: RegExp;
  /** Valid files: small, of all forms that the format has. The same ones at every call. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Changes that know the format, beside those of bytes; with how often each is chosen. */
  readonly makes: readonly { readonly how: string; readonly share: number; readonly make: Make }[];
  /** Reads a file, or throws. */
  read(bytes: Uint8Array): unknown;
  /** What is wrong with what was read, if anything is. @param how which change made the file */
  wrong?(value: unknown, bytes: Uint8Array, how: string): string | null;
}

/** A change of bytes, as a way to make mutants. */
export const way = (how: string, share: number, make: Make | Mutator): Target['makes'][number] => ({
  how,
  share,
  make,
});

export const megabytes = (n: number): number => n * 2 ** 20;

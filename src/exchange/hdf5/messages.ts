import type { Hdf5Group } from './tree.ts';

export type Task =
  | {
      readonly kind: 'read';
      readonly bytes: Uint8Array;
      /** Bytes of decoded data at most. */
      readonly most: number;
      readonly attributes: boolean;
    }
  | { readonly kind: 'write'; readonly root: Hdf5Group; readonly gzip: boolean };

/** What the worker says: once that it is there, then one answer for each task. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'root'; readonly root: Hdf5Group; readonly worn: boolean }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly worn: boolean }
  /** `worn`: another worker should do what comes next. */
  | { readonly kind: 'failed'; readonly message: string; readonly worn: boolean };

/** A module of Node alone, by a name that neither bundlers nor the types of a page look up. */
export const NODE_THREADS: string = 'node:worker_threads';

/** Where choices are kept from run to run: short texts by key. */
export interface TuningStore {
  /** Null or undefined for a key that was never saved. */
  load(key: string): string | null | undefined;
  save(key: string, value: string): void;
}

/** Where a runner leaves a store for the scripts that it runs. */
export const STORE_KEY = Symbol.for('spiketape.tuning');

/** The runner's store; in a page its localStorage; null where there is neither. */
export function defaultStore(): TuningStore | null {
  const here = globalThis as { [STORE_KEY]?: TuningStore; document?: unknown };
  if (here[STORE_KEY]) return here[STORE_KEY];
  // Node's own localStorage wants a file to be named on its command line
  if (!here.document) return null;
  // looked up at every use: where a page's storage is forbidden, its name alone throws
  const page = globalThis as unknown as {
    localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
  };
  return { load: (key) => page.localStorage.getItem(key), save: (key, value) => page.localStorage.setItem(key, value) };
}

/** A store that never throws: a page may forbid its storage, a disk may be full. */
export function forgiving(store: TuningStore | null): TuningStore {
  const attempt = <T>(use: () => T): T | undefined => {
    try {
      return use();
    } catch {
      return undefined;
    }
  };
  return {
    load: (key) => attempt(() => store?.load(key)),
    save: (key, value) => attempt(() => store?.save(key, value)),
  };
}

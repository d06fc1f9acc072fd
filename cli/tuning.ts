import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STORE_KEY, type TuningStore } from '../src/tune/store.ts';
import { cacheFolder } from './cache.ts';

/** Leaves scripts a store for what `spiketape/tune` measures: one file in the user's cache folder. */
export function installTuningStore(folder = cacheFolder()): void {
  const store: TuningStore = {
    load: (key) => read(folder)[key],
    save: (key, value) => {
      mkdirSync(folder, { recursive: true });
      const unfinished = `${fileIn(folder)}.${process.pid}`;
      writeFileSync(unfinished, JSON.stringify({ ...read(folder), [key]: value }, null, 1));
      renameSync(unfinished, fileIn(folder));
    },
  };
  Object.defineProperty(globalThis, STORE_KEY, { value: store, configurable: true });
}

const fileIn = (folder: string): string => join(folder, 'tuning.json');

/** What was saved; nothing where the file is missing or damaged. */
function read(folder: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(fileIn(folder), 'utf8')) ?? {};
  } catch {
    return {};
  }
}

import type { FileClient, Place } from './client.ts';
import type { Files, Store } from './types.ts';

/** A place as a whole. */
export function filesOf(client: FileClient, place: Place): Files {
  return {
    list: (folder = '.') => client.list(place, folder),
    size: (path) => client.size(place, path),
    read: (path, range) => client.read(place, path, range),
  };
}

/** The output folder. */
export function outputOf(client: FileClient): Store {
  return { ...filesOf(client, 'output'), write: client.save, remove: client.remove };
}

/**
 * A folder of the data folder by itself, as loaders take it. Whether it is there is asked when something in it is not:
 * then the error says which folder is missing and what lies where it should be.
 *
 * @param dataDir the data folder as it was typed, for messages; null when there is none
 * @param folder below it
 */
export function dataFiles(client: FileClient, dataDir: string | null, folder: string): Files {
  const within = (path: string): string => {
    if (folder === '.') return path;
    return path === '.' ? folder : `${folder}/${path}`;
  };

  async function orMissing<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw (await missing(client, dataDir, folder)) ?? error;
    }
  }

  return {
    list: (path = '.') => orMissing(client.list('data', within(path))),
    size: (path) => orMissing(client.size('data', within(path))),
    read: (path, range) => orMissing(client.read('data', within(path), range)),
  };
}

/** Whether the data folder has a folder; false also where there is none. */
export async function hasFolder(client: FileClient, dataDir: string | null, folder: string): Promise<boolean> {
  return dataDir !== null && (await names(client, folder)) !== null;
}

/** An error about the folder itself, or null when it is there and something else went wrong. */
async function missing(client: FileClient, dataDir: string | null, folder: string): Promise<Error | null> {
  const what = `host.files('${folder}')`;
  if (dataDir === null) {
    const place = folder === '.' ? 'the folder to read from' : `the folder that holds ${folder}/`;
    return new Error(`${what}: the run has no data folder; name ${place} with --data DIR`);
  }
  if (await names(client, folder)) return null;
  const found = (await names(client, '.')) ?? [];
  const shown = found.slice(0, 12).join(', ') + (found.length > 12 ? `, ... (${found.length} in all)` : '');
  return new Error(
    `${what}: there is no folder ${folder} in ${dataDir}; --data DIR names the folder above ${folder}/. ` +
      `In ${dataDir} there ${found.length === 0 ? 'is nothing' : `is ${shown}`}`,
  );
}

const names = (client: FileClient, folder: string): Promise<string[] | null> =>
  client.list('data', folder).catch(() => null);

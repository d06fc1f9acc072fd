/** Where this tool lives. Told by `bin/spiketape.mjs`, because the built file may lie anywhere. */
export interface Package {
  /** Folder with package.json. */
  root: string;
  /** The file to start for another process of this tool. */
  bin: string;
}

let current: Package | undefined;

export function setPackage(where: Package): void {
  current = where;
}

export function thisPackage(): Package {
  if (!current) throw new Error('the package folder is not known: start the tool by bin/spiketape.mjs');
  return current;
}

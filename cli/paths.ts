import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** A request that is refused: `status` is its HTTP status, the message goes to the script. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Splits a path that a script gave; refuses whatever could mean another place than one below the folder. */
export function segments(path: string): string[] {
  // A backslash and a drive letter mean something on Windows, and a script should run everywhere.
  if (path === '' || path.includes('\0') || path.includes('\\') || path.startsWith('/') || /^[A-Za-z]:/.test(path)) {
    throw new Refusal(403, 'the path must be relative, with / between its parts');
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Refusal(403, "'..' is not allowed in a path");
  return parts;
}

/** Real path of something that exists below `root` (itself a real path); refuses a link that leads out. */
export async function resolveInside(root: string, path: string): Promise<string> {
  const parts = segments(path);
  let real: string;
  try {
    real = await realpath(join(root, ...parts));
  } catch {
    throw new Refusal(404, 'there is no such file');
  }
  if (!isInside(root, real)) throw new Refusal(403, 'a link leads out of the folder');
  return real;
}

/** Path of a file to be written below `root` (itself a real path), which need not exist; refuses links that lead out. */
export async function resolveTarget(root: string, path: string): Promise<string> {
  const parts = segments(path);
  if (parts.length === 0 || path.endsWith('/')) throw new Refusal(403, 'the path must name a file');
  const target = join(root, ...parts);
  const found = await lstat(target).catch(() => null);
  if (found?.isSymbolicLink()) throw new Refusal(403, 'the target is a link, and links are not written to');
  if (found?.isDirectory()) throw new Refusal(403, 'the target is a folder');
  // The nearest folder that exists decides: what is still to be made below it is made by us and no link.
  for (let folder = dirname(target); ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => null);
    if (real === null && (await lstat(folder).catch(() => null)))
      throw new Refusal(403, 'a link on the way leads nowhere');
    if (real === null) continue;
    if (!isInside(root, real)) throw new Refusal(403, 'a link leads out of the folder');
    return target;
  }
}

export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

import { Refusal } from './paths.ts';

const WORDS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the disk allows',
  EIO: 'the disk reports an error',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  ENOENT: 'there is no such file',
  ENAMETOOLONG: 'the name is too long',
};

/**
 * System errors in words that a script's author can use.
 *
 * @param place what was read or written, as the user knows it; without one the system's own path stays unsaid, too
 */
export function inWords(error: unknown, place?: string): Refusal {
  if (error instanceof Refusal) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const words = code ? WORDS[code] : undefined;
  if (words === undefined) return new Refusal(500, message);
  return new Refusal(500, place === undefined ? words : `${words} (${place})`);
}

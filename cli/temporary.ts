import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process.ts';

const NAME = /^spiketape-(?:profile|node)-(\d+)-/;

/** A folder for as long as this process needs it; its name holds the process id. Removes those of killed processes. */
export async function makeTemporary(kind: 'profile' | 'node'): Promise<string> {
  const place = realpathSync(tmpdir());
  for (const name of readdirSync(place)) {
    const owner = Number(NAME.exec(name)?.[1] ?? 0);
    if (owner > 0 && !isAlive(owner)) await removeTemporary(join(place, name));
  }
  return mkdtempSync(join(place, `spiketape-${kind}-${process.pid}-`));
}

/** Never rejects: what cannot be removed now is removed by a later run. */
export async function removeTemporary(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }).catch(() => {});
}

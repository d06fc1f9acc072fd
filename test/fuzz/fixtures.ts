import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A fixture of the exchange formats, unpacked. Runs in the repository's root, as tests do. */
export function fixture(name: string): Uint8Array {
  const bytes = readFileSync(path.join('test', 'fixtures', 'exchange', name));
  return new Uint8Array(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

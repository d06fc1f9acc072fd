// What a built entry weighs and what it is made of, read from esbuild's metafile.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The built entry and every chunk that it loads at once, as paths in the metafile. */
function withImports(metafile, entry) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: next, kind, external } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && !external) found.add(next);
    }
  }
  return [...found];
}

/**
 * Bytes after gzip of an entry and its chunks, each file compressed by itself as a server sends it.
 * @param {string} root the folder that the metafile's paths are relative to
 */
export function gzipOf(root, metafile, entry) {
  const sizes = withImports(metafile, entry).map(
    (path) => gzipSync(readFileSync(join(root, path)), { level: 9 }).length,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes before gzip by origin, largest first; `share` is the part of the whole. */
export function makeup(metafile, entry) {
  const parts = new Map();
  for (const path of withImports(metafile, entry)) {
    for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[path].inputs)) {
      const part = partOf(input);
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput);
    }
  }
  const total = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
  const list = [...parts].filter(([, bytes]) => bytes > 0);
  return list.map(([part, bytes]) => ({ part, bytes, share: bytes / total })).sort((a, b) => b.bytes - a.bytes);
}

function partOf(input) {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (inPackage) return inPackage[1];
  return input.endsWith('.wgsl') ? 'shaders' : input.split('/')[0];
}

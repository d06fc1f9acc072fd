import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type ExportOptions, exportNet } from './export.ts';
import type { Exported } from './exported.ts';
import { type FileStore, nodeFiles, writeAll } from './files.ts';
import { type FormatName, formatNames, formats } from './formats.ts';
import { partsOf, placed, stemOf } from './names.ts';

export interface SaveOptions extends Omit<ExportOptions, 'name'> {
  /** Where the extension leaves it open, as .safetensors does: 'safetensors' (ours, the default) or 'snntorch'. */
  readonly format?: FormatName;
  /** Where files go; the file system by default where there is one (Node). `host.output` in a script. */
  readonly files?: FileStore;
}

/** What an extension means; .h5 and .hdf5 are too common to mean one thing. */
const meant: Readonly<Record<string, FormatName>> = {
  '.safetensors': 'safetensors',
  '.json': 'json',
  '.nir': 'nir',
  '.onnx': 'onnx',
  '.net': 'netx',
  '.py': 'pytorch',
  '.npz': 'npz',
};

/** @throws when the extension is none that says it, and no format is given */
export function formatFor(owner: string, path: string, format?: FormatName): FormatName {
  const { extension } = partsOf(path);
  const known = format ?? meant[extension];
  if (known) return known;
  const list = Object.entries(meant).map(([e, f]) => `${e} (${f})`);
  throw new Error(
    `${owner}: ${path}: the extension '${extension}' does not say which format; expected ${list.join(', ')}, or format: ${formatNames.join(' | ')}`,
  );
}

/**
 * Writes a net in the format that the path's extension names. Each file appears when it is complete and on disk; an interrupted save
 * leaves what was there before.
 *
 *     await save(net, 'nets/digits.safetensors');                    with digits.json beside it
 *     await save(net, 'digits.nir', { files: host.output });         in a script that runs in a page
 *
 * @returns what was written, by its paths, and what is to be known of it
 * @throws as `exportNet` does; nothing is written then
 */
export async function save(net: Sequential, path: string, options: SaveOptions = {}): Promise<Exported> {
  onlyKnown('save', options, ['format', 'files', 'allowLossy', 'options']);
  const { format, files, ...others } = options;
  const chosen = formatFor('save', path, format);
  const { name, extension } = partsOf(path);
  if (!name || name === '.' || name === '..') throw new Error(`save: the path must name a file, got '${path}'`);
  // the module finds its weights by its own name
  if (chosen === 'pytorch' && extension !== '.py') throw new Error(`save: ${path}: a module of Python must end in .py`);
  const exported = await exportNet(net, chosen, { ...others, name: stemOf(path) });
  const written = placed(path, exported.files);
  await writeAll(files ?? (await nodeFiles('save')), written);
  return { ...exported, files: written };
}

/** The same as a Blob: the file, or a zip of the files where a format has several. For a page's download link. */
export async function toBlob(net: Sequential, format: FormatName, options: ExportOptions = {}): Promise<Blob> {
  const { files } = await exportNet(net, format, options);
  const [file] = files;
  const { zip } = await import('./numpy/zip.ts');
  const bytes = files.length === 1 ? file!.bytes : await zip(new Map(files.map((f) => [f.name, f.bytes])));
  return new Blob([bytes as Uint8Array<ArrayBuffer>], {
    type: files.length === 1 ? typeOf(format) : 'application/zip',
  });
}

const typeOf = (format: FormatName): string =>
  formats[format].extension === '.json' ? 'application/json' : 'application/octet-stream';

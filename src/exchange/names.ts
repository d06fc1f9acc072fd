import type { ExportedFile } from './exported.ts';

/** A path in its parts: `runs/x/model.safetensors` is folder `runs/x`, name `model.safetensors`. */
export function partsOf(path: string): { folder: string; name: string; extension: string } {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  return {
    folder: slash < 0 ? '' : path.slice(0, slash) || '/',
    name,
    extension: dot <= 0 ? '' : name.slice(dot).toLowerCase(),
  };
}

/** Endings that files are written with; any other is a part of the name. */
const ENDINGS = /\.(safetensors|json|npz|py|nir|onnx|net|h5|hdf5)$/i;

/** What files that belong to `path` begin with: its name without the ending. */
export const stemOf = (path: string): string => partsOf(path).name.replace(ENDINGS, '');

/** Files of an export whose first one is to be `path` itself; the others lie beside it. */
export function placed(path: string, files: readonly ExportedFile[]): ExportedFile[] {
  const { folder } = partsOf(path);
  return files.map(({ name, bytes }, i) => ({ name: i === 0 ? path : beside(folder, name), bytes }));
}

/** @param folder '' is the present one */
export const beside = (folder: string, name: string): string =>
  folder ? `${folder.replace(/[/\\]$/, '')}/${name}` : name;

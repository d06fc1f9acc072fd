import { loadModel } from '../io/model.ts';
import type { OwnParts } from '../io/own.ts';
import { decodeSafetensors } from '../io/safetensors.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import type { Exported, Imported } from './exported.ts';
import { type FileStore, nodeFiles } from './files.ts';
import type { FormatOptions } from './formats.ts';
import { readHdf5 } from './hdf5/read.ts';
import { hdf5Kind, identify } from './identify.ts';
import { decodeJson } from './json.ts';
import { structureIn } from './model_file.ts';
import { beside as at, partsOf, stemOf } from './names.ts';
import { decodeNetx } from './netx/index.ts';
import { decodeNir } from './nir/index.ts';
import { decodeSnntorch, isSnntorch } from './snntorch/index.ts';

export interface LoadOptions extends OwnParts {
  /** Where files are read from; the file system by default where there is one (Node). */
  readonly files?: FileStore;
  /** Of the importer: `semantics`, `dt` of NIR, `order`, `resetDelay` of snnTorch. */
  readonly options?: FormatOptions;
}

/** What the files of a zip may have together, unpacked. */
const MOST = 2 ** 30;

/** A file's bytes under its name. */
type Named = Exported['files'][number];

/**
 * Reads a net: ours (`model.safetensors` with `model.json` beside it, or one JSON text), NIR, NetX, or a state_dict of snnTorch as
 * safetensors. What a file is, its content says, not its name.
 *
 * @returns the net, and what the importer assumed
 * @throws when the file is none of these or damaged, with the place
 */
export async function load(path: string, options: LoadOptions = {}): Promise<Imported> {
  const files = options.files ?? (await nodeFiles('load'));
  const { folder } = partsOf(path);
  const beside = (extension: string): Promise<Named | null> => {
    const name = at(folder, `${stemOf(path)}${extension}`);
    return files.read(name).then(
      (bytes) => ({ name, bytes }),
      () => null,
    );
  };
  return decode({ name: path, bytes: await files.read(path) }, beside, options);
}

/** The same from a Blob, as `toBlob` makes it or as a page's file input gives it. @param json the model's, where the Blob is safetensors alone */
export async function fromBlob(blob: Blob, options: LoadOptions & { readonly json?: Blob } = {}): Promise<Imported> {
  const { json, ...others } = options;
  const name = 'name' in blob ? String(blob.name) : 'blob';
  const bytes = async (b: Blob): Promise<Uint8Array> => new Uint8Array(await b.arrayBuffer());
  const beside = async (extension: string): Promise<Named | null> =>
    extension === '.json' && json ? { name: 'json', bytes: await bytes(json) } : null;
  return decode({ name, bytes: await bytes(blob) }, beside, others);
}

async function decode(
  { name, bytes }: Named,
  beside: (extension: string) => Promise<Named | null>,
  options: LoadOptions,
): Promise<Imported> {
  onlyKnown('load', options, ['files', 'options', 'neurons', 'surrogates']);
  const { options: format = {}, neurons = [], surrogates = [] } = options;
  const own = { neurons, surrogates };
  const fail = (what: string): never => {
    throw new Error(`load: ${name}: ${what}`);
  };
  const text = (file: Named): string => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
    } catch {
      throw new Error(`load: ${file.name}: expected JSON as UTF-8, and its bytes are none`);
    }
  };
  const kind = identify(bytes);
  switch (kind) {
    case 'json': {
      onlyKnown('load', format, []);
      const json = text({ name, bytes });
      if (hasValues(json)) return { net: decodeJson(json, own), notes: [] };
      const parameters = await beside('.safetensors');
      if (!parameters)
        return fail('it has the structure of a net, and its parameters (.safetensors) are not beside it');
      return { net: loadModel({ json, safetensors: parameters.bytes }, own), notes: [] };
    }
    case 'safetensors': {
      const { tensors, metadata } = decodeSafetensors(bytes);
      if (isSnntorch([...tensors.keys()])) return decodeSnntorch(bytes, format);
      onlyKnown('load', format, []);
      const file = await beside('.json');
      const within = structureIn(metadata);
      const json = within ?? (file && text(file));
      if (json === null)
        return fail(
          `it has ${tensors.size} tensors and no structure: expected that of spiketape in its metadata or as .json beside it, or the names of snnTorch's modules`,
        );
      const other = within !== null && file !== null && !hasValues(text(file)) && text(file) !== within;
      const notes = other ? [`${file.name} is not the structure that these parameters were saved with: not read`] : [];
      return { net: loadModel({ json, safetensors: bytes }, own), notes };
    }
    case 'hdf5': {
      const found = hdf5Kind(await readHdf5(bytes));
      if (found === 'nir') return decodeNir(bytes, format);
      if (found === 'netx') return decodeNetx(bytes, format);
      return fail('an HDF5 file with neither a group `node` (NIR) nor `layer` (NetX)');
    }
    case 'zip': {
      const { unzip } = await import('./numpy/zip.ts');
      const members = [...(await unzip(bytes, MOST, name))].map(([member, b]) => ({ name: member, bytes: b }));
      const part = (extension: string): Named | undefined => members.find((m) => m.name.endsWith(extension));
      const [parameters, json] = [part('.safetensors'), part('.json')];
      if (!parameters) return fail('a zip without a .safetensors; what is in .npz files are arrays without a net');
      return decode(parameters, async (e) => (e === '.json' ? (json ?? null) : null), options);
    }
    case 'onnx':
      return fail('ONNX is written and not read; load the files that it was exported from');
    case 'npy':
      return fail('an array without a net');
    default:
      return fail(
        `expected safetensors, JSON, NIR or NetX (HDF5), got ${bytes.length} bytes that begin with ${[...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ') || 'nothing'}`,
      );
  }
}

/** Whether a text is a net by itself; what is no JSON at all is left to those who say where. */
function hasValues(json: string): boolean {
  try {
    const parsed = JSON.parse(json) as { values?: unknown } | null;
    return typeof parsed === 'object' && parsed !== null && 'values' in parsed;
  } catch {
    return /"values"\s*:/.test(json);
  }
}

import { loadModel, saveModel } from '../io/model.ts';
import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';
import type { Activity, Sample } from './activity.ts';
import type { Exported, ExportedFile, Verdict } from './exported.ts';
import { decodeJson, encodeJson } from './json.ts';
import { modelFiles } from './model_file.ts';
import { checkNetx, encodeNetx, replayNetx } from './netx/index.ts';
import { checkNir, encodeNir, replayNir } from './nir/index.ts';
import { loadWeightsNpz, weightsNpz } from './numpy/index.ts';
import { checkOnnx, encodeOnnx, replayOnnx } from './onnx/index.ts';
import { ownPartsOf } from './own_parts.ts';
import { checkPytorch, encodePytorch } from './pytorch/index.ts';
import { simulate } from './simulate.ts';
import { checkSnntorch, encodeSnntorch, replaySnntorch } from './snntorch/index.ts';

/** What a format is told, each by its own names: `gain`, `recurrence`, `dt` of NIR, `mode` and `opset` of ONNX, ... */
export type FormatOptions = Readonly<Record<string, unknown>>;

/** A format that a net can be written in. */
export interface Format {
  /** What it is, in a few words. */
  readonly title: string;
  /** Of the file that it is about, with the dot. */
  readonly extension: string;
  check(net: Sequential, options: FormatOptions): Verdict;
  encode(net: Sequential, name: string, options: FormatOptions): Promise<Exported>;
  /** Reads the files back and runs what they say, by the format's own meaning; null where only the other tool can. */
  readonly replay: ((files: readonly ExportedFile[], sample: Sample, net: Sequential) => Promise<Activity>) | null;
}

const nothing: Verdict = { refused: [], lost: [], notes: [] };
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const main = (files: readonly ExportedFile[]): Uint8Array => files[0]!.bytes;

/** A format of ours: it holds every net, and takes no options. */
const own = (
  title: string,
  extension: string,
  encode: (net: Sequential, name: string) => Promise<ExportedFile[]> | ExportedFile[],
  decode: (files: readonly ExportedFile[], net: Sequential) => Promise<Sequential> | Sequential,
): Format => ({
  title,
  extension,
  check: (_, options) => {
    onlyKnown(title, options, []);
    return nothing;
  },
  encode: async (net, name, options) => {
    onlyKnown(title, options, []);
    return { ...nothing, files: await encode(net, name) };
  },
  replay: async (files, sample, net) => simulate(await decode(files, net), sample),
});

/** A format of others. */
const foreign = <O extends object>(
  title: string,
  extension: string,
  check: (net: Sequential, options: O) => Verdict,
  encode: (net: Sequential, options: O & { name: string }) => Promise<Exported>,
  replay: Format['replay'],
): Format => ({
  title,
  extension,
  // each looks at its options itself
  check: (net, options) => check(net, options as O),
  encode: (net, name, options) => encode(net, { ...(options as O), name }),
  replay,
});

export const formats = {
  safetensors: own(
    'spiketape: parameters as safetensors, structure as JSON',
    '.safetensors',
    (net, name) => {
      const { json, safetensors } = modelFiles(net);
      return [
        { name: `${name}.safetensors`, bytes: safetensors },
        { name: `${name}.json`, bytes: text(json) },
      ];
    },
    ([parameters, json], net) =>
      loadModel({ safetensors: parameters!.bytes, json: new TextDecoder().decode(json!.bytes) }, ownPartsOf(net)),
  ),
  json: own(
    'spiketape: structure and parameters as one JSON text',
    '.json',
    (net, name) => [{ name: `${name}.json`, bytes: text(encodeJson(net)) }],
    (files, net) => decodeJson(new TextDecoder().decode(main(files)), ownPartsOf(net)),
  ),
  npz: own(
    'NumPy: the parameters alone, by name',
    '.npz',
    async (net, name) => [{ name: `${name}.npz`, bytes: await weightsNpz(net) }],
    async (files, net) => {
      const copy = loadModel(saveModel(net), ownPartsOf(net));
      // so that what is not in the file cannot pass
      for (const p of copy.parameters()) p.data.fill(0);
      await loadWeightsNpz(copy, main(files));
      return copy;
    },
  ),
  pytorch: foreign('PyTorch: a module in plain Python, and its state_dict', '.py', checkPytorch, encodePytorch, null),
  snntorch: foreign(
    "snnTorch: a state_dict with snnTorch's names as safetensors",
    '.safetensors',
    checkSnntorch,
    encodeSnntorch,
    (files, sample) => replaySnntorch(main(files), sample),
  ),
  nir: foreign('NIR: the Neuromorphic Intermediate Representation', '.nir', checkNir, encodeNir, (files, sample) =>
    replayNir(main(files), sample),
  ),
  onnx: foreign('ONNX: the forward pass with its loop over time', '.onnx', checkOnnx, encodeOnnx, (files, sample) =>
    replayOnnx(main(files), sample),
  ),
  netx: foreign("NetX: lava-dl's HDF5 for Loihi, in integers", '.net', checkNetx, encodeNetx, (files, sample) =>
    replayNetx(main(files), sample),
  ),
} satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as FormatName[];

/** @throws on a name that is none, with the nearest that is */
export function formatOf(name: string): Format {
  if (!Object.hasOwn(formats, name)) throw new Error(`format is unknown: '${name}'${suggest(name, formatNames)}`);
  return formats[name as FormatName];
}

import { AHP } from '../layers/ahp.ts';
import { ALIF } from '../layers/alif.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';
import { LIF } from '../layers/lif.ts';
import { Linear } from '../layers/linear.ts';
import { Readout } from '../layers/readout.ts';
import { Sequential } from '../layers/sequential.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const FORMAT = 'spiketape';
const VERSION = 1;

/** A saved net: its structure as JSON text, its parameters as a safetensors file. */
export interface SavedModel {
  readonly json: string;
  readonly safetensors: Uint8Array;
}

interface ModelJson {
  readonly format: string;
  readonly version: number;
  readonly layers: readonly LayerConfig[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** How a layer is rebuilt from its config. */
const build: Record<string, (c: LayerConfig) => Layer> = {
  AHP: (c) => new AHP(...(neurons(c) as ConstructorParameters<typeof AHP>)),
  ALIF: (c) => new ALIF(...(neurons(c) as ConstructorParameters<typeof ALIF>)),
  LIF: (c) => new LIF(...(neurons(c) as ConstructorParameters<typeof LIF>)),
  Readout: (c) => new Readout(...(neurons(c) as ConstructorParameters<typeof Readout>)),
  Linear: (c) => new Linear(c.inputs as number, c.outputs as number, { bias: c.bias as boolean }),
};

const neurons = (c: LayerConfig): unknown[] => [...(c.sizes as number[]), c.options];

/** A net as files: names as PyTorch would name them, matrices as [post, pre]. Needs no adapter. */
export function saveModel(net: Sequential): SavedModel {
  const parameters = net.parameters();
  const json: ModelJson = {
    format: FORMAT,
    version: VERSION,
    layers: net.layers.map((l) => l.config),
    parameters: Object.fromEntries(parameters.map((p) => [p.name, p.shape])),
  };
  const tensors = parameters.map((p) => ({ name: p.name, dtype: 'F32' as const, shape: [...p.shape], data: p.data }));
  return { json: `${JSON.stringify(json, null, 2)}\n`, safetensors: encodeSafetensors(tensors, { format: 'pt' }) };
}

/** @throws when a file is not one of ours, of a later version, or the two do not belong together */
export function loadModel(saved: SavedModel): Sequential {
  const fail = (what: string): never => {
    throw new Error(`loadModel: ${what}`);
  };
  let json: ModelJson;
  try {
    json = JSON.parse(saved.json) as ModelJson;
  } catch (error) {
    throw new Error(`loadModel: model.json is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (json?.format !== FORMAT) fail(`model.json must have format '${FORMAT}', got ${JSON.stringify(json?.format)}`);
  if (json.version !== VERSION)
    fail(`model.json has version ${JSON.stringify(json.version)}, this library reads version ${VERSION}`);
  if (!Array.isArray(json.layers)) fail('model.json has no list of layers');
  const layers = json.layers.map((config, i) => {
    const make =
      build[config?.kind] ??
      fail(`layer ${i} is of unknown kind ${JSON.stringify(config?.kind)}; known are ${Object.keys(build).join(', ')}`);
    return make(config);
  });
  const net = new Sequential(...layers);
  const { tensors } = decodeSafetensors(saved.safetensors);
  for (const p of net.parameters()) {
    const t = tensors.get(p.name) ?? fail(`parameter '${p.name}' is missing from the safetensors file`);
    if (t.dtype !== 'F32' || t.shape.join() !== p.shape.join())
      fail(
        `parameter '${p.name}' must be F32 [${p.shape.join(', ')}], the file has ${t.dtype} [${t.shape.join(', ')}]`,
      );
    p.data.set(t.data as Float32Array);
    tensors.delete(p.name);
  }
  if (tensors.size)
    fail(`the safetensors file has parameters that the net does not: ${[...tensors.keys()].join(', ')}`);
  return net;
}

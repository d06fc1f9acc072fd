import { AdLIF } from '../layers/adlif.ts';
import { AHP } from '../layers/ahp.ts';
import { ALIF } from '../layers/alif.ts';
import { Alpha } from '../layers/alpha.ts';
import {
  BatchNorm,
  type BatchNormOptions,
  ThresholdBatchNorm,
  type ThresholdBatchNormOptions,
} from '../layers/batch_norm.ts';
import { BRF } from '../layers/brf.ts';
import { Conv2d } from '../layers/conv2d.ts';
import { CubaLIF } from '../layers/cuba_lif.ts';
import { Dropout } from '../layers/dropout.ts';
import { ConstantCurrent, Encode } from '../layers/encode.ts';
import { Flatten } from '../layers/flatten.ts';
import { GLIF } from '../layers/glif.ts';
import { IF } from '../layers/if.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';
import { LIF } from '../layers/lif.ts';
import { Linear, type LinearOptions } from '../layers/linear.ts';
import { Parallel } from '../layers/parallel.ts';
import { PLIF } from '../layers/plif.ts';
import { AvgPool2d, SumPool2d } from '../layers/pool2d.ts';
import { Readout } from '../layers/readout.ts';
import { Residual } from '../layers/residual.ts';
import { RF } from '../layers/rf.ts';
import { SEAdLIF } from '../layers/se_adlif.ts';
import { Sequential } from '../layers/sequential.ts';
import { type OwnParts, ownNeuron, withOwnSurrogate } from './own.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import { describe, rebuild, type SavedLayer, tieAgain, tiesOf } from './structure.ts';

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
  readonly layers: readonly SavedLayer[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  /** Further names of parameters that stand in several places; absent where there are none. */
  readonly shared?: Readonly<Record<string, string>>;
}

/** How a layer is rebuilt from its config, from the layers within it, and from what its user passes. */
const build: Record<string, (c: LayerConfig, within: Readonly<Record<string, Layer>>, own: OwnParts) => Layer> = {
  AdLIF: (c) => new AdLIF(...(neurons(c) as ConstructorParameters<typeof AdLIF>)),
  AHP: (c) => new AHP(...(neurons(c) as ConstructorParameters<typeof AHP>)),
  ALIF: (c) => new ALIF(...(neurons(c) as ConstructorParameters<typeof ALIF>)),
  Alpha: (c) => new Alpha(...(neurons(c) as ConstructorParameters<typeof Alpha>)),
  CubaLIF: (c) => new CubaLIF(...(neurons(c) as ConstructorParameters<typeof CubaLIF>)),
  BRF: (c) => new BRF(...(neurons(c) as ConstructorParameters<typeof BRF>)),
  GLIF: (c) => new GLIF(...(neurons(c) as ConstructorParameters<typeof GLIF>)),
  PLIF: (c) => new PLIF(...(neurons(c) as ConstructorParameters<typeof PLIF>)),
  RF: (c) => new RF(...(neurons(c) as ConstructorParameters<typeof RF>)),
  SEAdLIF: (c) => new SEAdLIF(...(neurons(c) as ConstructorParameters<typeof SEAdLIF>)),
  Neuron: (c, _, own) => ownNeuron(c, own),
  IF: (c) => new IF(...(neurons(c) as ConstructorParameters<typeof IF>)),
  LIF: (c) => new LIF(...(neurons(c) as ConstructorParameters<typeof LIF>)),
  ConstantCurrent: (c) => new ConstantCurrent(c.inputs as number, c.steps as number),
  Encode: (c) => Encode.fromConfig(c),
  AvgPool2d: (c) => new AvgPool2d(...(pooling(c) as ConstructorParameters<typeof AvgPool2d>)),
  SumPool2d: (c) => new SumPool2d(...(pooling(c) as ConstructorParameters<typeof SumPool2d>)),
  Conv2d: (c) =>
    new Conv2d(
      ...([c.inputShape, c.channels, c.kernel, c.options] as unknown[] as ConstructorParameters<typeof Conv2d>),
    ),
  Flatten: (c) => new Flatten(c.inputShape as Flatten['inputShape']),
  Readout: (c) => new Readout(...(neurons(c) as ConstructorParameters<typeof Readout>)),
  Linear: ({ inputs, outputs, ...options }) =>
    new Linear(inputs as number, outputs as number, options as LinearOptions),
  Sequential: (_, within) => new Sequential(...Object.values(within)),
  Dropout: (c) => new Dropout(c.inputs as number, c.p as number),
  BatchNorm: (c) => new BatchNorm(c.inputs as number, c.options as BatchNormOptions),
  ThresholdBatchNorm: (c) => new ThresholdBatchNorm(c.inputs as number, c.options as ThresholdBatchNormOptions),
  Parallel: (c, within) => new Parallel(Object.values(within), { merge: c.merge as 'sum' }),
  Residual: (_, { projection, ...body }) => new Residual(...Object.values(body), projection ? { projection } : {}),
};

const pooling = (c: LayerConfig): unknown[] => [c.inputShape, c.size, c.options];
const neurons = (c: LayerConfig): unknown[] => [...(c.sizes as number[]), c.options];

/** A net as files: names as PyTorch would name them, matrices as [post, pre]. Needs no adapter. */
export function saveModel(net: Sequential): SavedModel {
  const parameters = [...net.namedParameters()];
  const shared = tiesOf(net);
  const json: ModelJson = {
    format: FORMAT,
    version: VERSION,
    layers: describe(net),
    parameters: Object.fromEntries(parameters.map(([name, p]) => [name, p.shape])),
    ...(Object.keys(shared).length ? { shared } : {}),
  };
  const tensors = parameters.map(([name, p]) => ({ name, dtype: 'F32' as const, shape: [...p.shape], data: p.data }));
  return { json: `${JSON.stringify(json, null, 2)}\n`, safetensors: encodeSafetensors(tensors, { format: 'pt' }) };
}

/**
 * A net from its files.
 *
 * @param own definitions and surrogates of one's own that the net uses: they are code, and code is not saved
 * @throws when a file is not one of ours, of a later version, or the two do not belong together; when something of one's own is missing
 */
export function loadModel(saved: SavedModel, own: OwnParts = {}): Sequential {
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
  const make = (config: LayerConfig, within: Readonly<Record<string, Layer>>, place: string): Layer => {
    const known = Object.hasOwn(build, config?.kind) ? build[config.kind] : undefined;
    const kinds = Object.keys(build).join(', ');
    return (known ?? fail(`layer ${place} is of unknown kind ${JSON.stringify(config?.kind)}; known are ${kinds}`))(
      withOwnSurrogate(config, own),
      within,
      own,
    );
  };
  const net = new Sequential(...rebuild(json.layers, make, fail));
  tieAgain(net, json.shared ?? {}, fail);
  const { tensors } = decodeSafetensors(saved.safetensors);
  for (const [name, p] of net.namedParameters()) {
    const t = tensors.get(name) ?? fail(`parameter '${name}' is missing from the safetensors file`);
    if (t.dtype !== 'F32' || t.shape.join() !== p.shape.join())
      fail(`parameter '${name}' must be F32 [${p.shape.join(', ')}], the file has ${t.dtype} [${t.shape.join(', ')}]`);
    p.data.set(t.data as Float32Array);
    tensors.delete(name);
  }
  if (tensors.size)
    fail(`the safetensors file has parameters that the net does not: ${[...tensors.keys()].join(', ')}`);
  return net;
}

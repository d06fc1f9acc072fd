import { within } from '../autograd/parameter.ts';
import { AdLIF } from '../layers/adlif.ts';
import { AHP } from '../layers/ahp.ts';
import { ALIF } from '../layers/alif.ts';
import { Alpha } from '../layers/alpha.ts';
import { BatchNorm, ThresholdBatchNorm } from '../layers/batch_norm.ts';
import { BRF } from '../layers/brf.ts';
import { Conv2d } from '../layers/conv2d.ts';
import { CubaLIF } from '../layers/cuba_lif.ts';
import { Dropout } from '../layers/dropout.ts';
import { ConstantCurrent, Encode } from '../layers/encode.ts';
import { Flatten } from '../layers/flatten.ts';
import { GLIF } from '../layers/glif.ts';
import { IF } from '../layers/if.ts';
import { registered } from '../layers/kinds.ts';
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
import { checkKeys } from './duplicate-keys.ts';
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

const neurons = { AdLIF, AHP, ALIF, Alpha, BRF, CubaLIF, GLIF, IF, LIF, PLIF, Readout, RF, SEAdLIF };
const pools = { AvgPool2d, SumPool2d };

type Build = (c: LayerConfig, within: Readonly<Record<string, Layer>>, own: OwnParts) => Layer;
type Kinds = Readonly<Record<string, new (...args: never) => Layer>>;

const alike = (kinds: Kinds, args: (c: LayerConfig) => unknown[]): Record<string, Build> =>
  Object.fromEntries(Object.entries(kinds).map(([kind, Kind]) => [kind, (c) => new Kind(...(args(c) as never))]));

/** How a layer is rebuilt from its config, from the layers within it, and from what its user passes. */
const build = new Map(
  Object.entries<Build>({
    ...alike(neurons, (c) => [...(c.sizes as number[]).slice(0, 3), c.options]),
    ...alike(pools, (c) => [c.inputShape, c.size, c.options]),
    ...alike({ Conv2d }, (c) => [c.inputShape, c.channels, c.kernel, c.options]),
    ...alike({ BatchNorm, ThresholdBatchNorm }, (c) => [c.inputs, c.options]),
    Neuron: (c, _, own) => ownNeuron(c, own),
    ConstantCurrent: (c) => new ConstantCurrent(c.inputs as number, c.steps as number),
    Encode: (c) => Encode.fromConfig(c),
    Flatten: (c) => new Flatten(c.inputShape as Flatten['inputShape']),
    Linear: ({ kind: _, inputs, outputs, ...options }) =>
      new Linear(inputs as number, outputs as number, options as LinearOptions),
    Dropout: (c) => new Dropout(c.inputs as number, c.p as number),
    Sequential: (_, within) => new Sequential(...Object.values(within)),
    Parallel: (c, within) => new Parallel(Object.values(within), { merge: c.merge as 'sum' }),
    Residual: (_, { projection, ...body }) => new Residual(...Object.values(body), projection ? { projection } : {}),
  }),
);

/** A function that throws what is wrong with a model, by the name of the function that was called. */
const failing =
  (owner: string) =>
  (what: string): never => {
    throw new Error(`${owner}: ${what}`);
  };

/**
 * A net as files: names as PyTorch would name them, matrices as [post, pre]. Needs no adapter.
 *
 * @throws when it has more layers than `loadModel` reads
 */
export function saveModel(net: Sequential): SavedModel {
  const parameters = [...net.namedParameters()];
  const shared = tiesOf(net);
  const model: ModelJson = {
    format: FORMAT,
    version: VERSION,
    layers: describe(net, failing('saveModel')),
    parameters: Object.fromEntries(parameters.map(([name, p]) => [name, p.shape])),
    ...(Object.keys(shared).length ? { shared } : {}),
  };
  const tensors = parameters.map(([name, p]) => ({ name, dtype: 'F32' as const, shape: [...p.shape], data: p.data }));
  return { json: `${JSON.stringify(model, null, 2)}\n`, safetensors: encodeSafetensors(tensors, { format: 'pt' }) };
}

/**
 * A net from its files.
 *
 * @param own definitions and surrogates of one's own that the net uses: they are code, and code is not saved
 * @throws when a file is not one of ours, of a later version, or the two do not belong together; when something of one's own is missing
 */
export function loadModel(saved: SavedModel, own: OwnParts = {}): Sequential {
  const fail = failing('loadModel');
  let json: ModelJson;
  try {
    json = JSON.parse(saved.json) as ModelJson;
  } catch (error) {
    throw new Error(`loadModel: model.json is no JSON: ${(error as Error).message}`, { cause: error });
  }
  checkKeys(saved.json, 'loadModel: model.json');
  if (json?.format !== FORMAT) fail(`model.json must have format '${FORMAT}', got ${JSON.stringify(json?.format)}`);
  if (json.version !== VERSION)
    fail(`model.json has version ${JSON.stringify(json.version)}, this library reads version ${VERSION}`);
  if (!Array.isArray(json.layers)) fail('model.json has no list of layers');
  const make = (config: LayerConfig, within: Readonly<Record<string, Layer>>, place: string): Layer => {
    const known = build.get(config?.kind) ?? registered.get(config?.kind);
    const kinds = [...build.keys()].join(', ');
    if (!known)
      return fail(
        `layer ${place} is of unknown kind ${JSON.stringify(config?.kind)}; known are ${kinds}, and LSTM and GRU where 'spiketape/gated' is imported`,
      );
    try {
      return known(withOwnSurrogate(config, own), within, own);
    } catch (error) {
      const { name, message } = error as Error;
      // what the runtime says of nonsense tells nobody what is wrong
      const what = name === 'Error' ? message : 'malformed config';
      throw new Error(`loadModel: layer ${place} (${config.kind}): ${what}`, { cause: error });
    }
  };
  // a parameter that shares another's numbers has its own until it does
  const numbers = (saved.safetensors.length / 4) * (1 + Object.keys(json.shared ?? {}).length);
  const net = within(numbers, () => new Sequential(...rebuild(json.layers, make, fail)));
  tieAgain(net, json.shared ?? {}, fail);
  loadParameters(net, saved.safetensors);
  return net;
}

/**
 * Puts saved parameters into a net of the same form, made by the same code.
 *
 * @throws when one is missing, of another shape, or of another net; the net may then have some of them
 */
export function loadParameters(net: Sequential, safetensors: Uint8Array): void {
  const { tensors } = decodeSafetensors(safetensors);
  for (const [name, p] of net.namedParameters()) {
    const t = tensors.get(name);
    if (!t) throw new Error(`loadModel: parameter '${name}' is missing from the safetensors file`);
    if (t.dtype !== 'F32' || t.shape.join() !== p.shape.join())
      throw new Error(
        `loadModel: parameter '${name}' must be F32 [${p.shape.join(', ')}], the file has ${t.dtype} [${t.shape.join(', ')}]`,
      );
    p.data.set(t.data as Float32Array);
    tensors.delete(name);
  }
  if (tensors.size)
    throw new Error(
      `loadModel: the safetensors file has parameters that the net does not: ${[...tensors.keys()].join(', ')}`,
    );
}

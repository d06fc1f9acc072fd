import type { Sequential } from '../../layers/sequential.ts';
import { onlyKnown } from '../../neurons/nearest.ts';
import type { Activity, Sample } from '../activity.ts';
import { type Exported, type Imported, type Inspection, refuse, type Verdict } from '../exported.ts';
import { readHdf5 } from '../hdf5/read.ts';
import { writeHdf5 } from '../hdf5/write.ts';
import { netOf } from './decode.ts';
import { hasNeurons, type NetxLayer, SLAYER_SCALE } from './layers.ts';
import { UNITY } from './loihi.ts';
import { planOf } from './plan.ts';
import { SCALES, truncationOf } from './quantise.ts';
import { type NetxNet, readNetxTree } from './read.ts';
import { runLoihi } from './run.ts';
import { netxTree } from './write.ts';

export interface NetxOptions {
  /** Beginning of the file's name ('model'). */
  readonly name?: string;
  /**
   * Units of a weight, a bias and a threshold in 1. By default 64, as lava-dl's trainer has it, if nothing is rounded then; otherwise as fine as each
   * layer's weights allow.
   */
  readonly weightScale?: number;
}

export interface NetxImportOptions {
  /** Units of a weight in 1 of the net that is made, where the file does not say (64). */
  readonly weightScale?: number;
}

function checkScale(owner: string, scale: number | undefined): void {
  if (scale !== undefined && !(scale >= SCALES[0] && scale <= SCALES[1]))
    throw new Error(`${owner}: weightScale must be a number in 2^-20 .. 2^20, got ${scale}`);
}

const planned = (owner: string, net: Sequential, options: NetxOptions) => {
  onlyKnown(owner, options, ['name', 'weightScale']);
  checkScale(owner, options.weightScale);
  return planOf(net, options.weightScale);
};

/** What NetX and Loihi's integers make of a net: chains of Linear, Conv2d and neurons that are reset to 0 in the spike's own step. */
export function checkNetx(net: Sequential, options: NetxOptions = {}): Verdict {
  const { refused, lost, notes } = planned('checkNetx', net, options);
  return { refused, lost, notes };
}

/**
 * A net as lava-dl's NetX file (HDF5), in Loihi's integers.
 *
 * @throws what the format cannot hold, by layer
 */
export async function encodeNetx(net: Sequential, options: NetxOptions = {}): Promise<Exported> {
  const { layers, ...verdict } = planned('encodeNetx', net, options);
  refuse('NetX', verdict);
  const bytes = await writeHdf5(netxTree(layers));
  return { ...verdict, files: [{ name: `${options.name ?? 'model'}.net`, bytes }] };
}

const read = async (owner: string, bytes: Uint8Array, options: NetxImportOptions): Promise<NetxNet> => {
  onlyKnown(owner, options, ['weightScale']);
  checkScale(owner, options.weightScale);
  return readNetxTree(await readHdf5(bytes), options.weightScale);
};

/**
 * The net of a NetX file of ours or of lava-dl's trainer.
 *
 * @throws naming the layer and the field
 */
export async function decodeNetx(bytes: Uint8Array, options: NetxImportOptions = {}): Promise<Imported> {
  return imported(await read('decodeNetx', bytes, options));
}

/** The net of a file that was read. */
export function imported({ layers, notes }: NetxNet): Imported {
  const made = netOf(layers);
  const own = layers.filter(hasNeurons);
  const scales = [...new Set(own.map(({ meaning }) => meaning.scale))];
  const drops = own.some(({ neurons, meaning }) => truncationOf(neurons, meaning.scale) !== null);
  const said =
    'Loihi drops fractions of its integers when they decay; this net does not, so that some spikes may differ';
  return {
    net: made.net,
    notes: [...notes, ...made.notes, `${scales.join(', ')} of the file's units are 1`, ...(drops ? [said] : [])],
  };
}

/**
 * Runs a NetX file in Loihi's own integers, bit for bit: all layers in the same step, which lava staggers by one step each.
 *
 * @returns labels of the net that was written, where the file has them; of the net that `decodeNetx` makes otherwise
 * @throws on a file that cannot be read, and on a sample of other than whole numbers
 */
export async function replayNetx(bytes: Uint8Array, sample: Sample): Promise<Activity> {
  return replayed(await read('replayNetx', bytes, {}), sample);
}

/** Runs a file that was read. */
export const replayed = ({ layers }: NetxNet, sample: Sample): Activity => runLoihi(layers, sample, labelsOf(layers));

/** As `decodeNetx` places them. */
function labelsOf(layers: readonly NetxLayer[]): string[] {
  let place = 0;
  return layers.flatMap((layer) => {
    if (!hasNeurons(layer)) {
      if (layer.type === 'flatten') place++;
      return [];
    }
    if (layer.type === 'conv') place++;
    const { iDecay, vDecay } = layer.neurons;
    const kind = iDecay < UNITY ? 'CubaLIF' : vDecay === 0 ? 'IF' : 'LIF';
    const own = `${place++} ${kind}`;
    return [layer.meaning.label ?? own];
  });
}

/** What is in a NetX file. */
export async function inspectNetx(bytes: Uint8Array): Promise<Inspection> {
  return inspected(await read('inspectNetx', bytes, {}));
}

/** What is in a file that was read. */
export function inspected({ layers, notes }: NetxNet): Inspection {
  const ours = layers.filter(hasNeurons).some(({ meaning }) => meaning.label !== null);
  return {
    format: 'NetX (lava-dl)',
    facts: {
      layers: layers.length,
      'written by': ours ? 'spiketape' : 'another tool',
      ...(ours ? {} : { 'units in 1 (assumed)': SLAYER_SCALE }),
      ...Object.fromEntries(notes.map((note, i) => [`note ${i + 1}`, note])),
    },
    nodes: layers.map((layer, i) => ({ name: String(i), from: i === 0 ? [] : [String(i - 1)], ...described(layer) })),
  };
}

function described(layer: NetxLayer): Pick<Inspection['nodes'][number], 'type' | 'shape' | 'detail'> {
  if (!hasNeurons(layer)) return { type: layer.type, shape: `[${layer.shape.join(', ')}]`, detail: '' };
  const { neurons, meaning, bias } = layer;
  const { iDecay, vDecay, vThMant } = neurons;
  const range = (x: Int32Array): string =>
    `${x.reduce((a, b) => Math.min(a, b))} .. ${x.reduce((a, b) => Math.max(a, b))}`;
  const recurrent = layer.type === 'dense' ? layer.recurrent : null;
  const detail = [
    `weight ${range(layer.weight)}`,
    ...(recurrent ? [`weight_rec ${range(recurrent)}`] : []),
    ...(bias ? [`bias ${range(bias)}`] : []),
    `iDecay ${iDecay}, vDecay ${vDecay}, vThMant ${vThMant}`,
    ...(meaning.label ? [`${meaning.scale} units in 1, ${meaning.label}`] : []),
  ].join(', ');
  if (layer.type === 'conv') {
    const { input, output } = layer.window;
    return { type: 'conv', shape: `[${input.join(', ')}] to [${output.join(', ')}]`, detail };
  }
  return { type: recurrent ? 'dense_rec' : 'dense', shape: `[${layer.outputs}, ${layer.inputs}]`, detail };
}

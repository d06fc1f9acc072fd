import type { Planes } from '../../kernels/conv.ts';
import { Conv2d } from '../../layers/conv2d.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Flatten } from '../../layers/flatten.ts';
import { Linear } from '../../layers/linear.ts';
import { AvgPool2d } from '../../layers/pool2d.ts';
import { Sequential } from '../../layers/sequential.ts';
import { widthOf } from '../../layers/window.ts';
import { onlyKnown } from '../../neurons/nearest.ts';
import type { Imported } from '../exported.ts';
import { type Building, type DecodeOptions, fill } from './building.ts';
import { type Group, readStateDict } from './keys.ts';
import { SPIKES_ONLY } from './module.ts';
import { neuronLayer } from './neurons.ts';
import { type Entry, inOrder, widthsOf } from './order.ts';

/** A net with what it was in the file. */
export interface Decoded extends Imported {
  /** By the place of a layer: the label that the file says it had, and whether its voltage is what the layer records. */
  readonly origins: ReadonlyMap<string, { readonly label: string; readonly voltage: boolean }>;
}

/** More neurons than this in a plane's layer are refused. */
const MOST = 2 ** 22;

/** A net from a state_dict of snnTorch's modules. @throws naming the module or tensor that cannot be read, or not be held */
export async function decodeSnntorch(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Imported> {
  const { net, notes } = decode(bytes, options, false);
  return { net, notes };
}

/** @param exact see `Building` */
export function decode(bytes: Uint8Array, options: DecodeOptions, exact: boolean): Decoded {
  onlyKnown('snnTorch', options, ['order', 'resetDelay', 'diagonal']);
  const { groups, metadata } = readStateDict(bytes);
  if (groups.length === 0) throw new Error('snnTorch: the file has no tensors');
  const order = options.order ?? (Object.hasOwn(metadata, ORDER) ? metadata[ORDER] : undefined);
  const entries = inOrder(groups, order);
  const named = new Map(groups.map((g) => [g.name, g]));
  const building: Building = { layers: [], notes: [], options, exact, width: null, planes: null };
  const origins = new Map<string, { label: string; voltage: boolean }>();
  entries.forEach((entry, i) => {
    const group = named.get(entry.name);
    try {
      if (!group) plainLayer(building, entry);
      else if (group.kind === 'Linear') linearLayer(building, group);
      else if (group.kind === 'Conv2d') convLayer(building, entry, group);
      else {
        building.width ??= widthsOf(group)[1] ?? widthAfter(entries, i, named);
        neuronLayer(building, entry, group);
        const { kind } = building.layers.at(-1)!.config;
        const place = String(building.layers.length - 1);
        const usual = kind !== 'Neuron' ? kind : group.tensors.has('alpha') ? 'CubaLIF' : 'LIF';
        origins.set(place, {
          label: entry.said.get('as') ?? `${place} ${usual}`,
          voltage: entry.said.get('compare') !== SPIKES_ONLY.slice(SPIKES_ONLY.indexOf('=') + 1),
        });
      }
    } catch (error) {
      throw new Error(`snnTorch: module '${entry.name}': ${(error as Error).message}`, { cause: error });
    }
  });
  return { net: new Sequential(...building.layers), notes: building.notes, origins };
}

/** What the first matrix after an entry takes. */
function widthAfter(entries: readonly Entry[], i: number, named: ReadonlyMap<string, Group>): number | null {
  const linear = entries.slice(i + 1).find(({ name }) => named.get(name)?.kind === 'Linear');
  return linear ? widthsOf(named.get(linear.name)!)[0] : null;
}

/** Where the files that are written here say the order of their modules. */
export const ORDER = 'snntorch.order';

function plainLayer(building: Building, { name, said }: Entry): void {
  const { layers, planes } = building;
  if (name === 'Unflatten') {
    const shape = sizes(said, 'shape', [], 3) as unknown as Planes;
    if (building.width !== null && building.width !== widthOf(shape))
      throw new Error(
        `${shape.join(' x ')} are ${widthOf(shape)} numbers, the module before it gives ${building.width}`,
      );
    setPlanes(building, shape);
  } else if (name === 'Flatten') {
    if (planes) layers.push(new Flatten(planes));
    building.planes = null;
  } else if (name === 'Dropout') {
    if (building.width === null) throw new Error('cannot be the first');
    layers.push(new Dropout(building.width, Number(said.get('p') ?? 0.5)));
  } else {
    if (!planes) throw new Error('needs planes; begin the order with Unflatten(shape=CxHxW)');
    const size = sizes(said, 'size', [], 2);
    const pool = new AvgPool2d(planes, pair(size), {
      stride: pair(sizes(said, 'stride', size, 2)),
      padding: pair(sizes(said, 'padding', [0, 0], 2)),
    });
    layers.push(pool);
    setPlanes(building, pool.outputShape);
  }
}

function setPlanes(building: Building, planes: Planes): void {
  if (!(widthOf(planes) <= MOST)) throw new Error(`planes of ${planes.join(' x ')} are more than ${MOST} neurons`);
  building.planes = planes;
  building.width = widthOf(planes);
}

function linearLayer(building: Building, { tensors }: Group): void {
  const { shape, values } = tensors.get('weight')!;
  const [outputs, inputs] = shape as [number, number];
  if (building.width !== null && building.width !== inputs)
    throw new Error(`takes ${inputs} inputs, the module before it gives ${building.width}`);
  const bias = tensors.get('bias');
  const layer = new Linear(inputs, outputs, { bias: bias !== undefined });
  fill(layer, 'weight', values);
  if (bias) fill(layer, 'bias', bias.values);
  building.layers.push(layer);
  building.width = outputs;
  building.planes = null;
}

function convLayer(building: Building, { said }: Entry, { tensors }: Group): void {
  const { planes } = building;
  if (!planes) throw new Error('needs the shape of its input; begin the order with Unflatten(shape=CxHxW)');
  const { shape, values } = tensors.get('weight')!;
  const padding = said.get('padding');
  const groups = Number(said.get('groups') ?? 1);
  if (shape[1]! * groups !== planes[0])
    throw new Error(`takes ${shape[1]! * groups} channels, the module before it gives ${planes[0]}`);
  const bias = tensors.get('bias');
  const layer = new Conv2d(planes, shape[0]!, pair(shape.slice(2)), {
    stride: pair(sizes(said, 'stride', [1, 1], 2)),
    padding: padding === 'same' ? 'same' : pair(sizes(said, 'padding', [0, 0], 2)),
    dilation: pair(sizes(said, 'dilation', [1, 1], 2)),
    groups,
    bias: bias !== undefined,
  });
  setPlanes(building, layer.outputShape);
  fill(layer, 'weight', values);
  if (bias) fill(layer, 'bias', bias.values);
  building.layers.push(layer);
}

const pair = (two: readonly number[]): [number, number] => [two[0]!, two[1]!];

/** Sizes as an order says them, `2x34x34` or one for all. @throws unless they are whole numbers */
function sizes(
  said: ReadonlyMap<string, string>,
  name: string,
  fallback: readonly number[],
  count: number,
): readonly number[] {
  const text = said.get(name);
  if (text === undefined && fallback.length) return fallback;
  const parts = (text ?? '').split('x').map((x) => (/^\d{1,9}$/.test(x.trim()) ? Number(x) : Number.NaN));
  const all = parts.length === 1 && count === 2 ? [parts[0]!, parts[0]!] : parts;
  if (all.length !== count || all.some((n) => Number.isNaN(n)))
    throw new Error(
      `${name} must be ${count} whole numbers, such as ${new Array(count).fill(2).join('x')}, got '${text ?? ''}'`,
    );
  return all;
}

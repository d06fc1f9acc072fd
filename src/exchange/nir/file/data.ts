import type { Hdf5Limits } from '../../hdf5/read.ts';
import { readHdf5 } from '../../hdf5/read.ts';
import { dataset, group, type Hdf5Dataset, type Hdf5Group, type Hdf5Node, wrongName } from '../../hdf5/tree.ts';
import { writeHdf5 } from '../../hdf5/write.ts';
import type { NirArray } from './graph.ts';
import { short } from './validate.ts';

/** What was recorded of one quantity of a node. */
export type NirObservable =
  /** A number for each sample, step and neuron, [B, T, N]: spikes as 0 and 1, or voltages. `dt` in the file's unit, seconds as a rule. */
  | { readonly kind: 'grid'; readonly data: NirArray; readonly dt: number }
  | {
      readonly kind: 'events';
      /** Neurons, [B, events]; -1 where a sample has no more. */
      readonly idx: NirArray;
      /** Their times, [B, events]; infinite where a sample has no more. */
      readonly time: NirArray;
      /** Their values, [B, events], if they have any. */
      readonly value: NirArray | null;
      readonly neurons: number;
      readonly tMax: number;
    };

/** Recorded data, by node as the graph has them, and by quantity: `spikes`, `v`. */
export interface NirData {
  readonly nodes: ReadonlyMap<string, NirData | ReadonlyMap<string, NirObservable>>;
}

const TYPE = '__type__';

/**
 * Reads recorded data as nir 1.0.8 writes them (`nir.write_data`): spikes and traces of the nodes of a graph, in a file of their own.
 *
 * @throws with the path in the file, where it is not one of these or shapes do not fit
 */
export async function readNirData(bytes: Uint8Array, limits: Hdf5Limits = {}): Promise<NirData> {
  const root = await readHdf5(bytes, { ...limits, attributes: true });
  if (textAt(root, TYPE, '/') !== 'NIRGraphData')
    throw new Error(
      `not recorded data of NIR: '/' has ${TYPE} '${short(textAt(root, TYPE, '/'))}', expected 'NIRGraphData'`,
    );
  return dataFrom(root, '');
}

function dataFrom(from: Hdf5Group, path: string): NirData {
  const nodes = new Map<string, NirData | ReadonlyMap<string, NirObservable>>();
  for (const [name, node, at] of children(from, 'nodes', path)) {
    const type = textAt(node, TYPE, at);
    if (type === 'NIRGraphData') {
      nodes.set(name, dataFrom(node, at));
      continue;
    }
    if (type !== 'NIRNodeData') throw new Error(`'${at}' has the unknown type '${short(type)}' of recorded data`);
    const found = children(node, 'observables', at).map(
      ([key, one, where]) => [key, observableFrom(one, where)] as const,
    );
    nodes.set(name, new Map(found));
  }
  return { nodes };
}

function children(from: Hdf5Group, name: string, path: string): [string, Hdf5Group, string][] {
  const inside = from.children.get(name);
  if (inside?.kind !== 'group') throw new Error(`'${path || '/'}' has no group '${name}'`);
  return [...inside.children].map(([key, node]) => {
    const at = `${path}/${name}/${key}`;
    if (node.kind !== 'group') throw new Error(`'${at}' is a dataset; expected a group`);
    return [key, node, at];
  });
}

function observableFrom(from: Hdf5Group, path: string): NirObservable {
  const type = textAt(from, TYPE, path);
  if (type === 'TimeGriddedData') {
    const data = arrayAt(from, 'data', path);
    if (data.shape.length !== 3)
      throw new Error(`'${path}/data' must have the shape [samples, steps, neurons], got [${data.shape}]`);
    return { kind: 'grid', data, dt: numberAt(from, 'dt', path) };
  }
  if (type !== 'EventData' && type !== 'ValuedEventData')
    throw new Error(`'${path}' has the unknown type '${short(type)}' of recorded data`);
  const [idx, time] = [arrayAt(from, 'idx', path), arrayAt(from, 'time', path)];
  const value = type === 'ValuedEventData' ? arrayAt(from, 'value', path) : null;
  for (const other of [time, value])
    if (other && (idx.shape.length !== 2 || `${other.shape}` !== `${idx.shape}`))
      throw new Error(
        `'${path}' must have data of one shape [samples, events], got [${idx.shape}] and [${other.shape}]`,
      );
  const neurons = numberAt(from, 'n_neurons', path);
  const outside = idx.data.findIndex((n) => !Number.isInteger(n) || n < -1 || n >= neurons);
  if (outside >= 0)
    throw new Error(
      `'${path}/idx' must hold neurons below ${neurons} or -1, got ${idx.data[outside]}: number ${outside}`,
    );
  return { kind: 'events', idx, time, value, neurons, tMax: numberAt(from, 't_max', path) };
}

function attribute({ attributes }: Hdf5Group, name: string, path: string): Hdf5Dataset['data'] {
  const found = attributes?.get(name);
  if (found?.data.length !== 1) throw new Error(`'${path}' has no attribute '${name}' with one value`);
  return found.data;
}

function textAt(from: Hdf5Group, name: string, path: string): string {
  const data = attribute(from, name, path);
  if (ArrayBuffer.isView(data)) throw new Error(`'${path}': attribute '${name}' must be a text`);
  return data[0]!;
}

function numberAt(from: Hdf5Group, name: string, path: string): number {
  const data = attribute(from, name, path);
  const value = ArrayBuffer.isView(data) ? Number(data[0]) : Number.NaN;
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`'${path}': attribute '${name}' must be a number above 0`);
  return value;
}

function arrayAt(from: Hdf5Group, name: string, path: string): NirArray {
  const found = from.children.get(name);
  if (found?.kind !== 'dataset' || !ArrayBuffer.isView(found.data))
    throw new Error(`'${path}' has no numbers '${name}'`);
  return { shape: found.shape, data: Float64Array.from(found.data as ArrayLike<number | bigint>, Number) };
}

/**
 * Writes recorded data as `nir.read_data` of nir 1.0.8 reads them. Numbers that are all 0 or 1 take a byte each, others are in float64.
 *
 * @throws with the path of what has no name or the wrong shape
 */
export async function writeNirData(data: NirData): Promise<Uint8Array> {
  return writeHdf5(groupOf(data), { gzip: true });
}

const type = (name: string): readonly [string, Hdf5Dataset] => [TYPE, dataset([name], [])];
const number = (value: number): Hdf5Dataset => dataset(Float64Array.of(value), []);

function groupOf({ nodes }: NirData): Hdf5Group {
  const inside = [...nodes].map(([name, node]): [string, Hdf5Node] => {
    const wrong = wrongName(name);
    if (wrong) throw new Error(`recorded data of node '${name}': ${wrong}`);
    if ('nodes' in node) return [name, groupOf(node)];
    const observables = [...node].map(([key, one]) => [key, observableGroup(one)] as const);
    return [name, group([['observables', group(observables)]], [type('NIRNodeData')])];
  });
  return group([['nodes', group(inside)]], [type('NIRGraphData')]);
}

function observableGroup(one: NirObservable): Hdf5Group {
  if (one.kind === 'grid')
    return group([['data', stored(one.data)]], [type('TimeGriddedData'), ['dt', number(one.dt)]]);
  const { idx, time, value, neurons, tMax } = one;
  return group(
    [
      ['idx', dataset(BigInt64Array.from(idx.data, BigInt), idx.shape)],
      ['time', dataset(time.data, time.shape)],
      ...(value ? [['value', dataset(value.data, value.shape)] as const] : []),
    ],
    [
      type(value ? 'ValuedEventData' : 'EventData'),
      ['n_neurons', dataset(BigInt64Array.of(BigInt(neurons)), [])],
      ['t_max', number(tMax)],
    ],
  );
}

const stored = ({ data, shape }: NirArray): Hdf5Dataset =>
  dataset(data.every((x) => x === 0 || x === 1) ? Uint8Array.from(data) : data, shape);

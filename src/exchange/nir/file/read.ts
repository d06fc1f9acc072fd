import { type Hdf5Limits, readHdf5 } from '../../hdf5/read.ts';
import type { Hdf5Dataset, Hdf5Group } from '../../hdf5/tree.ts';
import { completeNir } from './complete.ts';
import type { NirArray, NirFile, NirGraph, NirNode, NirValue } from './graph.ts';
import { short, validateNir } from './validate.ts';

type Entry = readonly [from: string, to: string];

/**
 * Reads a NIR file (Pedersen et al., Nature Communications 15, 2024), by the rules of nir 1.0.8: what `nir.read` takes, this takes. The
 * graph comes in full, with what a file may leave out (`completeNir`), and is valid (`validateNir`). A file that holds a primitive alone makes a graph
 * of it. Texts and numbers of the metadata are kept; groups in it become names with `/`, lists of texts become JSON.
 *
 * @param limits what reading may cost; see `readHdf5`
 * @throws with the node and the field, or the path in the file, where it cannot be read
 */
export async function readNir(bytes: Uint8Array, limits: Hdf5Limits = {}): Promise<NirFile> {
  const root = await readHdf5(bytes, limits);
  const node = root.children.get('node');
  if (node?.kind !== 'group') {
    const recorded = root.children.get('nodes')?.kind === 'group';
    throw new Error(
      `not a NIR graph: the file has no group '/node'${recorded ? "; with its group '/nodes' it is one of recorded data" : ''}`,
    );
  }
  const version = root.children.get('version');
  const read = nodeFrom(node, '');
  const graph = read.type === 'NIRGraph' ? (read as NirGraph) : alone(read as NirNode);
  const complete = completeNir(graph);
  validateNir(complete);
  return { version: version?.kind === 'dataset' ? (textOf(version) ?? '') : '', graph: complete };
}

const alone = (node: NirNode): NirGraph => ({
  type: 'NIRGraph',
  nodes: new Map([[node.type.toLowerCase(), node]]),
  edges: [],
});

/** @param path in the graph, `` for the root */
function nodeFrom(group: Hdf5Group, path: string): NirNode | NirGraph {
  const where = path === '' ? "'/node'" : `node '${path}'`;
  const type = dataset(group, 'type', where);
  const name = textOf(type);
  if (name === null) throw new Error(`${where}: type must be one text`);
  const metadata = metadataFrom(group, where);
  const rest = [...group.children].filter(([key]) => key !== 'type' && key !== 'metadata');
  if (name === 'NIRGraph') {
    for (const [key] of rest)
      if (key !== 'nodes' && key !== 'edges')
        throw new Error(
          `${where}: there is no field '${short(key)}' of a graph; expected type, nodes, edges, metadata`,
        );
    return { type: name, ...graphFrom(group, path, where), ...metadata };
  }
  const fields: [string, NirValue][] = rest.map(([key, value]) => {
    if (value.kind === 'group') throw new Error(`${where}: ${short(key)} is a group; expected numbers`);
    const text = textOf(value);
    return [key, text ?? numbersOf(value, `${where}: ${short(key)}`)];
  });
  return { type: name, fields: Object.fromEntries(fields), ...metadata };
}

function graphFrom(group: Hdf5Group, path: string, where: string): Pick<NirGraph, 'nodes' | 'edges'> {
  const inside = group.children.get('nodes');
  if (inside?.kind !== 'group') throw new Error(`${where}: a graph needs the group 'nodes'`);
  const nodes = new Map<string, NirNode | NirGraph>();
  for (const [name, node] of inside.children) {
    const at = path === '' ? name : `${path}/${name}`;
    if (node.kind !== 'group') throw new Error(`node '${short(at)}' is a dataset; expected a group`);
    nodes.set(name, nodeFrom(node, at));
  }
  return { nodes, edges: edgesFrom(dataset(group, 'edges', where), where) };
}

function edgesFrom({ shape, data }: Hdf5Dataset, where: string): Entry[] {
  // none at all are written as numbers, of which there are none
  if (data.length === 0) return [];
  if (ArrayBuffer.isView(data) || shape.length !== 2 || shape[1] !== 2)
    throw new Error(
      `${where}: edges must be pairs of names, [edges, 2], got ${ArrayBuffer.isView(data) ? 'numbers' : 'texts'} of the shape [${shape}]`,
    );
  return Array.from({ length: shape[0]! }, (_, i): Entry => [data[2 * i]!, data[2 * i + 1]!]);
}

function dataset({ children }: Hdf5Group, name: string, where: string): Hdf5Dataset {
  const found = children.get(name);
  if (found?.kind !== 'dataset') throw new Error(`${where}: ${name} is ${found ? 'a group' : 'missing'}`);
  return found;
}

/** A single text, or null. */
const textOf = ({ data }: Hdf5Dataset): string | null =>
  !ArrayBuffer.isView(data) && data.length === 1 ? data[0]! : null;

function numbersOf({ shape, data }: Hdf5Dataset, where: string): NirArray {
  if (!ArrayBuffer.isView(data)) throw new Error(`${where} must be numbers, got texts of the shape [${shape}]`);
  return { shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

function metadataFrom({ children }: Hdf5Group, where: string): { metadata?: Record<string, NirValue> } {
  const found = children.get('metadata');
  if (!found) return {};
  if (found.kind !== 'group') throw new Error(`${where}: metadata is a dataset; expected a group`);
  const entries: [string, NirValue][] = [];
  const add = (group: Hdf5Group, prefix: string): void => {
    for (const [key, value] of group.children) {
      if (value.kind === 'group') add(value, `${prefix}${key}/`);
      else if (ArrayBuffer.isView(value.data)) entries.push([prefix + key, numbersOf(value, where)]);
      else entries.push([prefix + key, textOf(value) ?? JSON.stringify(value.data)]);
    }
  };
  add(found, '');
  return entries.length ? { metadata: Object.fromEntries(entries) } : {};
}

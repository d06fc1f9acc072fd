import { onlyKnown } from '../../../neurons/nearest.ts';
import { dataset, group, type Hdf5Dataset, type Hdf5Group, type Hdf5Node } from '../../hdf5/tree.ts';
import { writeHdf5 } from '../../hdf5/write.ts';
import { completeNir } from './complete.ts';
import { isGraph, type NirGraph, type NirNode, type NirValue } from './graph.ts';
import { type Field, PRIMITIVES } from './primitives.ts';
import { topologicalOrder } from './topology.ts';
import { validateNir } from './validate.ts';

export interface NirWriteOptions {
  /** What the file gives as its version, '1.0.8' unless told: that of the reference implementation whose rules were followed. */
  readonly version?: string;
  /** Of all parameters; `float64` unless told. */
  readonly precision?: 'float32' | 'float64';
}

const VERSION = '1.0.8';

/**
 * Writes a graph as a NIR file that every version of `nir` reads: nodes in topological order, with an explicit `Input` and `Output`, in groups
 * that keep their order (readers trip over a node that is used before it comes), a reset to 0 left out (old versions refuse any). Arrays of 512
 * bytes and more are compressed.
 *
 * @throws with node and field, where the graph is not valid, or a number is too large for `float32`
 */
export async function writeNir(graph: NirGraph, options: NirWriteOptions = {}): Promise<Uint8Array> {
  onlyKnown('writeNir', options, ['version', 'precision']);
  const { version = VERSION, precision = 'float64' } = options;
  if (precision !== 'float32' && precision !== 'float64')
    throw new Error(`writeNir: precision must be 'float32' or 'float64', got '${precision}'`);
  const complete = completeNir(graph);
  validateNir(complete);
  const root = group([
    ['version', dataset([version], [])],
    ['node', graphGroup(complete, '', precision)],
  ]);
  return writeHdf5(root, { gzip: true });
}

type Precision = NonNullable<NirWriteOptions['precision']>;

function graphGroup(graph: NirGraph, path: string, precision: Precision): Hdf5Group {
  const nodes = topologicalOrder(graph).map((name): [string, Hdf5Node] => {
    const node = graph.nodes.get(name)!;
    const at = path === '' ? name : `${path}/${name}`;
    return [name, isGraph(node) ? graphGroup(node, at, precision) : nodeGroup(node, at, precision)];
  });
  return group([
    ['edges', dataset(graph.edges.flat(), [graph.edges.length, 2])],
    ['nodes', group(nodes)],
    ['type', dataset([graph.type], [])],
    ...metadataGroup(graph),
  ]);
}

function nodeGroup(node: NirNode, path: string, precision: Precision): Hdf5Group {
  const { fields } = PRIMITIVES.get(node.type)!;
  const stored: [string, Hdf5Node][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const value = node.fields[name];
    if (value === undefined || isLeftOut(name, value)) continue;
    stored.push([name, fieldData(value, field, precision, `node '${path}' (${node.type}): ${name}`)]);
  }
  return group([...stored, ['type', dataset([node.type], [])], ...metadataGroup(node)]);
}

const isLeftOut = (name: string, value: NirValue): boolean =>
  name === 'v_reset' && typeof value === 'object' && value.data.every((x) => x === 0);

function fieldData(value: NirValue, { kind }: Field, precision: Precision, where: string): Hdf5Dataset {
  if (typeof value === 'string') return dataset([value], []);
  const { shape, data } = value;
  if (kind === 'axes' || kind === 'integer' || kind === 'shape')
    return dataset(BigInt64Array.from(data, BigInt), shape);
  if (precision === 'float64') return dataset(data, shape);
  const wide = data.findIndex((x) => !Number.isFinite(Math.fround(x)));
  if (wide >= 0) throw new Error(`${where} is too large for float32: number ${wide} is ${data[wide]}`);
  return dataset(Float32Array.from(data), shape);
}

function metadataGroup({ metadata = {} }: NirNode | NirGraph): [string, Hdf5Group][] {
  interface Branch extends Hdf5Group {
    readonly children: Map<string, Hdf5Dataset | Branch>;
  }
  const branch = (): Branch => ({ kind: 'group', children: new Map() });
  const top = branch();
  for (const [key, value] of Object.entries(metadata)) {
    const names = key.split('/');
    let at = top;
    for (const name of names.slice(0, -1)) {
      const next = at.children.get(name) ?? branch();
      if (next.kind !== 'group') throw new Error(`metadata '${key}': '${name}' is a value already`);
      at.children.set(name, next);
      at = next;
    }
    const last = names.at(-1)!;
    if (at.children.has(last)) throw new Error(`metadata '${key}' is a group already`);
    at.children.set(last, typeof value === 'string' ? dataset([value], []) : dataset(value.data, value.shape));
  }
  return top.children.size > 0 ? [['metadata', top]] : [];
}

import type { Inspection } from '../exported.ts';
import type { Node, Tensor, ValueInfo } from './model.ts';
import { readOnnx } from './replay.ts';

/** Names of element types as people know them. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
};

/** Any ONNX model as `inspect` shows it. @throws on a file that is none, naming byte or node */
export async function inspectOnnx(bytes: Uint8Array): Promise<Inspection> {
  const model = readOnnx(bytes);
  const { graph, opsets, irVersion, producer, producerVersion } = model;
  const tensors = new Map(graph.initializers.map((t) => [t.name, t]));
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node.name] as const)));
  const version = opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')!.version;
  const facts: Record<string, string | number> = {
    producer: `${producer} ${producerVersion}`.trim(),
    'ir version': irVersion,
  };
  for (const value of graph.inputs) facts[`input ${value.name}`] = described(value, tensors.has(value.name));
  for (const value of graph.outputs) facts[`output ${value.name}`] = described(value, false);
  facts['weights and constants'] = graph.initializers.reduce((sum, t) => sum + t.dims.reduce((a, b) => a * b, 1), 0);
  for (const [key, value] of model.metadata) facts[key] = value;
  return {
    format: `ONNX, opset ${version}`,
    facts,
    nodes: graph.nodes.map((node) => ({
      name: node.name,
      type: node.op,
      shape: shapeOf(node, tensors),
      detail: detailOf(node),
      from: [...new Set(node.inputs.filter((name) => name !== '').map((name) => makers.get(name) ?? name))],
    })),
  };
}

const brackets = (list: readonly (number | string)[]): string => `[${list.join(', ')}]`;

function described({ type, shape }: ValueInfo, optional: boolean): string {
  const size = shape ? ` ${brackets(shape.map((n) => (n === '' ? '?' : n)))}` : '';
  return `${TYPES[type] ?? `type ${type}`}${size}${optional ? ', optional' : ''}`;
}

/** Of the weights that a node reads. */
function shapeOf(node: Node, tensors: ReadonlyMap<string, Tensor>): string {
  const read = node.inputs.flatMap((name) => tensors.get(name) ?? []);
  return read
    .filter(({ dims }) => dims.length > 0)
    .map(({ dims }) => brackets(dims))
    .join(' ');
}

function detailOf({ attributes }: Node): string {
  return attributes
    .map((a) => {
      if (a.kind === 'graph') return `${a.name}: ${a.value.nodes.map(({ op }) => op).join(' ')}`;
      if (a.kind === 'ints' || a.kind === 'floats') return `${a.name} ${brackets(a.value)}`;
      if (a.kind === 'int' || a.kind === 'float') return `${a.name} ${a.value}`;
      return `${a.name}: ${a.kind}`;
    })
    .join(', ');
}

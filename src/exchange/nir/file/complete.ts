import { isGraph, type NirArray, type NirGraph, type NirNode, type NirValue } from './graph.ts';
import { arrayOf, integers, type NodeShapes, PRIMITIVES, type Shape } from './primitives.ts';
import { successors } from './topology.ts';
import { checkEdges, nameOf, shapesIn, shapesOf } from './validate.ts';

/**
 * The same graph in full: fields that may be absent filled in (a reset to 0, an input weight of 1, all dimensions but the first flattened), one number
 * for all axes as one for each, and where nodes have nothing before or behind them an `Input` or `Output` as nir inserts it, named
 * `input_<node>`, `output_<node>`.
 *
 * @throws with node and field, where it is not valid; what is left for `validateNir` to see is the whole of it
 */
export function completeNir(graph: NirGraph): NirGraph {
  return completeGraph(graph, '', 0).graph;
}

interface Complete {
  readonly graph: NirGraph;
  readonly shapes: NodeShapes;
}

const DEEPEST = 24;

function completeGraph(graph: NirGraph, place: string, depth: number): Complete {
  const where = nameOf(place);
  if (depth > DEEPEST) throw new Error(`${where} lies more than ${DEEPEST} graphs deep`);
  if (graph.nodes.size === 0) throw new Error(`${where} has no nodes`);
  checkEdges(graph, where);
  const inner = new Map<string, Complete>();
  const nodes = new Map<string, NirNode | NirGraph>();
  for (const [name, node] of graph.nodes) {
    if (isGraph(node)) {
      const found = completeGraph(node, `${place}${name}/`, depth + 1);
      inner.set(name, found);
      nodes.set(name, found.graph);
    } else {
      shapesOf(node, place + name, null);
      nodes.set(name, completeNode(node));
    }
  }
  const edges = [...graph.edges];
  const full: NirGraph = { ...graph, nodes, edges };
  const into = new Set(edges.map(([, b]) => b));
  const before = [...nodes].filter(([name, { type }]) => type !== 'Input' && !into.has(name));
  if (before.length === 0 && ![...nodes.values()].some(({ type }) => type === 'Input'))
    throw new Error(`${where} has no Input, and where it is entered cannot be told: something leads into every node`);
  const added: [string, NirNode][] = [];
  const free = (name: string): string => {
    let unused = name;
    for (let i = 0; nodes.has(unused) || added.some(([other]) => other === unused); i++) unused = `${name}_${i}`;
    return unused;
  };
  for (const [name, node] of before) {
    const own = isGraph(node) ? inner.get(name)!.shapes : shapesOf(node, place + name, null);
    if (!own)
      throw new Error(`node '${place}${name}' (${node.type}): nothing leads into it, and it does not say its shape`);
    const input = free(`input_${name}`);
    added.push([input, end('Input', own.input)]);
    edges.push([input, name]);
  }
  for (const [name, node] of added.splice(0)) nodes.set(name, node);

  const shapes = shapesIn(full, place, (_, at) => inner.get(at.slice(place.length, -1))!.shapes);
  const out = successors(full);
  for (const [name, node] of [...nodes]) {
    if (node.type === 'Output' || out.get(name)!.length > 0) continue;
    const output = free(`output_${name}`);
    nodes.set(output, end('Output', shapes.get(name)!.output));
    edges.push([name, output]);
  }
  const first = (type: string) => [...nodes].find(([, node]) => node.type === type);
  const [input, output] = [first('Input'), first('Output')];
  if (!input || !output) throw new Error(`${where} has no ${input ? 'Output' : 'Input'}, and none could be added`);
  const shapeOf = (node: NirNode | NirGraph): Shape => (isGraph(node) ? [] : [...arrayOf(node, 'shape').data]);
  return { graph: full, shapes: { input: shapeOf(input[1]), output: shapeOf(output[1]) } };
}

const end = (type: 'Input' | 'Output', shape: Shape): NirNode => ({ type, fields: { shape: integers(shape) } });

function completeNode(node: NirNode): NirNode {
  const primitive = PRIMITIVES.get(node.type)!;
  const fields: Record<string, NirValue> = {};
  const common = Object.keys(primitive.fields)[0]!;
  for (const [name, { kind, absent }] of Object.entries(primitive.fields)) {
    const value = node.fields[name];
    if (kind === 'common') {
      const { shape, data } = arrayOf(node, common);
      const one = value === undefined ? (absent as number) : lone(value, shape);
      fields[name] = one === null ? value! : { shape, data: new Float64Array(data.length).fill(one) };
    } else if (value === undefined) {
      if (typeof absent === 'number') fields[name] = { shape: [], data: Float64Array.of(absent) };
    } else if (kind === 'axes' && typeof value === 'object') {
      const list = [...value.data];
      fields[name] =
        primitive.axes === 1
          ? { shape: [], data: value.data }
          : integers(list.length === 1 ? new Array<number>(primitive.axes).fill(list[0]!) : list);
    } else fields[name] = value;
  }
  return { ...node, fields };
}

/** The number that stands for all of a shape, or null where there is one for each. */
function lone(value: NirValue, shape: Shape): number | null {
  const array = value as NirArray;
  return array.shape.length === 0 && shape.length > 0 ? array.data[0]! : null;
}

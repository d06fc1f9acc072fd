import { suggest } from '../../../neurons/nearest.ts';
import { wrongName } from '../../hdf5/tree.ts';
import { isGraph, type NirGraph, type NirNode, type NirValue } from './graph.ts';
import { type Field, isText, type NodeShapes, PRIMITIVES, type Shape, sameShape } from './primitives.ts';
import { algebraicLoop, successors } from './topology.ts';

/** Shapes by the node's path: its name, or for a node of a graph in a graph all names, with `/` between. */
export type NirShapes = ReadonlyMap<string, NodeShapes>;

/** Graphs in graphs. */
const DEEPEST = 24;
/** Numbers that a node may take or give in a step: an image of 4,096 by 4,096. */
const MOST_NUMBERS = 2 ** 24;

/**
 * Whether a graph is one that nir 1.0.8 reads with `type_check` and that can be run: known types with all their fields, finite numbers in
 * their ranges, edges between nodes that exist, shapes that agree along each, explicit `Input` and `Output`, and something that
 * remembers on every loop. Sizes of kernels that are not square and groups of a convolution follow PyTorch's rule, of which nir has its own.
 *
 * @returns the shapes at every node, those of inner graphs included
 * @throws with node and field
 */
export function validateNir(graph: NirGraph): NirShapes {
  const shapes = new Map<string, NodeShapes>();
  validateGraph(graph, '', 0, shapes);
  return shapes;
}

/** @param place of the graph: empty, or the path of the node that it is with `/` behind */
function validateGraph(graph: NirGraph, place: string, depth: number, all: Map<string, NodeShapes>): NodeShapes {
  const where = nameOf(place);
  if (depth > DEEPEST) throw new Error(`${where} lies more than ${DEEPEST} graphs deep`);
  if (graph.nodes.size === 0) throw new Error(`${where} has no nodes`);
  checkMetadata(graph, where);
  checkEdges(graph, where);
  const own = shapesIn(graph, place, (inner, at) => validateGraph(inner, at, depth + 1, all));
  for (const [name, shape] of own) all.set(place + name, shape);
  checkEnds(graph, place);
  for (const [a, b] of graph.edges) {
    const [{ output }, { input }] = [own.get(a)!, own.get(b)!];
    if (!sameShape(output, input))
      throw new Error(`${where}: ${a} -> ${b}: '${a}' gives [${output}], '${b}' takes [${input}]`);
  }
  const loop = algebraicLoop(graph);
  if (loop)
    throw new Error(
      `${where}: ${loop.join(' -> ')} is a loop without a node that remembers (neurons, integrators, delays above 0)`,
    );
  return ends(graph, own);
}

export const nameOf = (place: string): string => (place === '' ? 'the graph' : `graph '${place.slice(0, -1)}'`);

/** What a graph takes and gives as a node of another: the shapes of its first `Input` and `Output`. */
function ends(graph: NirGraph, own: ReadonlyMap<string, NodeShapes>): NodeShapes {
  const shapeOf = (type: string): Shape => own.get([...graph.nodes].find(([, node]) => node.type === type)![0])!.input;
  return { input: shapeOf('Input'), output: shapeOf('Output') };
}

/** @throws where edges name what does not exist, or name it twice */
export function checkEdges({ nodes, edges }: NirGraph, where: string): void {
  for (const name of nodes.keys()) {
    const wrong = wrongName(name);
    if (wrong) throw new Error(`${where}: node '${name}': ${wrong}`);
  }
  const seen = new Map<string, Set<string>>();
  for (const [a, b] of edges) {
    for (const name of [a, b])
      if (!nodes.has(name))
        throw new Error(
          `${where}: edge ${short(a)} -> ${short(b)}: there is no node '${short(name)}'${near(name, some(nodes))}`,
        );
    const from = seen.get(a) ?? new Set();
    if (from.has(b)) throw new Error(`${where}: edge ${a} -> ${b} is there twice`);
    seen.set(a, from.add(b));
  }
}

/** Not all of a hundred thousand names in one message. */
const some = (nodes: NirGraph['nodes']): string[] => [...nodes.keys()].filter((name) => name.length < 50).slice(0, 20);

/** A text of a file in a message. */
export const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** The nearest known names; not for a text as long as only a damaged file has, since comparing takes the square of its length. */
export const near = (name: string, known: readonly string[]): string => (name.length > 80 ? '' : suggest(name, known));

function checkEnds({ nodes, edges }: NirGraph, place: string): void {
  const where = nameOf(place);
  const [from, into] = [new Set(edges.map(([a]) => a)), new Set(edges.map(([, b]) => b))];
  const count = { Input: 0, Output: 0 };
  for (const [name, node] of nodes) {
    if (node.type === 'Input' || node.type === 'Output') count[node.type]++;
    if (node.type === 'Input' && into.has(name)) throw new Error(`${where}: an edge leads into the Input '${name}'`);
    if (node.type === 'Output' && from.has(name))
      throw new Error(`${where}: an edge leads out of the Output '${name}'`);
    if (node.type !== 'Input' && !into.has(name)) throw new Error(`${where}: nothing leads into '${name}'`);
    if (node.type !== 'Output' && !from.has(name)) throw new Error(`${where}: nothing leads out of '${name}'`);
  }
  for (const type of ['Input', 'Output'] as const) {
    if (count[type] === 0) throw new Error(`${where} has no ${type}`);
    if (place !== '' && count[type] > 1)
      throw new Error(`${where} has ${count[type]} nodes of the type ${type}; a graph in a graph has one`);
  }
}

/**
 * Shapes at the nodes of one graph, from what they say of themselves and along the edges.
 *
 * @param inside the shapes of a graph in it
 * @param place of the graph: empty, or the path of the node that it is with `/` behind
 */
export function shapesIn(
  graph: NirGraph,
  place: string,
  inside: (inner: NirGraph, place: string) => NodeShapes,
): Map<string, NodeShapes> {
  const to = successors(graph);
  const known = new Map<string, NodeShapes>();
  const ready: string[] = [];
  const put = (name: string, shapes: NodeShapes): void => {
    for (const [what, shape] of Object.entries(shapes) as [string, Shape][])
      if (!(shape.reduce((a, b) => a * b, 1) <= MOST_NUMBERS))
        throw new Error(`node '${place}${name}': its ${what} [${shape}] is more than ${MOST_NUMBERS} numbers`);
    known.set(name, shapes);
    ready.push(name);
  };
  for (const [name, node] of graph.nodes) {
    const own = isGraph(node) ? inside(node, `${place}${name}/`) : shapesOf(node, `${place}${name}`, null);
    if (own) put(name, own);
  }
  for (let from = ready.pop(); from !== undefined; from = ready.pop()) {
    for (const name of to.get(from)!) {
      const node = graph.nodes.get(name)!;
      if (known.has(name) || isGraph(node)) continue;
      const found = shapesOf(node, `${place}${name}`, known.get(from)!.output);
      if (found) put(name, found);
    }
  }
  for (const [name, { type }] of graph.nodes)
    if (!known.has(name))
      throw new Error(
        `node '${place}${name}' (${type}): its shape cannot be told, nothing of known shape leads into it`,
      );
  return known;
}

/** @throws with the node's path, where fields are missing, too many or out of range, or do not fit each other */
export function shapesOf(node: NirNode, path: string, given: Shape | null): NodeShapes | null {
  const fail = (what: string): never => {
    throw new Error(`node '${path}' (${node.type}): ${what}`);
  };
  const primitive = PRIMITIVES.get(node.type);
  if (!primitive)
    throw new Error(`node '${path}': there is no type '${short(node.type)}'${near(node.type, [...PRIMITIVES.keys()])}`);
  if (!given) {
    for (const name of Object.keys(node.fields))
      if (!Object.hasOwn(primitive.fields, name))
        fail(`there is no field '${short(name)}'${near(name, Object.keys(primitive.fields))}`);
    for (const [name, field] of Object.entries(primitive.fields)) {
      const value = Object.hasOwn(node.fields, name) ? node.fields[name] : undefined;
      const wrong = value === undefined ? absence(field) : unfit(value, field, primitive.axes);
      if (wrong) fail(`${name} ${wrong}`);
    }
    checkMetadata(node, `node '${path}'`);
  }
  try {
    return primitive.shapes(node, given);
  } catch (error) {
    return fail((error as Error).message);
  }
}

const absence = ({ absent }: Field): string | null => (absent === undefined ? 'is missing' : null);

/** What is wrong with a field's value by itself. */
function unfit(value: NirValue, { kind, words, least, above }: Field, axes: number): string | null {
  if (isText(value)) {
    if (!words) return `must be numbers, got '${short(value)}'`;
    return words.includes(value)
      ? null
      : `must be numbers, ${words.map((w) => `'${w}'`).join(' or ')}, got '${short(value)}'`;
  }
  const { shape, data } = value;
  if (shape.reduce((a, b) => a * b, 1) !== data.length) return `has the shape [${shape}] and ${data.length} numbers`;
  if (data.length === 0) return `has no numbers, its shape is [${shape}]`;
  if (kind === 'axes' && !(shape.length < 2 && (data.length === 1 || data.length === axes)))
    return `must be ${axes === 1 ? 'one integer' : `one integer or ${axes}`}, got the shape [${shape}]`;
  if (kind === 'integer' && data.length !== 1) return `must be one integer, got the shape [${shape}]`;
  if (kind === 'shape' && shape.length !== 1) return `must be a list of integers, got the shape [${shape}]`;
  const whole = kind === 'axes' || kind === 'integer' || kind === 'shape';
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    const at = data.length === 1 ? '' : `: number ${i}`;
    if (!Number.isFinite(x)) return `must be finite, got ${x}${at}`;
    if (whole && !Number.isSafeInteger(x)) return `must be whole, got ${x}${at}`;
    if (least !== undefined && x < least) return `must be ${least} or more, got ${x}${at}`;
    if (above !== undefined && !(x > above)) return `must be above ${above}, got ${x}${at}`;
  }
  return null;
}

function checkMetadata({ metadata }: NirNode | NirGraph, where: string): void {
  for (const [key, value] of Object.entries(metadata ?? {})) {
    const wrong = key.split('/').map(wrongName).find(Boolean);
    if (wrong) throw new Error(`${where}: metadata '${key}': ${wrong}`);
    if (!isText(value) && value.shape.reduce((a, b) => a * b, 1) !== value.data.length)
      throw new Error(`${where}: metadata '${key}' has the shape [${value.shape}] and ${value.data.length} numbers`);
  }
}

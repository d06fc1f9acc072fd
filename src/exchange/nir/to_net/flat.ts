import { isGraph, type NirGraph, type NirNode } from '../file/graph.ts';
import { components, orderOf } from '../run/order.ts';

/** An edge, and whether it carries the value of the step before. */
export interface FlatEdge {
  readonly from: string;
  readonly to: string;
  readonly delayed: boolean;
}

/** A graph without graphs in it: nodes by their path, the ends of nested graphs left out. */
export interface FlatGraph {
  readonly nodes: ReadonlyMap<string, NirNode>;
  readonly edges: readonly FlatEdge[];
  readonly input: string;
  readonly output: string;
  /** Nodes that lie on a common cycle have the same number. */
  readonly component: ReadonlyMap<string, number>;
}

/** A nested graph with many inputs and outputs joins each with each. */
const MOST_EDGES = 100_000;

/** The graph with the nodes of nested graphs in their place. What a nested graph does within a step stays as it is. */
export function flattened(graph: NirGraph): FlatGraph {
  const nodes = new Map<string, NirNode>();
  let edges: FlatEdge[] = [];
  const passing: string[] = [];
  const enter = (at: NirGraph, place: string): { input: string; output: string } => {
    const order = orderOf(place, at);
    const path = (name: string): string => (place ? `${place}/${name}` : name);
    const ends = new Map<string, { input: string; output: string }>();
    for (const [name, node] of at.nodes) {
      if (isGraph(node)) ends.set(name, enter(node, path(name)));
      else {
        nodes.set(path(name), node);
        ends.set(name, { input: path(name), output: path(name) });
      }
    }
    for (const [from, to] of at.edges)
      edges.push({
        from: ends.get(from)!.output,
        to: ends.get(to)!.input,
        delayed: order.delayed.get(to)?.has(from) ?? false,
      });
    if (place) passing.push(path(order.input), path(order.output));
    return { input: path(order.input), output: path(order.output) };
  };
  const { input, output } = enter(graph, '');
  for (const name of passing) {
    const [into, out] = [edges.filter((e) => e.to === name), edges.filter((e) => e.from === name)];
    edges = edges.filter((e) => e.to !== name && e.from !== name);
    if (edges.length + into.length * out.length > MOST_EDGES)
      throw new Error(`NIR graph: without its nested graphs it has more than ${MOST_EDGES} edges`);
    for (const a of into) for (const b of out) edges.push({ from: a.from, to: b.to, delayed: a.delayed || b.delayed });
    nodes.delete(name);
  }
  const names = [...nodes.keys()];
  const targets = new Map(names.map((name): [string, string[]] => [name, []]));
  for (const e of edges) targets.get(e.from)!.push(e.to);
  return { nodes, edges, input, output, component: components(names, targets) };
}

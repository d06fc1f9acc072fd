import type { NirGraph } from '../file/graph.ts';

/** The order in which a step goes through the nodes of a graph. */
export interface Order {
  readonly nodes: readonly string[];
  /** What each node reads. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /** Edges that carry the value of the step before, as `sources` names them: from a node that comes later. */
  readonly delayed: ReadonlyMap<string, ReadonlySet<string>>;
  readonly input: string;
  readonly output: string;
  /** Nodes that lie on a common cycle have the same number. */
  readonly component: ReadonlyMap<string, number>;
}

/**
 * The order of a step. Nodes are gone through as the file has them, from its Input on; one whose inputs are not all
 * there yet waits until they are. Only inputs that lie on a cycle with it are not waited for, if it has another input:
 * where a node is reached for the first time, it takes from those nodes on its cycle that had no turn yet what they
 * gave in the step before, 0 in the first. That is the order of nirtorch, with which Norse, snnTorch and SpikingJelly
 * run a file. In a file in topological order it delays the edges that lead back.
 *
 * @param place of the graph, for messages; '' at the top
 * @throws on a dangling edge, a double one, no or several inputs or outputs, and nodes that no input reaches
 */
export function orderOf(place: string, graph: NirGraph): Order {
  const at = place ? `NIR graph '${place}'` : 'NIR graph';
  const names = [...graph.nodes.keys()];
  const sources = new Map<string, string[]>(names.map((n) => [n, []]));
  const targets = new Map<string, string[]>(names.map((n) => [n, []]));
  for (const [from, to] of graph.edges) {
    for (const end of [from, to])
      if (!graph.nodes.has(end)) throw new Error(`${at}: the edge from '${from}' to '${to}' names no node '${end}'`);
    if (sources.get(to)!.includes(from)) throw new Error(`${at}: there are two edges from '${from}' to '${to}'`);
    sources.get(to)!.push(from);
    targets.get(from)!.push(to);
  }
  const only = (type: string): string => {
    const found = names.filter((n) => graph.nodes.get(n)!.type === type);
    if (found.length !== 1)
      throw new Error(
        `${at}: must have one ${type} node, got ${found.length}${found.length ? `: ${found.join(', ')}` : ''}`,
      );
    return found[0]!;
  };
  const [input, output] = [only('Input'), only('Output')];
  requireReached(at, names, targets, input);
  const component = components(names, targets);

  const done = new Set<string>();
  const nodes: string[] = [];
  const delayed = new Map<string, Set<string>>();
  // the output is what a step ends with
  let waiting = [...names.slice(names.indexOf(input)), ...names.slice(0, names.indexOf(input))].filter(
    (n) => n !== output,
  );
  let looks = 0;
  while (waiting.length) {
    looks += waiting.length;
    if (looks > MOST_LOOKS) throw new Error(`${at}: its ${names.length} nodes stand too far from the order of a step`);
    const still: string[] = [];
    for (const name of waiting) {
      const from = sources.get(name)!;
      const missing = from.filter((f) => !done.has(f));
      const mayWait = missing.some((f) => component.get(f) !== component.get(name)) || from.length === 1;
      if (missing.length && mayWait) {
        still.push(name);
        continue;
      }
      if (missing.length) delayed.set(name, new Set(missing));
      done.add(name);
      nodes.push(name);
    }
    if (still.length === waiting.length)
      throw new Error(
        `${at}: no edge leads from its Input '${input}' to ${still
          .slice(0, 5)
          .map((n) => `'${n}'`)
          .join(', ')}${still.length > 5 ? ` and ${still.length - 5} more` : ''}`,
      );
    waiting = still;
  }
  if (!sources.get(output)!.length) throw new Error(`${at}: nothing leads to its Output '${output}'`);
  return { nodes: [...nodes, output], sources, delayed, input, output, component };
}

/** How often a node may be looked at, all together, before its inputs are there. */
const MOST_LOOKS = 2e7;

const listed = (names: readonly string[]): string => {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names
    .slice(0, 5)
    .map((n) => `'${n}'`)
    .join(', ')}${more}`;
};

/** @throws when nodes get nothing of the input */
function requireReached(
  at: string,
  names: readonly string[],
  targets: ReadonlyMap<string, readonly string[]>,
  input: string,
): void {
  const reached = new Set([input]);
  // a set may grow while it is gone through
  for (const name of reached) for (const to of targets.get(name)!) reached.add(to);
  const others = names.filter((n) => !reached.has(n));
  if (others.length) throw new Error(`${at}: no edges lead from its Input '${input}' to ${listed(others)}`);
}

/** Strongly connected components (Tarjan 1972), without recursion. */
export function components(
  names: readonly string[],
  targets: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const stack: string[] = [];
  let count = 0;
  for (const root of names) {
    if (index.has(root)) continue;
    const path: { name: string; next: number }[] = [{ name: root, next: 0 }];
    while (path.length) {
      const here = path.at(-1)!;
      const { name } = here;
      if (here.next === 0) {
        index.set(name, index.size);
        low.set(name, index.get(name)!);
        stack.push(name);
      }
      const to = targets.get(name)![here.next++];
      if (to !== undefined) {
        if (!index.has(to)) path.push({ name: to, next: 0 });
        else if (!component.has(to)) low.set(name, Math.min(low.get(name)!, index.get(to)!));
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above) low.set(above.name, Math.min(low.get(above.name)!, low.get(name)!));
      if (low.get(name) !== index.get(name)) continue;
      for (let member = ''; member !== name; ) {
        member = stack.pop()!;
        component.set(member, count);
      }
      count++;
    }
  }
  return component;
}

/** Whether a graph has a cycle, nested ones aside. */
export function hasCycle({ component, sources }: Order): boolean {
  const seen = new Set(component.values());
  return seen.size < component.size || [...sources].some(([name, from]) => from.includes(name));
}

import { isGraph, type NirGraph, type NirNode } from './graph.ts';
import { PRIMITIVES } from './primitives.ts';

/** Names of the nodes that each node's edges lead to, in the order of the edges. */
export function successors({ nodes, edges }: NirGraph): Map<string, string[]> {
  const to = new Map([...nodes.keys()].map((name): [string, string[]] => [name, []]));
  for (const [a, b] of edges) to.get(a)?.push(b);
  return to;
}

/**
 * Names in topological order as far as the graph has one: where nodes form a loop, the one by which it is entered comes first. Readers
 * that take a file's order for that of the computation depend on it.
 */
export function topologicalOrder(graph: NirGraph): string[] {
  const to = successors(graph);
  const done: string[] = [];
  const seen = new Set<string>();
  // what ends last comes first, so that all is begun in reverse
  const entries = [...graph.nodes].filter(([, node]) => node.type === 'Input').map(([name]) => name);
  for (const start of [...entries.reverse(), ...[...graph.nodes.keys()].reverse()]) {
    if (seen.has(start)) continue;
    seen.add(start);
    const path: { name: string; left: string[] }[] = [{ name: start, left: [...to.get(start)!] }];
    while (path.length > 0) {
      const { name, left } = path.at(-1)!;
      const next = left.pop();
      if (next === undefined) {
        done.push(name);
        path.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        path.push({ name: next, left: [...to.get(next)!] });
      }
    }
  }
  return done.reverse();
}

/**
 * A loop of edges on which nothing remembers: what goes round in it would depend on itself at the same moment.
 *
 * @returns the names on it, the first one again at the end; null where there is none
 */
export function algebraicLoop(graph: NirGraph): string[] | null {
  const to = successors(graph);
  const atOnce = new Set([...graph.nodes].filter(([, node]) => passesAtOnce(node)).map(([name]) => name));
  const closed = new Set<string>();
  for (const start of atOnce) {
    if (closed.has(start)) continue;
    const path: { name: string; left: string[] }[] = [{ name: start, left: [...to.get(start)!] }];
    const open = new Set([start]);
    while (path.length > 0) {
      const { name, left } = path.at(-1)!;
      const next = left.pop();
      if (next === undefined) {
        closed.add(name);
        open.delete(name);
        path.pop();
      } else if (open.has(next)) {
        const names = path.map((step) => step.name);
        return [...names.slice(names.indexOf(next)), next];
      } else if (atOnce.has(next) && !closed.has(next)) {
        open.add(next);
        path.push({ name: next, left: [...to.get(next)!] });
      }
    }
  }
  return null;
}

/** Whether what comes out of a node depends on what goes in at the same moment, whatever was before. */
function passesAtOnce(node: NirNode | NirGraph): boolean {
  if (!isGraph(node)) {
    if (node.type !== 'Delay') return !PRIMITIVES.get(node.type)?.state;
    const { delay } = node.fields;
    return typeof delay === 'object' && delay.data.some((d) => d === 0);
  }
  const to = successors(node);
  const reached = [...node.nodes].filter(([, inner]) => inner.type === 'Input').map(([name]) => name);
  const seen = new Set(reached);
  for (let name = reached.pop(); name !== undefined; name = reached.pop()) {
    const inner = node.nodes.get(name);
    if (!inner || !passesAtOnce(inner)) continue;
    if (inner.type === 'Output') return true;
    for (const next of to.get(name)!) {
      if (!seen.has(next)) reached.push(next);
      seen.add(next);
    }
  }
  return false;
}

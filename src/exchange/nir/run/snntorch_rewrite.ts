import { isGraph, type NirGraph, type NirNode } from '../file/graph.ts';
import { array, numbersOf } from '../file/values.ts';

/**
 * What snnTorch makes of flat recurrence, neurons and a matrix that read each other, before it reads the graph: both go
 * into a graph of their own, in which the input leads to the matrix and not to the neurons. So it reads such a file
 * wrongly, and this says what it then runs.
 */
export function rewriteForSnntorch(graph: NirGraph): NirGraph {
  let now = graph;
  for (const [neurons, matrix] of graph.edges) {
    const { nodes, edges } = now;
    const [lif, w] = [nodes.get(neurons), nodes.get(matrix)];
    const there = (a: string, b: string): boolean => edges.some(([from, to]) => from === a && to === b);
    if (!lif || !w || isGraph(lif) || isGraph(w)) continue;
    if (!['LIF', 'CubaLIF'].includes(lif.type) || !['Affine', 'Linear'].includes(w.type)) continue;
    if (!there(neurons, matrix) || !there(matrix, neurons)) continue;
    if (edges.filter(([from]) => from === matrix).length !== 1 || edges.filter(([, to]) => to === matrix).length !== 1)
      continue;
    const name = neurons.split('.')[0]!;
    const shape = array(numbersOf(neurons, lif, lif.type === 'LIF' ? 'tau' : 'tau_mem').shape);
    const end = (type: 'Input' | 'Output'): NirNode => ({ type, fields: { shape } });
    const within: NirGraph = {
      type: 'NIRGraph',
      nodes: new Map<string, NirNode>([
        [neurons, lif],
        [matrix, w],
        [`${name}.input`, end('Input')],
        [`${name}.output`, end('Output')],
      ]),
      edges: [
        [neurons, matrix],
        [matrix, neurons],
        [neurons, `${name}.output`],
        [`${name}.input`, matrix],
      ],
    };
    const others = [...nodes].filter(([n]) => n !== neurons && n !== matrix);
    now = {
      ...now,
      nodes: new Map([...others, [name, within] as const]),
      edges: edges
        .filter(([a, b]) => !(a === neurons && b === matrix) && !(a === matrix && b === neurons))
        .map(([a, b]) => [a === neurons ? name : a, b === neurons ? name : b] as const),
    };
  }
  return now;
}

import type { Graph, Model, Node } from './model.ts';

const told = (node: Node): string => `node '${node.name}' (${node.op})`;

/**
 * Checks what ONNX asks of a graph: every name is given once, and every value that a node reads was made before it. A cycle
 * cannot be written in that order.
 *
 * @throws naming the node and the value
 */
export function validateModel({ graph, opsets }: Model): void {
  if (!opsets.some(({ domain }) => domain === '' || domain === 'ai.onnx'))
    throw new Error('ONNX: the model does not say the version of the operators that it uses (opset_import)');
  checkGraph(graph, [], 'the graph');
}

function checkGraph(graph: Graph, outside: readonly ReadonlySet<string>[], where: string): void {
  const known = new Set<string>();
  const scopes = [...outside, known];
  const sees = (name: string): boolean => scopes.some((scope) => scope.has(name));
  const give = (name: string, who: string): void => {
    if (sees(name)) throw new Error(`ONNX: ${where}: ${who} gives a second value '${name}'`);
    known.add(name);
  };
  for (const { name } of graph.inputs) give(name, 'an input');
  const defaults = new Set<string>();
  for (const { name } of graph.initializers) {
    if (defaults.has(name)) throw new Error(`ONNX: ${where}: there are two initializers '${name}'`);
    defaults.add(name);
    // of the same name as an input, it is that input's default
    if (!known.has(name)) give(name, 'an initializer');
  }
  const later = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of node.outputs) if (name && !later.has(name)) later.set(name, node);
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name === '' || sees(name)) continue;
      const maker = later.get(name);
      const why = maker ? `${told(maker)} makes only later: a cycle, or out of order` : 'nothing makes';
      throw new Error(`ONNX: ${where}: ${told(node)} reads '${name}', which ${why}`);
    }
    for (const a of node.attributes) if (a.kind === 'graph') checkGraph(a.value, scopes, `${a.name} of ${told(node)}`);
    for (const name of node.outputs) if (name) give(name, told(node));
  }
  for (const { name } of graph.outputs)
    if (!sees(name)) throw new Error(`ONNX: ${where}: nothing makes the output '${name}'`);
}

import type { Inspection } from '../exported.ts';
import type { NirNode } from './file/graph.ts';
import { readNir } from './file/read.ts';
import { validateNir } from './file/validate.ts';
import { numberOf, shapeText, sizeOf, textOf } from './file/values.ts';
import { KEYS } from './from_net/metadata.ts';
import { DEFAULT_DT } from './from_net/options.ts';
import { nodesOf, readerNotes } from './from_net/readers.ts';
import { flattened } from './to_net/flat.ts';

/**
 * A NIR file as it is shown: its nodes, those of nested graphs by their path, what each reads, and which programs are
 * known to run it.
 *
 * @throws when the file is none
 */
export async function inspectNir(bytes: Uint8Array): Promise<Inspection> {
  const { version, graph } = await readNir(bytes);
  const shapes = validateNir(graph);
  const flat = flattened(graph);
  const own = numberOf(graph, KEYS.dt);
  const [input, output] = [shapes.get(flat.input)!.output, shapes.get(flat.output)!.input];
  const nodes = [...nodesOf(graph)];
  const facts: Record<string, string | number> = {
    inputs: shapeText(input),
    outputs: shapeText(output),
    nodes: nodes.length,
    edges: flat.edges.length,
    'edges that carry the step before': flat.edges.filter((e) => e.delayed).length,
    parameters: nodes.reduce((sum, [, node]) => sum + parametersOf(node), 0),
    'time step': own === undefined ? `not said; 1e-4 s is usual` : `${own} s`,
  };
  for (const [key, value] of Object.entries(graph.metadata ?? {}))
    if (typeof value === 'string') facts[key.replace(/^spiketape\./, '')] = value;
  readerNotes(graph, own ?? DEFAULT_DT).forEach((line, i) => {
    const at = line.indexOf(': ');
    facts[at > 0 ? line.slice(0, at) : `reader ${i}`] = line.slice(at + 2);
  });
  return {
    format: version ? `NIR ${version}` : 'NIR',
    facts,
    nodes: nodes
      .filter(([path]) => flat.nodes.has(path))
      .map(([path, node]) => {
        const { input: takes, output: gives } = shapes.get(path)!;
        const label = textOf(node, KEYS.label);
        return {
          name: path,
          type: node.type,
          shape: takes.join() === gives.join() ? shapeText(gives) : `${shapeText(takes)} to ${shapeText(gives)}`,
          detail: [detailOf(node), label ? `layer ${label}` : ''].filter(Boolean).join('; '),
          from: flat.edges.filter((e) => e.to === path).map((e) => e.from + (e.delayed ? ' (the step before)' : '')),
        };
      }),
  };
}

const NO_PARAMETERS = ['Input', 'Output', 'Flatten', 'SumPool2d', 'AvgPool2d'];
const SIZES = ['input_shape', 'stride', 'padding', 'dilation', 'groups'];

const parametersOf = (node: NirNode): number =>
  NO_PARAMETERS.includes(node.type)
    ? 0
    : Object.entries(node.fields).reduce(
        (sum, [name, value]) => sum + (typeof value === 'string' || SIZES.includes(name) ? 0 : sizeOf(value.shape)),
        0,
      );

/** The fields of a node in a line: a few numbers as they are, more by their range. */
function detailOf(node: NirNode): string {
  if (node.type === 'Input' || node.type === 'Output') return '';
  return Object.entries(node.fields)
    .map(([name, value]) => {
      if (typeof value === 'string') return `${name} '${value}'`;
      const { data, shape } = value;
      if (name === 'weight') return `weight ${shapeText(shape)}`;
      const [low, high] = data.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
      const say = (x: number): string => String(Number(x.toPrecision(4)));
      if (data.length === 0) return `${name} []`;
      if (low === high) return `${name} ${say(low)}`;
      return data.length <= 3 ? `${name} [${Array.from(data, say).join(', ')}]` : `${name} ${say(low)} .. ${say(high)}`;
    })
    .join(', ');
}

import type { Planes, Sliding } from '../../../kernels/conv.ts';
import type { NirGraph, NirNode } from '../file/graph.ts';
import { axesOf } from '../file/primitives.ts';
import type { NirShapes } from '../file/validate.ts';
import { numbersOf, textOf } from '../file/values.ts';
import { KEYS } from '../from_net/metadata.ts';
import { requireKnown } from '../run/rules.ts';
import type { Semantics } from '../run/semantics.ts';
import { type Cell, cellOf, isCell, unfit } from './cells.ts';
import { type FlatGraph, flattened } from './flat.ts';
import type { Hint } from './restore.ts';
import { type Series, seriesOf } from './series.ts';

/** What a layer will be made of. */
export type Part = { readonly place: string } & (
  | {
      readonly kind: 'dense';
      weight: Float64Array;
      bias: Float64Array | null;
      readonly outputs: number;
      readonly inputs: number;
      /** The place of the layer of neurons whose own weights these were. */
      readonly owner: string | null;
    }
  | {
      readonly kind: 'conv';
      weight: Float64Array;
      bias: Float64Array;
      readonly window: Sliding;
      readonly same: boolean;
    }
  | { readonly kind: 'pool'; readonly mean: boolean; readonly window: Sliding }
  | { readonly kind: 'flatten'; readonly planes: Planes }
  /** Numbers as they are; how many, if that is known. */
  | { readonly kind: 'nothing'; readonly width: number | null }
  | { readonly kind: 'cell'; readonly cell: Cell; readonly hint: Hint | null; readonly was: string | null }
);

/**
 * A valid graph as what its layers will be made of.
 *
 * @param loose whether layers that we wrote may come back where the file has only the nearest thing
 * @throws naming node and type where no layer computes it
 */
export function partsOf(graph: NirGraph, shapes: NirShapes, s: Semantics, dt: number, loose: boolean): Series<Part> {
  const flat = flattened(graph);
  for (const [name, node] of flat.nodes) requireKnown(name, node, s);
  const groups = groupsOf(flat, dt);
  const parts = new Map<string, Part>();
  const exits = new Map<string, string>();
  for (const members of groups) {
    const node = flat.nodes.get(members[0]!)!;
    const part =
      members.length > 1 || isCell(node)
        ? cellPart(members, flat, s, dt, loose)
        : simplePart(members[0]!, node, shapes, dt);
    const exit = part.kind === 'cell' ? part.cell.exit : members[0]!;
    parts.set(exit, part);
    for (const m of members) exits.set(m, exit);
  }
  const before = new Map([...parts.keys()].map((name): [string, string[]] => [name, []]));
  for (const { from, to } of flat.edges) {
    const [a, b] = [exits.get(from)!, exits.get(to)!];
    if (a !== b && !before.get(b)!.includes(a)) before.get(b)!.push(a);
  }
  const series = seriesOf(before, flat.input, flat.output, (name) => parts.get(name)!);
  if (!series) {
    const forks = [...before].filter(([, from]) => from.length > 1).map(([name]) => `'${name}'`);
    throw new Error(
      `NIR graph: what comes together at ${forks.slice(0, 5).join(', ')} is no sum of branches that part from one place, as ` +
        'Residual and Parallel make it; the graph itself can be run all the same, by runNir',
    );
  }
  return series;
}

/**
 * Nodes that make a layer together: those on a common cycle, a Threshold with the integrator before it, a Delay and
 * neurons.
 */
function groupsOf(flat: FlatGraph, dt: number): string[][] {
  const names = [...flat.nodes.keys()];
  const joined = new Map(names.map((n) => [n, flat.component.get(n)!]));
  const onlyEdge = (from: string, to: string): boolean =>
    flat.edges.filter((e) => e.from === from && joined.get(e.to) !== joined.get(from)).length === 1 &&
    flat.edges.filter((e) => e.to === to && joined.get(e.from) !== joined.get(to)).length === 1;
  const join = (a: string, b: string): void => {
    const [from, to] = [joined.get(a)!, joined.get(b)!];
    for (const [n, c] of joined) if (c === from) joined.set(n, to);
  };
  for (const { from, to } of flat.edges) {
    const [a, b] = [flat.nodes.get(from)!, flat.nodes.get(to)!];
    const late =
      a.type === 'Delay' && isCell(b) && numbersOf(from, a, 'delay').data.every((d) => Math.round(d / dt) === 1);
    if (!late && !(a.type === 'LI' && b.type === 'Threshold')) continue;
    if (joined.get(from) !== joined.get(to) && onlyEdge(from, to)) join(from, to);
  }
  const groups = new Map<number, string[]>();
  for (const name of names) groups.set(joined.get(name)!, [...(groups.get(joined.get(name)!) ?? []), name]);
  return [...groups.values()];
}

function cellPart(members: readonly string[], flat: FlatGraph, s: Semantics, dt: number, loose: boolean): Part {
  const cell = cellOf(members, { flat, s, dt });
  const node = flat.nodes.get(cell.exit)!;
  const label = textOf(node, KEYS.label);
  const [was, kind] = label?.split(' ') ?? [];
  return {
    kind: 'cell',
    place: cell.exit,
    cell,
    was: was ?? null,
    hint: kind ? { kind, options: optionsOf(node), loose } : null,
  };
}

/** The options that our metadata have; none where they are not readable. */
function optionsOf(node: NirNode): Record<string, unknown> {
  try {
    const options: unknown = JSON.parse(textOf(node, KEYS.options) ?? '{}');
    return typeof options === 'object' && options !== null && !Array.isArray(options) ? { ...options } : {};
  } catch {
    return {};
  }
}

function simplePart(place: string, node: NirNode, shapes: NirShapes, dt: number): Part {
  const { input, output } = shapes.get(place)!;
  const planes = (shape: readonly number[]): Planes =>
    (shape.length === 2 ? [shape[0], 1, shape[1]] : shape) as unknown as Planes;
  switch (node.type) {
    case 'Input':
    case 'Output':
      return { kind: 'nothing', place, width: null };
    case 'Flatten':
      return input.length === 3
        ? { kind: 'flatten', place, planes: planes(input) }
        : { kind: 'nothing', place, width: null };
    case 'Delay':
      if (numbersOf(place, node, 'delay').data.every((d) => Math.round(d / dt) === 0))
        return { kind: 'nothing', place, width: null };
      return unfit(place, node, 'no layer delays what it is given, but Readout and CubaLIF, by a step');
    case 'Linear':
    case 'Affine': {
      const weight = numbersOf(place, node, 'weight');
      if (weight.shape.length !== 2) unfit(place, node, 'has a matrix for each of several places, which no layer has');
      const [outputs, inputs] = weight.shape as [number, number];
      const does = weight.data.some((w, i) => w !== (Math.floor(i / inputs) === i % inputs ? 1 : 0));
      // we put one where a reader would not add up
      if (node.type === 'Linear' && textOf(node, KEYS.part) === 'identity' && !does)
        return { kind: 'nothing', place, width: inputs };
      const bias = node.type === 'Affine' ? numbersOf(place, node, 'bias').data : null;
      const owner = textOf(node, KEYS.part) === 'weight' ? (textOf(node, KEYS.owner) ?? null) : null;
      return { kind: 'dense', place, weight: weight.data, bias, outputs, inputs, owner };
    }
    case 'Scale': {
      const { data } = numbersOf(place, node, 'scale');
      if (data.length > MOST_SCALED)
        unfit(place, node, `is a matrix of ${data.length} by ${data.length} as a layer, more than ${MOST_SCALED}`);
      return { kind: 'dense', place, ...diagonal(data), bias: null, owner: null };
    }
    case 'Conv1d':
    case 'Conv2d': {
      const { shape, data } = numbersOf(place, node, 'weight');
      const window = windowOf(
        node,
        planes(input),
        planes(output),
        shape.slice(2),
        numbersOf(place, node, 'groups').data[0]!,
      );
      const bias = numbersOf(place, node, 'bias').data;
      return { kind: 'conv', place, weight: data, bias, window, same: node.fields.padding === 'same' };
    }
    case 'SumPool2d':
    case 'AvgPool2d': {
      const window = windowOf(node, planes(input), planes(output), axesOf(node, 'kernel_size', 2), 1);
      return { kind: 'pool', place, mean: node.type === 'AvgPool2d', window };
    }
    default:
      return unfit(place, node, 'no layer computes it');
  }
}

/** Numbers that a factor each may make a matrix of: a file of a few bytes is not to fill the memory. */
export const MOST_SCALED = 4096;

/** A matrix that multiplies each number by one of its own. */
export function diagonal(values: Float64Array): { weight: Float64Array; outputs: number; inputs: number } {
  const N = values.length;
  const weight = new Float64Array(N * N);
  values.forEach((x, n) => {
    weight[n * N + n] = x;
  });
  return { weight, outputs: N, inputs: N };
}

function windowOf(node: NirNode, input: Planes, output: Planes, kernel: readonly number[], groups: number): Sliding {
  const n = kernel.length;
  const pair = (sizes: readonly number[], least: number) =>
    (sizes.length === 1 ? [least, sizes[0]!] : [sizes[0]!, sizes[1]!]) as unknown as Sliding['kernel'];
  const word = typeof node.fields.padding === 'string';
  return {
    input,
    output,
    kernel: pair(kernel, 1),
    stride: pair(axesOf(node, 'stride', n), 1),
    padding: word ? [0, 0] : pair(axesOf(node, 'padding', n), 0),
    dilation: node.fields.dilation === undefined ? [1, 1] : pair(axesOf(node, 'dilation', n), 1),
    groups,
  };
}

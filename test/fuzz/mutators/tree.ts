import { dataset, group, type Hdf5Dataset, type Hdf5Group, type Hdf5Node } from '../../../src/exchange/hdf5/tree.ts';
import type { Random } from '../random.ts';

const NAMES = [
  '__proto__',
  'constructor',
  'type',
  'nodes',
  'edges',
  'metadata',
  'input',
  'output',
  'weight',
  '-1',
  '99',
  '0',
  '1e3',
  'é',
  'length',
];
const TEXTS = [
  '',
  'NIRGraph',
  'LIF',
  'Input',
  'Output',
  'Conv2d',
  'dense',
  'conv',
  'CUBA',
  '__proto__',
  'nowhere',
  'same',
  'x'.repeat(3000),
];
const NUMBERS = [
  0,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -Infinity,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
  1e-320,
];

interface Place {
  readonly name: string;
  readonly node: Hdf5Node;
  readonly within: Map<string, Hdf5Node>;
}

/** A copy that may be changed. */
const copy = (root: Hdf5Group): Hdf5Group =>
  group([...root.children].map(([name, node]) => [name, node.kind === 'group' ? copy(node) : node]));

function places({ children }: Hdf5Group): Place[] {
  return [...children].flatMap(([name, node]) => [
    { name, node, within: children as Map<string, Hdf5Node> },
    ...(node.kind === 'group' ? places(node) : []),
  ]);
}

function changedData({ data, shape }: Hdf5Dataset, random: Random, texts: readonly string[]): Hdf5Dataset {
  const kind = random.int(8);
  if (kind === 0) return dataset([random.pick(TEXTS)], []);
  if (kind === 1) return dataset(Float64Array.of(random.pick(NUMBERS)), random.pick([[], [1], [1, 1]]));
  if (kind === 2) return dataset(BigInt64Array.of(BigInt.asIntN(64, random.edge(1n))), random.pick([[], [1]]));
  if (kind === 3) {
    // other sizes of the same numbers, or none
    const sizes = random.pick([[data.length], [1, ...shape], [...shape, 1], [...shape].reverse(), [...shape, 0]]);
    return dataset(sizes.includes(0) ? data.slice(0, 0) : data, sizes);
  }
  if (kind === 4) {
    const times = 1 + random.int(4);
    const more = ArrayBuffer.isView(data)
      ? Float64Array.from({ length: data.length * times }, (_, i) => Number(data[i % data.length]))
      : Array.from({ length: data.length * times }, (_, i) => data[i % data.length] as string);
    return dataset(more, [times, ...shape]);
  }
  if (data.length === 0) return dataset([random.pick(TEXTS)]);
  const at = random.int(data.length);
  if (!ArrayBuffer.isView(data)) {
    // of a list of edges: to where there is nothing, or back
    const other = random.chance(0.6) ? random.pick(texts) : random.pick(TEXTS);
    return dataset(
      data.map((text, i) => (i === at ? other : text)),
      shape,
    );
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const numbers = BigInt64Array.from(data);
    numbers[at] = BigInt.asIntN(64, random.edge(numbers[at]!));
    return dataset(numbers, shape);
  }
  const numbers = Float64Array.from(data, Number);
  const whole = Math.trunc(numbers[at]!);
  numbers[at] = random.chance(0.5)
    ? random.pick(NUMBERS)
    : Number(random.edge(BigInt(Number.isFinite(whole) ? whole : 0)));
  return dataset(numbers, shape);
}

/** One to four changes to a tree, which leave it one that can be written. */
export function editTree(tree: Hdf5Group, random: Random): Hdf5Group {
  const root = copy(tree);
  for (let n = random.length(5); n > 0; n--) {
    const all = places(root);
    const place = random.pick(all);
    if (!place) return root;
    const { name, node, within } = place;
    const kind = random.int(12);
    if (kind === 0) within.delete(name);
    else if (kind === 1) {
      within.delete(name);
      within.set(random.chance(0.5) ? random.pick(NAMES) : random.pick(all).name, node);
    } else if (kind === 2) within.set(random.pick(NAMES), node);
    else if (kind === 3) {
      const other = random.pick(all).node;
      within.set(name, other.kind === 'group' ? copy(other) : other);
    } else if (kind === 4) {
      let inner: Hdf5Node = node.kind === 'group' ? copy(node) : node;
      for (let depth = random.length(28); depth > 0; depth--) inner = group([[name, inner]]);
      within.set(name, inner);
    } else if (kind === 5) {
      const order = [...within].reverse();
      within.clear();
      for (const [key, value] of order) within.set(key, value);
    } else if (kind === 6) within.set(name, node.kind === 'group' ? dataset([random.pick(TEXTS)], []) : group([]));
    else if (node.kind === 'dataset') {
      const texts = all.flatMap((p) =>
        p.node.kind === 'dataset' && !ArrayBuffer.isView(p.node.data) ? p.node.data : [],
      );
      within.set(name, changedData(node, random, texts));
    } else for (let i = random.length(30); i > 0; i--) within.set(`${random.pick(NAMES)}${i}`, copy(node));
  }
  return root;
}

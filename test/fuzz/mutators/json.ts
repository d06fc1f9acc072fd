import type { Random } from '../random.ts';

/** JSON as it is written: an object may have a key twice, and a number more digits than a double. */
type Tree =
  | { kind: 'object'; pairs: [key: string, value: Tree][] }
  | { kind: 'array'; items: Tree[] }
  | { kind: 'leaf'; text: string };

const leaf = (text: string): Tree => ({ kind: 'leaf', text });

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) };
  if (typeof value === 'object' && value !== null)
    return { kind: 'object', pairs: Object.entries(value).map(([key, v]) => [key, treeOf(v)]) };
  return leaf(JSON.stringify(value));
}

function textOf(tree: Tree): string {
  if (tree.kind === 'leaf') return tree.text;
  if (tree.kind === 'array') return `[${tree.items.map(textOf).join(',')}]`;
  return `{${tree.pairs.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
}

/** Every node below the root, with what puts another in its place. */
function places(tree: Tree): { node: Tree; put: (other: Tree) => void }[] {
  const within =
    tree.kind === 'array'
      ? tree.items.map((node, i) => ({ node, put: (other: Tree) => void tree.items.splice(i, 1, other) }))
      : tree.kind === 'object'
        ? tree.pairs.map((pair) => ({ node: pair[1], put: (other: Tree) => void pair.splice(1, 1, other) }))
        : [];
  return within.flatMap((place) => [place, ...places(place.node)]);
}

const TEXTS = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '__metadata__',
  '../../x',
  'a/b',
  '.',
  '\u0000',
  'é',
  '0',
  'then',
];
const LEAVES = [
  ...[
    'null',
    'true',
    'false',
    '-0',
    '-1',
    '0.5',
    '1e400',
    '-1e400',
    '1e-400',
    '1e19',
    '9007199254740992',
    '4294967296',
    '2147483648',
  ],
  ...[
    '"\\ud800"',
    '"NaN"',
    '"number:NaN"',
    '{}',
    '[]',
    '[[]]',
    '[null]',
    '{"length":4000000000}',
    '{"uniform":[0]}',
    '{"__proto__":{"kind":"LIF"}}',
  ],
];
const DEPTHS = [10, 100, 2000, 8000];

function hostile(random: Random): Tree {
  const kind = random.int(12);
  if (kind === 0) {
    const depth = random.pick(DEPTHS);
    const [open, close] = random.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['{"layers":{"0":', '}}'],
    ] as const);
    return leaf(`${open.repeat(depth)}0${close.repeat(depth)}`);
  }
  if (kind === 1) return leaf(JSON.stringify(random.pick(TEXTS)));
  if (kind === 2) return leaf(JSON.stringify('x'.repeat(random.length(20_000))));
  if (kind === 3)
    return leaf(`[${new Array(random.length(2000)).fill(random.pick(['1', '65536', '0', '"a"'])).join(',')}]`);
  if (kind <= 6) return leaf(String(random.edge(1n)));
  return leaf(random.pick(LEAVES));
}

function changed(node: Tree, random: Random): Tree {
  if (node.kind === 'leaf') {
    if (/^\d{1,15}$/.test(node.text) && random.chance(0.6)) return leaf(String(random.edge(BigInt(node.text))));
    return hostile(random);
  }
  if (node.kind === 'array') {
    const { items } = node;
    const kind = random.int(5);
    if (kind === 0) items.splice(random.int(items.length), 1);
    else if (kind === 1) items.splice(random.int(items.length + 1), 0, hostile(random));
    else if (kind === 2) items.reverse();
    else if (kind === 3 && items.length > 0)
      items.push(...new Array<Tree>(random.length(300)).fill(random.pick(items)));
    else return hostile(random);
    return node;
  }
  const { pairs } = node;
  const kind = random.int(7);
  if (kind === 0) pairs.splice(random.int(pairs.length), 1);
  else if (kind === 1) pairs.push([random.pick(TEXTS), hostile(random)]);
  else if (kind === 2 && pairs.length > 0) pairs.push([random.pick(pairs)[0], hostile(random)]);
  else if (kind === 3 && pairs.length > 0) random.pick(pairs)[0] = random.pick([...TEXTS, random.pick(pairs)[0]]);
  else if (kind === 4 && pairs.length > 0) {
    const [key, value] = random.pick(pairs);
    for (let n = random.length(300); n > 0; n--) pairs.push([`${key}${n}`, value]);
  } else if (kind === 5) pairs.reverse();
  else return hostile(random);
  return node;
}

/** One to three changes to a JSON text that leave it JSON, mostly. */
export function editJson(text: string, random: Random): string {
  const root = { kind: 'array' as const, items: [treeOf(JSON.parse(text))] };
  for (let n = random.length(4); n > 0; n--) {
    const all = places(root);
    const place = random.pick(all);
    // a part may come to stand elsewhere as well
    if (random.chance(0.15)) place.put(structuredClone(random.pick(all).node));
    else place.put(changed(place.node, random));
  }
  const edited = root.items.map(textOf).join(',');
  return random.chance(0.02) ? edited.slice(0, random.int(edited.length)) : edited;
}

import { suggest } from '../../neurons/nearest.ts';
import type { Group } from './keys.ts';

/** One entry of an order: a module of the state_dict by its name, or one without parameters by its class; what is said of it. */
export interface Entry {
  readonly name: string;
  readonly said: ReadonlyMap<string, string>;
}

/** Classes without parameters that an order may name. */
export const PLAIN = ['AvgPool2d', 'Flatten', 'Unflatten', 'Dropout'] as const;
const SAID = [
  'as',
  'compare',
  'dilation',
  'groups',
  'kind',
  'output',
  'p',
  'padding',
  'reset_delay',
  'shape',
  'size',
  'stride',
];
/** Steps of the search for an order, and orders that it lists. */
const EFFORT = 20_000;
const SHOWN = 4;
/** Modules among which an order is looked for, and names that a message lists. */
const LISTED = 32;

/** `fc1, lif1(reset_delay=False), AvgPool2d(size=2), Flatten, fc2` in its parts. @throws naming the entry */
export function parseOrder(text: string): Entry[] {
  return partsOf(text).map((part) => {
    const [name = '', inside] = part.split(/\((.*)/s).map((x) => x.trim());
    const fail = (what: string): never => {
      throw new Error(`snnTorch: order: '${part.trim()}': ${what}`);
    };
    if (name === '') fail('has no name');
    if (inside !== undefined && !inside.endsWith(')')) fail('has a bracket that is not closed');
    const said = new Map<string, string>();
    for (const pair of inside?.slice(0, -1).trim() ? inside.slice(0, -1).split(',') : []) {
      const at = pair.indexOf('=');
      if (at < 0) fail(`'${pair.trim()}' must be name=value`);
      const key = pair.slice(0, at).trim();
      if (!SAID.includes(key)) fail(`'${key}' is not known${suggest(key, SAID)}`);
      said.set(key, pair.slice(at + 1).trim());
    }
    return { name, said };
  });
}

/** Text between commas that stand in no brackets. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let [from, depth] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth <= 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)];
}

/**
 * The modules of a state_dict in the order in which they follow one another: that which is given, that of names that are
 * numbers, or the only one in which widths fit and neurons follow weights.
 *
 * @throws when there is none or more than one, with some of them
 */
export function inOrder(groups: readonly Group[], given: string | undefined): Entry[] {
  const names = groups.map((g) => g.name);
  if (given !== undefined) {
    const entries = parseOrder(given);
    const inFile = new Set(names);
    const named = new Set<string>();
    for (const { name } of entries) {
      if (!inFile.has(name)) {
        if ((PLAIN as readonly string[]).includes(name)) continue;
        const known = [...names.slice(0, LISTED), ...PLAIN];
        throw new Error(`snnTorch: order names '${name.slice(0, 80)}', which the file has not${suggest(name, known)}`);
      }
      if (named.has(name)) throw new Error(`snnTorch: order names '${name}' twice`);
      named.add(name);
    }
    const missing = names.find((n) => !named.has(n));
    if (missing !== undefined) throw new Error(`snnTorch: order leaves out '${missing}', which the file has`);
    return entries;
  }
  const entry = (name: string): Entry => ({ name, said: new Map() });
  const numbers = names.map((n) => /^(?:.*\.)?(\d+)$/.exec(n)?.[1]);
  const prefixes = new Set(names.map((n) => n.replace(/\d+$/, '')));
  if (prefixes.size === 1 && numbers.every((n) => n !== undefined) && new Set(numbers).size === names.length)
    return [...names]
      .sort((a, b) => Number(a.slice([...prefixes][0]!.length)) - Number(b.slice([...prefixes][0]!.length)))
      .map(entry);
  // a net may begin with neurons, but few do
  const usual = search(groups, true);
  const found = usual.length ? usual : search(groups, false);
  if (found.length === 1) return found[0]!.map((g) => entry(g.name));
  const say = `say in which order the modules follow one another: { order: '${listed(names)}' }`;
  if (found.length === 0)
    throw new Error(`snnTorch: there is no order in which the widths of ${listed(names)} fit; ${say}`);
  throw new Error(
    `snnTorch: the widths fit in several orders, such as ${found.map((f) => `'${f.map((g) => g.name).join(', ')}'`).join(' and ')}; ${say}`,
  );
}

/** Up to four orders in which each matrix fits the width before it, and neurons follow a matrix of as many rows, or may be first. */
function search(groups: readonly Group[], weightsFirst: boolean): Group[][] {
  if (groups.length > LISTED) tooMany(groups);
  const found: Group[][] = [];
  let effort = 0;
  const extend = (chain: Group[], width: number | null): void => {
    if (found.length >= SHOWN || ++effort > EFFORT) return;
    if (chain.length === groups.length) {
      found.push([...chain]);
      return;
    }
    for (const g of groups) {
      if (chain.includes(g)) continue;
      const neurons = g.kind !== 'Linear' && g.kind !== 'Conv2d';
      const last = chain.at(-1);
      if (neurons && (last ? last.kind !== 'Linear' && last.kind !== 'Conv2d' : weightsFirst)) continue;
      const [inputs, outputs] = widthsOf(g);
      if (width !== null && inputs !== null && inputs !== width) continue;
      chain.push(g);
      extend(chain, outputs ?? width);
      chain.pop();
    }
  };
  extend([], null);
  if (effort > EFFORT) tooMany(groups);
  return found;
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, LISTED).join(', ')}${names.length > LISTED ? ', ...' : ''}`;

function tooMany(groups: readonly Group[]): never {
  throw new Error(
    `snnTorch: ${groups.length} modules are too many to find their order; say it: { order: '${listed(groups.map((g) => g.name))}' }`,
  );
}

/** Widths of a module's input and output, as far as its part of the state_dict tells. */
export function widthsOf({ kind, tensors }: Group): readonly [inputs: number | null, outputs: number | null] {
  const shape = tensors.get('weight')?.shape;
  if (kind === 'Linear') return [shape![1]!, shape![0]!];
  if (kind === 'Conv2d') return [null, null];
  const N = neuronsOf(tensors);
  return [N, N];
}

/** Neurons of a module, if a tensor has one value for each. */
function neuronsOf(tensors: Group['tensors']): number | null {
  const recurrent = tensors.get('recurrent.weight');
  if (recurrent) return recurrent.shape[0]!;
  for (const name of ['beta', 'alpha', 'threshold', 'V']) {
    const shape = tensors.get(name)?.shape ?? [];
    const values = shape.reduce((a, b) => a * b, 1);
    if (values > 1) return values;
  }
  return null;
}

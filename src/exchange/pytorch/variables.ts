/** Words that Python keeps for itself, and names that the code of every class uses. */
const RESERVED = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is ' +
    'lambda nonlocal not or pass raise return try while with yield match case ' +
    'self torch nn F math abs float min max range super len dict zip tuple list print x state current recurrent weight ' +
    'bias spikes voltages connections within I z T B N'
  ).split(' '),
);

/** Names that an nn.Module has for other things: a parameter of such a name is kept, but not found as an attribute. */
const MODULE = new Set(
  (
    'apply bfloat16 buffers children compile cpu cuda double eval float forward half ipu modules mtia parameters to train ' +
    'training type xpu'
  ).split(' '),
);

/** Variables of a Python function, each given once. */
export class Variables {
  readonly #taken = new Set<string>();

  /** A name that nothing else has, like `wanted` as far as that goes. */
  take(wanted: string): string {
    let name = wanted;
    if (RESERVED.has(name)) name = `${name}_`;
    for (let i = 2; this.#taken.has(name); i++) name = `${wanted}${i}`;
    this.#taken.add(name);
    return name;
  }

  /** A name that the code of every class uses as well, for just this. */
  own(name: string): string {
    this.#taken.add(name);
    return name;
  }
}

/** Where a module keeps a parameter or buffer: as an attribute, as far as Python and nn.Module leave the name free. */
export function attribute(name: string, trained: boolean): string {
  if (!RESERVED_WORDS.has(name) && !MODULE.has(name)) return `self.${name}`;
  return `self.${trained ? '_parameters' : '_buffers'}['${name}']`;
}

const RESERVED_WORDS = new Set([...RESERVED].slice(0, [...RESERVED].indexOf('self')));

/** A name as a class can have it, for text from outside. */
export function className(text: string): string {
  const words = text.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  return /^[A-Za-z]/.test(words) ? words : `Neuron_${words}`;
}

/** Text from outside as it can stand in a docstring or a comment: one line, nothing that ends it. */
export const plain = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').replace(/["'\\]/g, '`');

import { type Attribute, type Graph, type Node, type Tensor, TYPE, type ValueInfo } from './model.ts';
import { tensorOf } from './tensors.ts';

type Attributes = Readonly<Record<string, number | readonly number[] | Graph>>;

/** What the scopes of a model have in common: names, each given once, and constants, each kept once. */
export class Constants {
  readonly tensors: Tensor[] = [];
  readonly #names = new Set<string>();
  readonly #known = new Map<string, string>();

  /** @param real element type of weights and states */
  constructor(readonly real: number) {}

  /** A name that no other value has: `wanted`, or with a number behind it. */
  name(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.#names.has(name); i++) name = `${wanted}.${i}`;
    this.#names.add(name);
    return name;
  }

  /** Weights and the like. A second call with the same key, by default the name, gets what the first one made. */
  reals(
    name: string,
    dims: readonly number[],
    values: ArrayLike<number>,
    { key = name, doc = '' }: { key?: string; doc?: string } = {},
  ): string {
    return this.#once(`real ${key}`, () => this.#tensor(name, this.real, dims, values, doc));
  }

  scalar(value: number): string {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return this.#once(`scalar ${text}`, () => this.#tensor(`constant.${text}`, this.real, [], [value], ''));
  }

  /** Shapes and indices: a list, or a single number. */
  ints(values: number | readonly number[]): string {
    const [dims, list] = typeof values === 'number' ? [[], [values]] : [[values.length], values];
    const text = `[${list.join(',')}]`;
    return this.#once(`ints ${dims.length}${text}`, () => this.#tensor(`shape.${text}`, TYPE.int64, dims, list, ''));
  }

  #once(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #tensor(wanted: string, type: number, dims: readonly number[], values: ArrayLike<number>, doc: string): string {
    const name = this.name(wanted);
    this.tensors.push(tensorOf(name, type, dims, values, doc));
    return name;
  }
}

/** A graph in the making: that of the model, or the body of a Scan, which sees what stands outside. */
export class Scope {
  readonly nodes: Node[] = [];
  readonly #known = new Map<string, string>();
  /** Where in the net the nodes to come belong; begins their names. */
  place = '';

  constructor(readonly constants: Constants) {}

  /**
   * Adds a node, unless there is already one that computes the same.
   *
   * @param name of its output, and then there is a node for it in any case
   * @returns the name of its output
   */
  add(op: string, inputs: readonly string[], attributes: Attributes = {}, name?: string): string {
    const key = `${op}|${inputs.join('|')}|${JSON.stringify(attributes)}`;
    const known = name === undefined ? this.#known.get(key) : undefined;
    if (known) return known;
    const [output] = this.addWith(op, inputs, attributes, [name ?? this.constants.name(this.#wanted(op))]);
    this.#known.set(key, output!);
    return output!;
  }

  /** Adds a node with these outputs, whose names are taken already. */
  addWith(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly string[],
  ): readonly string[] {
    this.nodes.push({
      name: `${this.#wanted(op)} ${this.nodes.length}`,
      op,
      domain: '',
      inputs,
      outputs,
      attributes: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      doc: '',
    });
    return outputs;
  }

  real(boolean: string, name?: string): string {
    return this.add('Cast', [boolean], { to: this.constants.real }, name);
  }

  /** A value under a name of its own. */
  named(value: string, name: string): string {
    return value === name ? value : this.add('Identity', [value], {}, name);
  }

  /** The whole shape of a value, or one or more of its sizes. */
  shapeOf(value: string): string {
    return this.add('Shape', [value]);
  }

  sizeOf(value: string, axes: number | readonly number[]): string {
    return this.add('Gather', [this.shapeOf(value), this.constants.ints(axes)]);
  }

  #wanted(op: string): string {
    return this.place ? `${this.place}.${op}` : op;
  }
}

const attributeOf = (name: string, value: Attributes[string]): Attribute => {
  if (typeof value === 'number') return { name, kind: 'int', value };
  return 'nodes' in value ? { name, kind: 'graph', value } : { name, kind: 'ints', value };
};

export const valueInfo = (name: string, type: number, shape: readonly (number | string)[]): ValueInfo => ({
  name,
  type,
  shape,
});

import { type Graph, type Node, TYPE } from './model.ts';
import { given, intAttribute } from './operator.ts';
import { operators } from './operators.ts';
import { numbersOf } from './tensors.ts';
import { Arithmetic, type Limits, type Value } from './values.ts';

export interface RunOptions {
  /** Rounds what is float32 in the file after every operation (default true); otherwise all is float64. */
  readonly round?: boolean;
  /** Names of values to be noted: every value that they have, in the bodies of Scans one for each step. */
  readonly watch?: Iterable<string>;
  readonly limits?: Limits;
}

/** Values by name, and those outside of the body of a Scan. */
class Scope {
  readonly values = new Map<string, Value>();

  constructor(readonly outer?: Scope) {}

  get(name: string): Value | undefined {
    return this.values.get(name) ?? this.outer?.get(name);
  }
}

/** Runs a graph that `validateModel` has passed: those operators that exported nets have, and those alone. */
export class Runner {
  /** The values of what is watched, of all runs so far. */
  readonly watched: ReadonlyMap<string, Value[]>;
  readonly #make: Arithmetic;
  readonly #round: boolean;
  /** Numbers of what is watched. */
  #noted = 0;
  readonly #held = new Map<Graph, Map<string, Value>>();
  /** Values of the graph that nothing reads after a node, by the node's number. */
  readonly #last: readonly (readonly string[])[];

  constructor(
    readonly graph: Graph,
    { round = true, watch = [], limits }: RunOptions = {},
  ) {
    this.#make = new Arithmetic(limits);
    this.#round = round;
    this.watched = new Map([...watch].map((name) => [name, []]));
    this.#last = lastReads(graph);
  }

  /**
   * @param feeds inputs by name; one with a default may be left out
   * @returns outputs by name
   * @throws naming the node: on an operator or attribute that is not known here, shapes that do not fit, limits that are passed
   */
  run(feeds: ReadonlyMap<string, Value>): Map<string, Value> {
    const { held } = this.#make;
    const noted = this.#noted;
    const scope = new Scope();
    this.#constants(this.graph, scope);
    for (const { name } of this.graph.inputs) {
      const value = feeds.get(name) ?? scope.get(name);
      if (!value) throw new Error(`ONNX: input '${name}' is not given`);
      scope.values.set(name, value);
    }
    this.#nodes(this.graph, scope, this.#last);
    this.#make.held = held + this.#noted - noted;
    return new Map(this.graph.outputs.map(({ name }) => [name, scope.get(name)!]));
  }

  /** Zeros to begin with, for an input. @throws naming it, on a shape that is none or is too large */
  zeros(name: string, dims: readonly number[], type: number): Value {
    try {
      return this.#make.make(dims, type);
    } catch (error) {
      throw new Error(`ONNX: input '${name}': ${(error as Error).message}`, { cause: error });
    }
  }

  #constants(graph: Graph, scope: Scope): void {
    let held = this.#held.get(graph);
    if (!held) {
      held = new Map(graph.initializers.map((t) => [t.name, { dims: t.dims, type: t.type, data: numbersOf(t) }]));
      this.#held.set(graph, held);
    }
    for (const [name, value] of held) scope.values.set(name, value);
  }

  #nodes(graph: Graph, scope: Scope, last: readonly (readonly string[])[] = []): void {
    for (const [at, node] of graph.nodes.entries()) {
      let outputs: readonly Value[];
      try {
        this.#make.node();
        outputs = this.#run(node, scope);
      } catch (error) {
        // a body's node has said where already
        if (node.op === 'Scan' && /^ONNX: /.test((error as Error).message)) throw error;
        throw new Error(`ONNX: node '${node.name}' (${node.op}): ${(error as Error).message}`, { cause: error });
      }
      node.outputs.forEach((name, i) => {
        if (!name) return;
        const value = outputs[i];
        if (!value) throw new Error(`ONNX: node '${node.name}' (${node.op}) has no output ${i}`);
        scope.values.set(name, value);
        const noted = this.watched.get(name);
        if (!noted) return;
        noted.push(value);
        this.#noted += value.data.length;
        this.#make.forget(value.data, true);
      });
      for (const name of last[at] ?? []) this.#drop(scope, name);
    }
  }

  #drop({ values }: Scope, name: string): void {
    const value = values.get(name);
    values.delete(name);
    // a reshaped one shares its numbers
    if (value && ![...values.values()].some(({ data }) => data === value.data)) this.#make.forget(value.data);
  }

  #run(node: Node, scope: Scope): readonly Value[] {
    const inputs = node.inputs.map((name) => (name ? scope.get(name) : undefined));
    if (node.domain && node.domain !== 'ai.onnx')
      throw new Error(`is of domain '${node.domain}', which is not known here`);
    if (node.op === 'Scan') return this.#scan(node, inputs, scope);
    const operator = operators.get(node.op);
    if (!operator) throw new Error('this operator is not known here; what exported nets have is');
    const outputs = operator(inputs, node, this.#make);
    if (this.#round)
      for (const { type, data } of outputs)
        if (type === TYPE.float && !inputs.some((x) => x?.data === data))
          for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i]!);
    return outputs;
  }

  /** The body once for each step along the first axis of the scanned inputs. */
  #scan(node: Node, inputs: readonly (Value | undefined)[], scope: Scope): Value[] {
    const other = node.attributes.find(({ name }) => name !== 'body' && name !== 'num_scan_inputs');
    if (other) throw new Error(`is run without attribute '${other.name}'`);
    const body = node.attributes.find(({ name }) => name === 'body');
    if (body?.kind !== 'graph') throw new Error("attribute 'body' must be a graph");
    const graph = body.value;
    const scans = intAttribute(node, 'num_scan_inputs');
    const count = inputs.length - scans;
    if (!(scans >= 1 && count >= 0) || graph.inputs.length !== inputs.length)
      throw new Error(`${scans} of ${inputs.length} inputs are scanned, the body has ${graph.inputs.length}`);
    if (graph.outputs.length !== node.outputs.length || graph.outputs.length < count)
      throw new Error(`has ${node.outputs.length} outputs and ${count} states, the body ${graph.outputs.length}`);
    let states = Array.from({ length: count }, (_, i) => given(inputs, i));
    const scanned = Array.from({ length: scans }, (_, i) => given(inputs, count + i));
    const T = scanned[0]!.dims[0] ?? 0;
    if (T === 0 || scanned.some(({ dims }) => dims[0] !== T))
      throw new Error(`there are no steps, or not as many in each`);
    const put: Value[] = [];
    const { held } = this.#make;
    const noted = this.#noted;
    for (let t = 0; t < T; t++) {
      const within = new Scope(scope);
      this.#constants(graph, within);
      const slices = scanned.map(({ dims, data, type }) => {
        const size = data.length / T;
        return { dims: dims.slice(1), type, data: data.subarray(t * size, (t + 1) * size) };
      });
      graph.inputs.forEach(({ name }, i) => {
        within.values.set(name, i < count ? states[i]! : slices[i - count]!);
      });
      this.#nodes(graph, within);
      const results = graph.outputs.map(({ name }) => within.get(name)!);
      states = results.slice(0, count);
      results.slice(count).forEach((value, i) => {
        put[i] ??= this.#make.make([T, ...value.dims], value.type);
        if (put[i]!.data.length !== T * value.data.length) throw new Error(`output ${count + i} changes its shape`);
        put[i]!.data.set(value.data, t * value.data.length);
      });
      // the rest of the step is gone
      const kept = [...states, ...put].reduce((sum, { data }) => sum + data.length, 0);
      this.#make.held = held + kept + this.#noted - noted;
    }
    return [...states, ...put];
  }
}

/** Names that a node reads, and those that the bodies within it do. */
function readsOf(node: Node): string[] {
  const within = node.attributes.flatMap((a) => (a.kind === 'graph' ? a.value.nodes.flatMap(readsOf) : []));
  const out = node.attributes.flatMap((a) => (a.kind === 'graph' ? a.value.outputs.map(({ name }) => name) : []));
  return [...node.inputs, ...within, ...out];
}

/** For each node, the values of nodes that are read there for the last time; never those that the graph puts out. */
function lastReads(graph: Graph): string[][] {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const made = new Set(graph.nodes.flatMap((node) => node.outputs).filter((name) => name && !outputs.has(name)));
  const last = new Map<string, number>();
  graph.nodes.forEach((node, at) => {
    for (const name of [...node.outputs, ...readsOf(node)]) if (made.has(name)) last.set(name, at);
  });
  const lists: string[][] = graph.nodes.map(() => []);
  for (const [name, at] of last) lists[at]!.push(name);
  return lists;
}

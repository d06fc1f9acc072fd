import type { ConstantCurrent, Encode } from '../../layers/encode.ts';
import { TYPE } from './model.ts';
import type { Flow, NetGraph } from './net_graph.ts';
import { tensorOf } from './tensors.ts';

/** Values that stand still, at every step. */
export function addConstantCurrent(g: NetGraph, { steps }: ConstantCurrent, x: Flow): Flow {
  if (g.stepping) return x;
  return { ...x, time: steps, name: g.scope.add('Expand', [x.name, g.constants.ints([steps, 1, 1])]) };
}

/** Why an encoding cannot be exported; '' where it can. */
export function encodeRefusal({ encoding: { name, plan, steps } }: Encode, stepping: boolean): string {
  if (plan.kind === 'rate') return `encode.${name} draws its spikes at random; encode before the net (encode.onHost)`;
  if (stepping && steps === undefined)
    return `encode.${name} compares each step with its neighbour, and a file of one step has none; encode before the net (encode.onHost)`;
  return '';
}

/**
 * Adds a deterministic encoding, in float32 as the device computes it: latency, delta or level crossing.
 *
 * Latency: a neuron fires where its value lies between the two edges that belong to the step.
 */
export function addEncode(g: NetGraph, layer: Encode, x: Flow): Flow {
  const { plan, steps } = layer.encoding;
  const float = g.options.double ? g.scope.add('Cast', [x.name], { to: TYPE.float }) : x.name;
  const encoder = new Encoder(g, layer, float);
  const fires = plan.kind === 'latency' ? encoder.latency(x) : encoder.changes();
  const name = g.scope.real(fires);
  return { name, width: layer.outputs, time: steps ?? x.time };
}

class Encoder {
  constructor(
    readonly g: NetGraph,
    readonly layer: Encode,
    readonly x: string,
  ) {}

  /** Numbers in float32, whatever the rest of the model has. */
  #floats(what: string, dims: readonly number[], values: ArrayLike<number>): string {
    const { constants } = this.g;
    const name = constants.name(`${this.g.scope.place}.${what}`);
    constants.tensors.push(tensorOf(name, TYPE.float, dims, values));
    return name;
  }

  #add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): string {
    return this.g.scope.add(op, inputs, attributes);
  }

  #ints(values: readonly number[]): string {
    return this.g.constants.ints(values);
  }

  /** The last two axes as one, and what is before them as it is. */
  #flat(value: string, before: number): string {
    const rows = this.g.scope.sizeOf(
      this.x,
      Array.from({ length: before }, (_, i) => i),
    );
    const shape = this.#add('Concat', [rows, this.#ints([this.layer.outputs])], { axis: 0 });
    return this.#add('Reshape', [value, shape]);
  }

  latency(x: Flow): string {
    const { g } = this;
    const { table } = this.layer.encoding.plan;
    const T = table.length - 1;
    const response = this.#response();
    const edges = (what: string, values: Float32Array): string => {
      if (!g.stepping) return this.#floats(what, [T, 1, 1], values);
      return this.#add('Gather', [this.#floats(what, [T, 1], values), g.steps(x)]);
    };
    const above = this.#add('Greater', [response, edges('edges below', table.subarray(1))]);
    return this.#add('And', [above, this.#add('LessOrEqual', [response, edges('edges above', table.subarray(0, T))])]);
  }

  /** How much each neuron of a population answers to its value; the value itself without one. */
  #response(): string {
    const { cells, numbers } = this.layer.encoding.plan;
    if (cells === 1) return this.x;
    const { low, high, width } = numbers;
    const f = Math.fround;
    const centres = Float32Array.from(
      { length: cells },
      (_, k) => f(low) + f(f(f(f(high) - f(low)) * k) / (cells - 1)),
    );
    const column = this.#add('Unsqueeze', [this.x, this.#ints([-1])]);
    const from = this.#add('Sub', [column, this.#floats('centres', [cells], centres)]);
    const distance = this.#add('Div', [from, this.#floats('width', [], [width])]);
    const square = this.#add('Mul', [distance, distance]);
    const response = this.#add('Exp', [this.#add('Mul', [square, this.#floats('minus half', [], [-0.5])])]);
    return this.#flat(response, this.g.stepping ? 1 : 2);
  }

  /** Delta and level crossing: each step beside the one before it, or after it. */
  changes(): string {
    const { kind, table, ahead, numbers } = this.layer.encoding.plan;
    const slice = (from: number, to: number): string =>
      this.#add('Slice', [this.x, this.#ints([from]), this.#ints([to]), this.#ints([0])]);
    const end = 2 ** 31;
    const neighbour = ahead
      ? this.#add('Concat', [slice(1, end), slice(-1, end)], { axis: 0 })
      : this.#add('Concat', [slice(0, 1), slice(0, -1)], { axis: 0 });
    const [was, now] = ahead ? [this.x, neighbour] : [neighbour, this.x];
    const column = (value: string): string => this.#add('Unsqueeze', [value, this.#ints([-1])]);
    const pair = (rises: string, falls: string): string =>
      this.#flat(this.#add('Concat', [column(rises), column(falls)], { axis: -1 }), 2);
    if (kind === 'delta') {
      const threshold = this.#floats('threshold', [], [numbers.threshold]);
      const by = (a: string, b: string): string => this.#add('GreaterOrEqual', [this.#add('Sub', [a, b]), threshold]);
      return pair(by(now, was), by(was, now));
    }
    const levels = this.#floats('levels', [table.length], table);
    const below = (value: string): string => this.#add('Less', [column(value), levels]);
    const [wasBelow, nowBelow] = [below(was), below(now)];
    const turn = (from: string, to: string): string => this.#add('And', [from, this.#add('Not', [to])]);
    return pair(turn(wasBelow, nowBelow), turn(nowBelow, wasBelow));
  }
}

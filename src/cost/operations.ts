import type { Node } from '../autograd/op.ts';
import type { CellAttrs } from '../autograd/ops/cell_node.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Sliding } from '../kernels/conv.ts';
import { OWN_WEIGHT } from '../neurons/recurrence.ts';
import {
  type Connections,
  eachTap,
  matrixConnections,
  present,
  sum,
  type ValuesOf,
  windowConnections,
} from './connections.ts';
import { type Counts, counts, plus, type Sizes } from './counts.ts';
import { type Events, recurrentCounts } from './events.ts';
import { operationsOf, type UpdateOperations, updateOperations } from './update.ts';

/** What one recorded operation does, over all samples of the step, and what it is made of. */
export interface Operation {
  readonly counts: Counts;
  readonly sizes: Sizes;
  /** Parameters that inference reads, with the numbers of each that there are. */
  readonly parameters: ReadonlyMap<Parameter, number>;
}

export interface Context {
  readonly events: ReadonlyMap<Tensor, Events>;
  readonly valuesOf: ValuesOf;
  /** Takes note of what is counted by assumption, or not at all. */
  readonly note: (text: string) => void;
}

/** Layouts of values, or spikes on their way: no arithmetic. */
const FREE = ['dense', 'columns', 'rows', 'lengths', 'dropout'];

/** @returns null for an operation that only moves values */
export async function operation(node: Node, context: Context): Promise<Operation | null> {
  const [y] = node.outputs;
  if (!y || FREE.includes(node.op.name)) return null;
  const steps = validRows(node.op.name === 'cell' ? node.outputs[1]! : y);
  switch (node.op.name) {
    case 'cell':
      return cell(node as Node<CellAttrs>, steps, context);
    case 'linear':
    case 'conv2d': {
      const [weight, bias] = node.params as [Parameter, Parameter | undefined];
      const { window } = node.attrs as { window?: Sliding };
      const connections = window
        ? windowConnections(weight, window, context.valuesOf)
        : matrixConnections(weight, context.valuesOf);
      return product(node.inputs[0]!, y, connections, { weight, bias, steps }, context);
    }
    case 'pool2d':
      return pool(node as Node<{ window: Sliding; scale: number }>, steps, context);
    case 'add': {
      // a spike that goes past is taken by the next layer for itself
      if (context.events.has(y)) return null;
      const N = y.shape.at(-1)!;
      return byValue(N, { steps, adds: N * steps }, new Map());
    }
    case 'norm':
      return norm(node, steps);
    case 'gate': {
      // b and g fold into one factor a step and neuron
      const N = y.shape.at(-1)!;
      const g = node.params[1]!;
      return byValue(N, { steps, multiplies: N * steps, weightReads: N * steps }, new Map([[g, g.data.length]]));
    }
    case 'encode':
      return encoder(node, steps, context);
    default:
      return described(node, steps, context);
  }
}

/** Valid steps of all samples. */
export function validRows(t: Tensor): number {
  return t.lengths ? sum(t.lengths.values) : t.shape.slice(0, -1).reduce((a, b) => a * b, 1);
}

const bits = (neurons: number): number => Math.max(1, Math.ceil(Math.log2(neurons)));

const byValue = (N: number, some: Partial<Counts>, parameters: ReadonlyMap<Parameter, number>): Operation => ({
  counts: counts({ ...some, activationReads: N * some.steps!, activationWrites: N * some.steps! }),
  sizes: { neurons: 0, weights: sum([...parameters.values()]), states: 0, accumulators: 0, inputs: N },
  parameters,
});

/** What reaches neurons through weights: synaptic operations of spikes, products of anything else. */
async function through(
  { fanOut, all }: Connections,
  steps: number,
  spikes: Events['counts'] | null,
): Promise<Partial<Counts>> {
  if (!spikes) return { multiplyAccumulates: all * steps, weightReads: all * steps, activationReads: all * steps };
  const arrived = await spikes();
  const operations = arrived.reduce((n, count, i) => n + count * fanOut[i]!, 0);
  return {
    synapticOperations: operations,
    weightReads: operations,
    stateReads: operations,
    stateWrites: operations,
    eventBits: sum(arrived) * bits(fanOut.length),
  };
}

async function product(
  x: Tensor,
  y: Tensor,
  connections: Connections,
  { weight, bias, steps }: { weight: Parameter; bias: Parameter | undefined; steps: number },
  { events }: Context,
): Promise<Operation> {
  const N = y.shape.at(-1)!;
  const arriving = events.get(x);
  const biases = bias ? N * steps : 0;
  const parameters = new Map([[weight, connections.weights]]);
  if (bias) parameters.set(bias, bias.data.length);
  return {
    counts: plus(
      counts({
        steps,
        adds: biases,
        weightReads: biases,
        activationWrites: arriving ? 0 : N * steps,
        dense: connections.all * steps,
        denseOutputs: N * steps,
      }),
      await through(connections, steps, arriving?.counts ?? null),
    ),
    sizes: {
      neurons: 0,
      weights: sum([...parameters.values()]),
      states: 0,
      accumulators: N,
      inputs: connections.fanOut.length,
    },
    parameters,
  };
}

async function cell(node: Node<CellAttrs>, steps: number, context: Context): Promise<Operation> {
  const { definition, N, constants, weight, recurrent, bias } = node.attrs;
  const [current, spikes] = node.inputs;
  const parameters = new Map<Parameter, number>();
  const own = definition.states.length;
  const each = updateOperations(definition);
  let found = counts({
    steps,
    updates: N * steps,
    adds: each.adds * N * steps,
    multiplies: each.multiplies * N * steps,
    functions: each.functions * N * steps,
    // the sum that arrived is read with the states
    stateReads: (own + 1) * N * steps,
    stateWrites: own * N * steps,
  });
  if (definition.z) {
    const fired = sum(await context.events.get(node.outputs[0]!)!.counts());
    found = plus(found, { spikes: fired, eventBits: fired * bits(N) });
  }
  const connect = async (p: Parameter, arriving: Events['counts'] | null): Promise<void> => {
    const connections = matrixConnections(p, context.valuesOf);
    parameters.set(p, connections.weights);
    found = plus(found, await through(connections, steps, arriving));
    found = plus(found, { dense: connections.all * steps });
  };
  if (weight) await connect(weight, context.events.get(spikes!)?.counts ?? null);
  if (recurrent) await connect(recurrent, recurrentCounts(node));
  const unweighted = current ? context.events.get(current) : undefined;
  if (unweighted) {
    const operations = sum(await unweighted.counts());
    const moved = { stateReads: operations, stateWrites: operations, eventBits: operations * bits(N) };
    found = plus(found, { synapticOperations: operations, ...moved });
  }
  Object.keys(definition.params).forEach((name, i) => {
    const p = constants[i]!;
    // one value a layer stays in a register
    if (name !== OWN_WEIGHT && p.data.length === 1 && N > 1) return;
    parameters.set(p, p.data.length);
    if (name !== OWN_WEIGHT) found = plus(found, { weightReads: N * steps });
  });
  if (Object.hasOwn(definition.params, OWN_WEIGHT)) {
    const operations = sum(await recurrentCounts(node)());
    const moved = { weightReads: operations, stateReads: operations, stateWrites: operations };
    found = plus(found, { synapticOperations: operations, ...moved, dense: N * steps });
  }
  if (bias) {
    parameters.set(bias, N);
    found = plus(found, { adds: N * steps, weightReads: N * steps });
  }
  if (found.dense > 0) found = plus(found, { denseOutputs: N * steps });
  return {
    counts: found,
    sizes: {
      neurons: N,
      weights: sum([...parameters.values()]),
      states: own * N,
      accumulators: (own + 1) * N,
      inputs: weight?.shape[1] ?? N,
    },
    parameters,
  };
}

function pool(node: Node<{ window: Sliding; scale: number }>, steps: number, { events }: Context): Operation | null {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  // a spike is passed on to its window
  if (events.has(x)) return null;
  const { window, scale } = node.attrs;
  let taps = 0;
  eachTap(window, () => taps++);
  const N = y.shape.at(-1)!;
  const adds = (taps * window.input[0] - N) * steps;
  const { counts: done, ...others } = byValue(
    x.shape.at(-1)!,
    { steps, adds, multiplies: scale === 1 ? 0 : N * steps },
    new Map(),
  );
  return { ...others, counts: { ...done, activationReads: adds + N * steps, activationWrites: N * steps } };
}

/** With the statistics of inference it is one factor and one addition a value. */
function norm(node: Node, steps: number): Operation {
  const N = node.outputs[0]!.shape.at(-1)!;
  const { mean } = node.attrs as { mean: Parameter };
  // of mean, variance, weight and bias a factor and a summand are left
  const parameters = new Map([[mean, 2 * mean.data.length]]);
  return byValue(N, { steps, adds: N * steps, multiplies: N * steps, weightReads: 2 * N * steps }, parameters);
}

async function encoder(node: Node, steps: number, { events, note }: Context): Promise<Operation> {
  const y = node.outputs[0]!;
  const N = y.shape.at(-1)!;
  note(`${node.label}: its spikes are counted, what making them from the input takes is not`);
  const spikes = sum(await events.get(y)!.counts());
  return {
    counts: counts({ steps, spikes, eventBits: spikes * bits(N) }),
    sizes: { neurons: 0, weights: 0, states: 0, accumulators: 0, inputs: node.inputs[0]!.shape.at(-1)! },
    parameters: new Map(),
  };
}

/** An operation that says itself what it takes, or one that is taken for products with its matrices. */
function described(node: Node, steps: number, { events, valuesOf, note }: Context): Operation | null {
  const y = node.outputs[0]!;
  const own = node.op.cost?.(node);
  if (own?.sums && events.has(y)) return null;
  const N = y.shape.at(-1)!;
  const parameters = new Map(node.params.map((p) => [p, present(p, valuesOf)]));
  const matrices = node.params.filter((p) => p.shape.length > 1);
  if (!own)
    note(
      `${node.label}: the operation '${node.op.name}' does not say what it takes; ${matrices.length ? 'products with its matrices are counted, at every step' : 'nothing is counted for it'}`,
    );
  const assumed = sum(matrices.map((p) => parameters.get(p)!));
  const { multiplyAccumulates = own ? 0 : assumed, units = 1, states = 0 } = own ?? {};
  const each = operationsOf(own?.equations ?? []);
  const of = (kind: keyof UpdateOperations): number => ((own?.[kind] ?? 0) + each[kind] * units) * steps;
  return {
    counts: counts({
      steps,
      multiplyAccumulates: multiplyAccumulates * steps,
      adds: of('adds'),
      multiplies: of('multiplies'),
      functions: of('functions'),
      dense: multiplyAccumulates * steps,
      weightReads: sum([...parameters.values()]) * steps,
      activationReads: multiplyAccumulates * steps,
      activationWrites: N * steps,
      stateReads: states * steps,
      stateWrites: states * steps,
      denseOutputs: N * steps,
    }),
    sizes: { neurons: 0, weights: sum([...parameters.values()]), states, accumulators: states, inputs: N },
    parameters,
  };
}

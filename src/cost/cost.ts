import type { Engine } from '../autograd/engine.ts';
import type { CellAttrs } from '../autograd/ops/cell_node.ts';
import { inputOf } from '../autograd/sample.ts';
import type { Tape } from '../autograd/tape.ts';
import { walk } from '../layers/container.ts';
import { positiveInteger } from '../layers/layer.ts';
import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type BatchSource, checkSource } from '../train/source.ts';
import { sum, type ValuesOf } from './connections.ts';
import { type Counts, counts, over, plus } from './counts.ts';
import type { Layer } from './estimate.ts';
import { eventsOf } from './events.ts';
import { type Hardware, horowitz, loihi } from './hardware.ts';
import { type LstmSizes, lstmLayer, lstmLayers } from './lstm.ts';
import { type Operation, operation } from './operations.ts';
import { Cost, together } from './table.ts';

export interface CostOptions {
  /** How many samples run, spread evenly over the set (default 256, or all there are). */
  readonly samples?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** For what is random in inference, as an encoder by rate is (default 0). */
  readonly seed?: number;
  /** What energies are estimated for (default `HARDWARE`: 45 nm with float32 and with 8-bit weights, and Loihi). */
  readonly hardware?: readonly Hardware[];
  readonly signal?: AbortSignal;
}

/** What energies are estimated for, unless told otherwise. */
export const HARDWARE: readonly Hardware[] = [horowitz(), horowitz({ arithmetic: 'int8' }), loihi];

/** An operation of the net, over all samples so far. */
interface Found {
  readonly label: string;
  /** Of an operation that has only its name for a label, the label before it. */
  readonly after: string;
  readonly operation: Operation;
  counts: Counts;
  /** Of a recurrent layer of neurons: the sizes of an LSTM in its place, and the operation that makes its current. */
  readonly recurrent: { readonly inputs: number; readonly hidden: number; readonly before: number } | null;
}

/**
 * What a decision costs: runs a net over samples, forward only, and counts spikes, synaptic operations, products and updates
 * by layer and in all; estimates the energy, and that of the same net without spikes and of an LSTM of the same size.
 *
 *     const cost = await costOf(engine, net, testSet);
 *     console.log(String(cost));
 *
 * Counts are of one sample, the mean over those that ran, its valid steps alone. docs/cost.md says what counts as what.
 *
 * @param net bound to the engine here, unless it is already; then with the parameters that the device has
 * @throws when an option is out of range or not known, or the samples do not fit the net
 */
export async function costOf(
  engine: Engine,
  net: Sequential,
  set: BatchSource,
  options: CostOptions = {},
): Promise<Cost> {
  onlyKnown('costOf', options, ['samples', 'batchSize', 'seed', 'hardware', 'signal']);
  const { batchSize = 32, seed = 0, hardware = HARDWARE, signal } = options;
  positiveInteger('costOf', 'batchSize', batchSize);
  checkSource('costOf: the set', set);
  const samples = Math.min(set.count, positiveInteger('costOf', 'samples', options.samples ?? 256));
  const which = Array.from({ length: samples }, (_, i) => Math.floor((i * set.count) / samples));
  const valuesOf = await parametersOf(engine, net);
  const notes = new Set<string>();
  let found: Found[] = [];
  let arrived: number | null = null;
  for (let from = 0; from < samples; from += batchSize) {
    signal?.throwIfAborted();
    const batch = await set.batch(which.slice(from, from + batchSize));
    const tape = engine.tape({ seed, step: from, training: false });
    net.forward(inputOf(tape, batch));
    const events = eventsOf(tape);
    const inputs = [...events].filter(([t]) => tape.data.has(t.id));
    await tape.run();
    for (const [, { counts: spikes }] of inputs) arrived = (arrived ?? 0) + sum(await spikes());
    found = await count(tape, found, { events, valuesOf, note: (text) => notes.add(text) });
  }
  for (const one of found) one.counts = over(one.counts, samples);
  return new Cost({
    samples,
    inputSpikes: arrived === null ? null : arrived / samples,
    layers: layersOf(net, found),
    weights: sum([...new Map(found.flatMap((f) => [...f.operation.parameters])).values()]),
    lstm: lstmInPlace(found),
    hardware,
    notes: [...notes],
  });
}

/**
 * What an LSTM takes, and a matrix after it, without running one.
 *
 * @throws unless all sizes are whole numbers above 0
 */
export function lstmCost(sizes: LstmSizes, hardware: readonly Hardware[] = HARDWARE): Cost {
  const layers = lstmLayers(sizes);
  const weights = sum(layers.map((l) => l.sizes.weights));
  return new Cost({ samples: 0, inputSpikes: null, layers, weights, lstm: null, hardware, notes: [] });
}

/** The net's parameters as the device has them: rewiring changes masks there. */
async function parametersOf(engine: Engine, net: Sequential): Promise<ValuesOf> {
  const [first] = net.parameters();
  const arena = first && engine.arenaOf(first);
  if (!arena) {
    engine.bind(net);
    return (p) => p.data;
  }
  const all = await arena.device.read(arena.params, 0, arena.total);
  return (p) => all.subarray(arena.offset(p), arena.offset(p) + p.data.length);
}

/** Adds what the operations of a step did, one after another. */
async function count(tape: Tape, before: readonly Found[], context: Parameters<typeof operation>[1]): Promise<Found[]> {
  const found: Found[] = [];
  const at = new Map<number, number>();
  let last = '';
  for (const [i, node] of tape.nodes.entries()) {
    const named = node.label !== node.op.name;
    if (named) last = node.label;
    const done = await operation(node, context);
    if (!done) continue;
    const known = before[found.length];
    if (known && known.label !== node.label)
      throw new Error(`costOf: the net records other operations for other batches: ${known.label}, then ${node.label}`);
    at.set(i, found.length);
    const steps = (known?.counts.steps ?? 0) + done.counts.steps;
    const all = { ...plus(done.counts, known?.counts ?? {}), steps };
    found.push({
      label: node.label,
      after: named ? '' : last,
      operation: done,
      counts: all,
      recurrent: node.op.name === 'cell' ? recurrence(tape, i, at) : null,
    });
  }
  return found;
}

function recurrence(tape: Tape, i: number, at: ReadonlyMap<number, number>): Found['recurrent'] {
  const { recurrent, weight, N } = tape.nodes[i]!.attrs as CellAttrs;
  if (!recurrent) return null;
  if (weight) return { inputs: weight.shape[1]!, hidden: N, before: -1 };
  // a matrix that makes nothing but this layer's current is part of it
  const current = tape.nodes[i]!.inputs[0];
  const makes = tape.nodes.findIndex((n) => n.op.name === 'linear' && n.outputs[0] === current);
  const alone = tape.nodes.filter((n) => n.inputs.includes(current!)).length === 1;
  if (makes < 0 || !alone) return { inputs: N, hidden: N, before: -1 };
  return { inputs: tape.nodes[makes]!.params[0]!.shape[1]!, hidden: N, before: at.get(makes)! };
}

/** What was found, by the layers of the net in which it happens. */
function layersOf(net: Sequential, found: readonly Found[]): Layer[] {
  const kinds = new Map([...walk(net)].map(([place, { config }]) => [`${place} ${config.kind}`, config.kind]));
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    // operations within a layer begin with its label
    const own = [...kinds.keys()].find((label) => one.label === label || one.label.startsWith(`${label} `));
    const name = own ?? (one.after ? around(one.after, [...kinds.keys()]) : undefined) ?? one.label;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups].map(([name, parts]) => {
    const each = parts.map((p) => ({ name, kind: '', counts: p.counts, sizes: p.operation.sizes }));
    return together(name, kinds.get(name) ?? '', each);
  });
}

/** The innermost container of a layer, both by their labels: what has no label of its own is done there, as a sum is. */
const around = (label: string, all: readonly string[]): string | undefined =>
  all.findLast((outer) => label.startsWith(`${outer.split(' ')[0]}.`));

/** The same net with an LSTM in place of each recurrent layer, and all else dense. */
function lstmInPlace(found: readonly Found[]): Layer[] | null {
  if (!found.some((f) => f.recurrent)) return null;
  const replaced = new Set(found.map((f) => f.recurrent?.before));
  return found.flatMap(({ label, counts: done, operation: { sizes }, recurrent }, i) => {
    if (replaced.has(i)) return [];
    if (recurrent) {
      const { inputs, hidden } = recurrent;
      return [lstmLayer(`LSTM ${inputs} to ${hidden}`, inputs, hidden, done.steps)];
    }
    if (done.dense === 0) return [];
    const { steps, dense, denseOutputs } = done;
    const moved = { weightReads: dense, activationReads: dense, activationWrites: denseOutputs, denseOutputs };
    const products = counts({ steps, multiplyAccumulates: dense, dense, ...moved });
    const { weights, inputs } = sizes;
    return [
      {
        name: label,
        kind: 'Linear',
        counts: products,
        sizes: { neurons: 0, weights, states: 0, accumulators: 0, inputs },
      },
    ];
  });
}

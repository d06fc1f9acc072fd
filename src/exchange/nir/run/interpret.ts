import { onlyKnown } from '../../../neurons/nearest.ts';
import type { Activity, Sample, Trace } from '../../activity.ts';
import { completeNir } from '../file/complete.ts';
import { isGraph, type NirGraph, type NirNode } from '../file/graph.ts';
import { type NirShapes, validateNir } from '../file/validate.ts';
import { shapeText, sizeOf } from '../file/values.ts';
import { hasCycle, orderOf } from './order.ts';
import { isNeuron, requireKnown, ruleOf } from './rules.ts';
import { type Semantics, type SemanticsName, semanticsOf, stepOf } from './semantics.ts';
import { rewriteForSnntorch } from './snntorch_rewrite.ts';
import type { Setting, Unit } from './unit.ts';
import { cellUnit, thresholdUnit } from './unit_cells.ts';
import { delayUnit, matrixUnit, passUnit, scaleUnit } from './unit_dense.ts';
import { convUnit, poolUnit } from './unit_window.ts';

export interface RunOptions {
  /** How the file is read ('nir': Euler steps of the specification's equations). */
  readonly semantics?: SemanticsName;
  /** The time step in seconds; that of the semantics by default. */
  readonly dt?: number;
}

/** What the nodes of a graph and of those within it have in common. */
interface Run {
  readonly s: Semantics;
  readonly B: number;
  readonly dt: number;
  readonly shapes: NirShapes;
  /** Nodes whose neurons are recorded, by their path. */
  readonly cells: { readonly path: string; readonly unit: Unit }[];
}

/**
 * Runs a graph in float64 on the CPU: every primitive of the specification, nested graphs and cycles, by the semantics
 * of the specification or of a program that reads such files. The order of a step, and which edges carry the value of
 * the step before, is that of `orderOf`. Every state begins as the semantics have it, at 0 by default.
 *
 * @returns spikes and voltages, these as they are compared with the threshold, of every node of neurons and every
 *   Threshold
 *   by its path (`lif_0`, `rnn/lif`), and what reaches the Output
 * @throws when the graph is not valid or does not fit the sample, and where the program refuses it, naming the node
 */
export async function runNir(graph: NirGraph, sample: Sample, options: RunOptions = {}): Promise<Activity> {
  onlyKnown('runNir', options, ['semantics', 'dt']);
  const { semantics: name = 'nir' } = options;
  const s = semanticsOf(name);
  const dt = stepOf(name, options.dt);
  const { T, B, N, inputs } = sample;
  const read = completeNir(name === 'snntorch' ? rewriteForSnntorch(graph) : graph);
  const run: Run = { s, B, dt, shapes: validateNir(read), cells: [] };
  const unit = graphUnit('', read, run);
  const { input, output } = orderOf('', read);
  const takes = run.shapes.get(input)!.output;
  if (sizeOf(takes) !== N)
    throw new Error(`runNir: the graph takes ${shapeText(takes)}, the sample has ${N} numbers a step ([T, B, N])`);
  if (inputs.length !== T * B * N)
    throw new Error(`runNir: sample.inputs must have [${T}, ${B}, ${N}] numbers, got ${inputs.length}`);
  const outputs = new Float64Array(T * B * sizeOf(run.shapes.get(output)!.input));
  const layers: Trace[] = run.cells.map((cell) => ({
    label: cell.path,
    N: cell.unit.out.length / B,
    spikes: cell.unit.spikes ? new Float64Array(T * cell.unit.out.length) : null,
    voltage: new Float64Array(T * cell.unit.out.length),
  }));
  const x = new Float64Array(B * N);
  for (let t = 0; t < T; t++) {
    x.set(inputs.subarray(t * B * N, (t + 1) * B * N));
    unit.step(x);
    outputs.set(unit.out, t * unit.out.length);
    run.cells.forEach((cell, k) => {
      const { spikes, voltage } = cell.unit;
      if (spikes) layers[k]!.spikes!.set(spikes, t * spikes.length);
      layers[k]!.voltage!.set(voltage!, t * voltage!.length);
    });
  }
  return { T, B, outputs, layers };
}

/** A graph as a node: what reaches its Output comes out. */
function graphUnit(place: string, graph: NirGraph, run: Run): Unit {
  const order = orderOf(place, graph);
  const { s, B } = run;
  if (s.cycles === 'none' && hasCycle(order)) throw new Error(`NIR graph: ${s.title} runs no recurrence`);
  if (s.cycles === 'nested' && place === '' && hasCycle(order))
    throw new Error(`NIR graph: ${s.title} runs recurrence only in a graph of its own`);
  const units = new Map<string, Unit>();
  const steps: (() => void)[] = [];
  let given = new Float64Array(0);
  for (const name of order.nodes) {
    const path = place ? `${place}/${name}` : name;
    const node = graph.nodes.get(name)!;
    const unit = isGraph(node) ? graphUnit(path, node, run) : nodeUnit(path, node, run);
    units.set(name, unit);
    if (!isGraph(node) && unit.voltage) run.cells.push({ path, unit });
    const from = order.sources.get(name)!;
    if (name === order.input) steps.push(() => unit.step(given));
    // units that come later in the order have what they put out in the step before
    else if (from.length === 1) steps.push(() => unit.step(units.get(from[0]!)!.out));
    else {
      const sum = new Float64Array(sizeOf(run.shapes.get(path)!.input) * B);
      steps.push(() => {
        sum.fill(0);
        for (const f of from) {
          const { out } = units.get(f)!;
          for (let k = 0; k < sum.length; k++) sum[k]! += out[k]!;
        }
        unit.step(sum);
      });
    }
  }
  return {
    out: units.get(order.output)!.out,
    step(x) {
      given = x as typeof given;
      for (const step of steps) step();
    },
  };
}

function nodeUnit(path: string, node: NirNode, { s, B, dt, shapes }: Run): Unit {
  requireKnown(path, node, s);
  const setting: Setting = { B, dt, ...shapes.get(path)! };
  if (isNeuron(node)) return cellUnit(path, ruleOf(path, node, s, dt), setting);
  switch (node.type) {
    case 'Input':
    case 'Output':
    case 'Flatten':
      return passUnit(path, setting);
    case 'Affine':
    case 'Linear':
      return matrixUnit(path, node, setting);
    case 'Scale':
      return scaleUnit(path, node, setting);
    case 'Delay':
      return delayUnit(path, node, setting);
    case 'Threshold':
      return thresholdUnit(path, node, setting);
    case 'Conv1d':
    case 'Conv2d':
      return convUnit(path, node, setting);
    case 'SumPool2d':
    case 'AvgPool2d':
      return poolUnit(path, node, setting);
    default:
      throw new Error(`NIR node '${path}': there is no type '${node.type}'`);
  }
}

import type { Activity, Sample, Trace } from '../../activity.ts';
import type { NirGraph, NirNode } from '../file/graph.ts';
import { readNir } from '../file/read.ts';
import { perNeuron, textOf } from '../file/values.ts';
import { KEYS, stepIn } from '../from_net/metadata.ts';
import { DEFAULT_DT } from '../from_net/options.ts';
import { nodesOf } from '../from_net/readers.ts';
import { runNir } from './interpret.ts';

/**
 * Runs a file that we wrote as the specification has it, with the time step that its metadata name, and reports what
 * its nodes did under the labels of the layers that they were made of (`0 AHP`). Nodes without such a label keep their
 * path.
 *
 * @throws when the file is none, or does not fit the sample
 */
export async function replayNir(bytes: Uint8Array, sample: Sample): Promise<Activity> {
  const { graph } = await readNir(bytes);
  return replayGraph(graph, sample);
}

/** The same of a graph in memory. */
export async function replayGraph(graph: NirGraph, sample: Sample): Promise<Activity> {
  const activity = await runNir(graph, sample, { dt: stepIn(graph) ?? DEFAULT_DT });
  const nodes = new Map(nodesOf(graph));
  const layers = activity.layers.flatMap((trace): Trace[] => {
    const node = nodes.get(trace.label);
    const label = node && textOf(node, KEYS.label);
    // parts of a layer that do not fire have none
    if (node && !label && textOf(node, KEYS.part) !== undefined) return [];
    if (!node || !label) return [trace];
    return [{ ...trace, label, voltage: recorded(trace, node) }];
  });
  return { ...activity, layers };
}

/** The voltage that the layer would record. */
function recorded({ spikes, voltage, N }: Trace, node: NirNode): Float64Array | null {
  const which = textOf(node, KEYS.voltage);
  if (which === 'none' || !voltage) return null;
  if (which !== 'after' || !spikes) return voltage;
  if (node.type === 'Threshold') {
    const theta = perNeuron('', node, 'threshold', N);
    return voltage.map((v, k) => v - spikes[k]! * theta[k % N]!);
  }
  const to = perNeuron('', node, 'v_reset', N, 0);
  return voltage.map((v, k) => (spikes[k] ? to[k % N]! : v));
}

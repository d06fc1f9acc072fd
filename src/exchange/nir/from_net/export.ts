import type { Sequential } from '../../../layers/sequential.ts';
import { type Exported, refuse, type Verdict } from '../../exported.ts';
import type { NirGraph, NirValue } from '../file/graph.ts';
import { scalar } from '../file/values.ts';
import { writeNir } from '../file/write.ts';
import { Exporter } from './flows.ts';
import { KEYS } from './metadata.ts';
import { complete, type NirOptions } from './options.ts';
import { readerNotes } from './readers.ts';

/** What NIR makes of a net; writes nothing. */
export function checkNir(net: Sequential, options: NirOptions = {}): Verdict {
  const { refused, lost, notes } = draft(net, options);
  return { refused, lost, notes };
}

/**
 * A net as a NIR graph, with the nearest thing where something is lost.
 *
 * @throws what cannot be written, each layer by its place
 */
export function graphOf(net: Sequential, options: NirOptions = {}): NirGraph {
  const made = draft(net, options);
  refuse('NIR', made);
  return made.graph;
}

/**
 * A net as a NIR file: `model.nir`. Time constants are those with which Euler steps of `dt` give the net's decays, so
 * the file is to be read with that dt; the metadata have it, and what the fields of the nodes do not say.
 *
 * @throws what cannot be written, each layer by its place
 */
export async function encodeNir(net: Sequential, options: NirOptions = {}): Promise<Exported> {
  const { name, precision } = complete(options);
  const { graph, refused, lost, notes } = draft(net, options);
  refuse('NIR', { refused });
  const bytes = await writeNir(graph, { precision });
  return { refused, lost, notes, files: [{ name: `${name}.nir`, bytes }] };
}

function draft(net: Sequential, given: NirOptions): Verdict & { graph: NirGraph } {
  const options = complete(given);
  const exporter = new Exporter(options);
  const graph = exporter.net(net);
  const { refused, lost, notes } = exporter;
  const metadata: Record<string, NirValue> = {
    [KEYS.dt]: scalar(options.dt),
    'spiketape.discretisation':
      'Euler: v += dt/tau ((v_leak - v) + r I), z = [v > v_threshold], then v = v_reset where z',
    'spiketape.gain':
      options.gain === 'unit' ? 'r = 1, gains are in the weights' : 'r = tau/dt, weights are as they were',
    'spiketape.recurrence': options.recurrence,
  };
  return {
    graph: { ...graph, metadata },
    refused,
    lost,
    notes: refused.length ? notes : [...notes, ...readerNotes(graph, options.dt)],
  };
}

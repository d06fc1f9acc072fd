import type { Layer } from '../../../layers/layer.ts';
import type { NirGraph, NirValue } from '../file/graph.ts';
import { numberOf, scalar } from '../file/values.ts';

/** What we write beside the graph; no reader needs it. */
export const KEYS = {
  /** Of the layer that a node computes, in the net: `0 AHP`. */
  label: 'spiketape.label',
  /** Its options, as JSON: what the fields of a node do not say. */
  options: 'spiketape.options',
  /** Of weights that belong to a layer of neurons: its place. */
  owner: 'spiketape.owner',
  /** The part that a node has in a layer: 'weight', or one of a composition. */
  part: 'spiketape.part',
  /** Which voltage the layer records: 'before' or 'after' the reset; 'none' where the node has another one. */
  voltage: 'spiketape.voltage',
  /** A time step in ms, of the layer. */
  milliseconds: 'spiketape.dt_ms',
  /** The time step in seconds with which the file is to be read. */
  dt: 'spiketape.dt',
} as const;

/** The time step in seconds that a graph names, if it does. @throws when that is none */
export function stepIn(graph: NirGraph): number | undefined {
  const dt = numberOf(graph, KEYS.dt);
  if (dt === undefined || (dt > 0 && Number.isFinite(dt))) return dt;
  throw new Error(`the graph's metadata '${KEYS.dt}' must be a finite number of seconds above 0, got ${dt}`);
}

/** Options that say how a layer computes, and not with what numbers. */
const SEMANTIC = [
  'dt',
  'decay',
  'spikeTest',
  'reset',
  'resetMoment',
  'record',
  'detachReset',
  'inputGain',
  'synapticGain',
  'synapticDelay',
  'delay',
  'semantics',
  'surrogate',
  'refractory',
  'learn',
];

/** @param label the layer's place and kind */
export function layerMetadata(layer: Layer, label: string): Record<string, NirValue> {
  const given = (layer.config.options ?? {}) as Record<string, unknown>;
  const kept = Object.fromEntries(SEMANTIC.filter((n) => given[n] !== undefined).map((n) => [n, given[n]]));
  const metadata: Record<string, NirValue> = { [KEYS.label]: label };
  if (Object.keys(kept).length) metadata[KEYS.options] = JSON.stringify(kept);
  if (typeof given.dt === 'number') metadata[KEYS.milliseconds] = scalar(given.dt);
  return metadata;
}

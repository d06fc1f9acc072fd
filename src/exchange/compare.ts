import type { Sequential } from '../layers/sequential.ts';
import type { Activity, Sample } from './activity.ts';
import { simulate } from './simulate.ts';

/** A spike may differ only where the net is this close to the threshold, in thresholds. */
export const NEAR = 1e-5;
/** Voltages and outputs may differ by this much of 1 + |v|. */
export const TOLERANCE = 1e-5;

/** How what another program made of a net differs from what the net does. */
export interface Comparison {
  /** Places in [T, B, N] of all spiking layers, and the spikes that the net has there. */
  readonly places: number;
  readonly spikes: number;
  /** Where the net, going on from the other program's spikes, would have fired and that did not, or the other way round. */
  readonly differ: number;
  /** The largest distance from the threshold, in thresholds, at which a spike differs; 0 where none does. */
  readonly distance: number;
  /** Places at which the two trains of spikes differ, each left to itself: one difference makes others. */
  readonly apart: number;
  /** Largest |difference| / (1 + |v|) of recorded voltages; null where the other program tells none. */
  readonly voltage: number | null;
  /** The same of what the net puts out. */
  readonly output: number;
  /** Layers whose neurons never fired. */
  readonly silent: readonly string[];
  /** No spike differs but at the threshold, voltages and outputs are equal within the tolerance. */
  readonly equal: boolean;
}

/**
 * Judges what another program made of a net. The net is driven by the other one's spikes, so that one that differs at the threshold does
 * not hide the rest.
 *
 * @param activity must have the spikes of every spiking layer under the layer's label
 * @param own what the net does by itself, where that is known (`simulate`)
 * @throws when it is not an activity of this net on this sample, naming the layer
 */
export async function compare(
  net: Sequential,
  sample: Sample,
  activity: Activity,
  own?: Activity,
): Promise<Comparison> {
  const alone = own ?? (await simulate(net, sample));
  const others = new Map(activity.layers.map((layer) => [layer.label, layer]));
  for (const { label, spikes } of alone.layers) {
    if (!spikes) continue;
    const given = others.get(label)?.spikes;
    if (!given) throw new Error(`compare: the activity has no spikes of layer ${label}`);
    if (given.length !== spikes.length)
      throw new Error(`compare: layer ${label} must have ${spikes.length} spikes [T, B, N], got ${given.length}`);
  }
  const imposed = new Map(activity.layers.flatMap(({ label, spikes }) => (spikes ? [[label, spikes]] : [])));
  const driven = await simulate(net, sample, { spikes: imposed });
  if (activity.outputs.length !== driven.outputs.length)
    throw new Error(`compare: expected ${driven.outputs.length} outputs, got ${activity.outputs.length}`);

  const voltages = driven.layers.flatMap(({ label, voltage }) => {
    const given = others.get(label)?.voltage;
    return voltage && given ? [largest(given, voltage)] : [];
  });
  const spiking = alone.layers.flatMap(({ label, spikes }) => (spikes ? [{ label, spikes }] : []));
  const output = largest(activity.outputs, driven.outputs);
  const voltage = voltages.length ? Math.max(...voltages) : null;
  const { count, largest: distance } = driven.flips;
  return {
    places: spiking.reduce((n, { spikes }) => n + spikes.length, 0),
    spikes: spiking.reduce((n, { spikes }) => n + spikes.reduce((a, b) => a + b, 0), 0),
    differ: count,
    distance,
    apart: spiking.reduce((n, { label, spikes }) => n + unequal(spikes, imposed.get(label)!), 0),
    voltage,
    output,
    silent: spiking.filter(({ spikes }) => !spikes.includes(1)).map(({ label }) => label),
    equal: !(distance >= NEAR) && !(output > TOLERANCE) && !((voltage ?? 0) > TOLERANCE),
  };
}

/** Largest difference relative to 1 + |expected|; infinite where one of the two is not a number. */
function largest(given: ArrayLike<number>, expected: Float64Array): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(given[i]! - expected[i]!) / (1 + Math.abs(expected[i]!));
    if (!(off <= worst)) worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  }
  return worst;
}

const unequal = (a: Float64Array, b: ArrayLike<number>): number => a.reduce((n, x, i) => n + (x === b[i] ? 0 : 1), 0);

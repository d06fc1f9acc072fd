import type { Counts, Sizes } from './counts.ts';
import { denseEnergyOf, type Energy, energyOf, type LeftOut, NEEDED } from './energy.ts';
import type { Hardware } from './hardware.ts';

/** A layer with all that an estimate needs of it. */
export interface Layer {
  readonly name: string;
  readonly kind: string;
  readonly counts: Counts;
  readonly sizes: Sizes;
}

/** The energy of an inference on one kind of hardware, in picojoules; null where it has no figures for what is needed. */
export interface Estimate {
  readonly hardware: Hardware;
  readonly layers: readonly { readonly name: string; readonly spiking: Energy | null; readonly dense: Energy | null }[];
  /** Of the net. */
  readonly spiking: Energy | null;
  /** Of the same net without spikes: every connection at every step. */
  readonly dense: Energy | null;
  /** Of an LSTM of the same size, where the net has a recurrent layer. */
  readonly lstm: Energy | null;
  /** What is in none of the above, for want of a figure. */
  readonly leftOut: readonly string[];
}

export function estimate(
  layers: readonly Layer[],
  lstm: readonly Layer[] | null,
  hardware: readonly Hardware[],
): Estimate[] {
  return hardware.map((on) => {
    const missing = { net: new Map(), dense: new Map(), lstm: new Map() } as Record<string, LeftOut>;
    const each = layers.map(({ name, counts, sizes }) => {
      const spiking = energyOf(counts, sizes, on, missing.net!);
      // what neither spikes nor gets spikes is the same in both
      const same = counts.dense === counts.multiplyAccumulates && counts.updates === 0 && counts.spikes === 0;
      const without = same ? energyOf : denseEnergyOf;
      return { name, spiking, dense: without(counts, sizes, on, missing.dense!) };
    });
    const spiking = total(each.map((l) => l.spiking));
    const dense = total(each.map((l) => l.dense));
    const twin = lstm && total(lstm.map(({ counts, sizes }) => energyOf(counts, sizes, on, missing.lstm!)));
    return {
      hardware: on,
      layers: each,
      spiking,
      dense,
      lstm: twin,
      leftOut: [
        ...said('of the net', spiking, missing.net!),
        ...said('of the same without spikes', dense, missing.dense!),
        ...said('of the LSTM', twin, missing.lstm!),
      ],
    };
  });
}

/** Where there is no estimate, what it is for want of. */
const said = (whose: string, energy: Energy | null, leftOut: LeftOut): string[] =>
  [...leftOut]
    .filter(([what]) => energy || NEEDED.includes(what))
    .map(([what, count]) => `${Math.round(count).toLocaleString('en-US')} ${what} ${whose}`);

function total(parts: readonly (Energy | null)[]): Energy | null {
  const sum = { operations: 0, memory: 0, total: 0 };
  for (const part of parts) {
    if (!part) return null;
    sum.operations += part.operations;
    sum.memory += part.memory;
    sum.total += part.total;
  }
  return sum;
}

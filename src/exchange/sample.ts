import seedrandom from 'seedrandom';
import type { Sequential } from '../layers/sequential.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import type { Sample } from './activity.ts';
import { simulate } from './simulate.ts';

export interface SampleOptions {
  /** Steps (200). */
  readonly T?: number;
  /** Samples (2). */
  readonly B?: number;
  readonly seed?: number;
}

/** Share of inputs that fire, from sparse to dense, and what they count then. */
const LEVELS = [
  [0.05, 1],
  [0.1, 1],
  [0.2, 1],
  [0.5, 1],
  [0.5, 3],
  [0.5, 10],
] as const;
/** Mean spikes per neuron and step at which a comparison sees most: often above the threshold, often below. */
const AIM = 0.1;

/**
 * Random inputs under which the net's neurons fire, as far as any of these does that: a comparison of silent nets says nothing. Spikes where
 * they suffice, larger numbers where the weights are too small for spikes.
 */
export async function makeSample(net: Sequential, options: SampleOptions = {}): Promise<Sample> {
  onlyKnown('makeSample', options, ['T', 'B', 'seed']);
  const { T = 200, B = 2, seed = 0 } = options;
  let best: { sample: Sample; off: number } | null = null;
  for (const [share, size] of LEVELS) {
    const random = seedrandom(`sample ${seed} ${share} ${size}`);
    const inputs = Float32Array.from({ length: T * B * net.inputs }, () => (random() < share ? size : 0));
    const sample = { T, B, N: net.inputs, inputs };
    const { layers } = await simulate(net, sample);
    const rates = layers.flatMap(({ spikes }) => (spikes ? [mean(spikes)] : []));
    // the quietest layer decides: every one is to be seen
    const off = rates.length ? Math.abs(Math.log(Math.max(1e-6, Math.min(...rates)) / AIM)) : 0;
    if (!best || off < best.off) best = { sample, off };
    if (off < Math.log(2)) break;
  }
  return best!.sample;
}

const mean = (x: Float64Array): number => x.reduce((a, b) => a + b, 0) / x.length;

import type { Activity, Sample, Trace } from '../../src/exchange/activity.ts';
import { compare, NEAR, TOLERANCE } from '../../src/exchange/compare.ts';
import { type NpyArray, numbersOf } from '../../src/exchange/numpy/index.ts';
import { simulate } from '../../src/exchange/simulate.ts';
import type { Sequential } from '../../src/layers/sequential.ts';

/** What a tool made of a net. */
export interface Outcome {
  readonly verdict: 'equal' | 'wrong' | 'refused';
  /** Of a refusal, what it said. */
  readonly said: string;
  /** Spikes of our net, and those that differ. */
  readonly spikes: number | null;
  readonly differ: number | null;
  /** The largest |x| at which one differs. */
  readonly distance: number | null;
  readonly voltage: number | null;
  readonly output: number | null;
  /** Tensors that are the same, where nothing was run. */
  readonly tensors: number | null;
}

const nothing = { spikes: null, differ: null, distance: null, voltage: null, output: null, tensors: null };

export const refusal = (said: string): Outcome => ({ ...nothing, verdict: 'refused', said });

/** The same numbers under the same names. */
export const sameTensors = (tensors: number): Outcome => ({ ...nothing, verdict: 'equal', said: '', tensors });

/** Spikes of a program that admits of no rounding. */
export function sameSpikes({ layers }: Activity, arrays: ReadonlyMap<string, NpyArray>): Outcome {
  let [count, differ] = [0, 0];
  for (const { label, spikes } of layers) {
    const given = numbersOf(arrays.get(`spikes.${label.split(' ')[0]}`)!);
    spikes?.forEach((z, i) => {
      count += z;
      differ += z === given[i] ? 0 : 1;
    });
  }
  return { ...nothing, verdict: differ === 0 ? 'equal' : 'wrong', said: '', spikes: count, differ };
}

/** What the neurons of each net are called. */
const alone = new WeakMap<Sequential, Activity>();

/**
 * Judges what a tool saw: arrays `output`, `spikes.PLACE`, `voltage.PLACE`, [T, B, N].
 *
 * @param inOrder the arrays count the layers of neurons in place of naming their places
 * @param after voltages are those after the reset, whatever our layers record: they count where there is no spike
 */
export async function judged(
  net: Sequential,
  sample: Sample,
  arrays: ReadonlyMap<string, NpyArray>,
  { inOrder = false, after = false } = {},
): Promise<Outcome> {
  if (!alone.has(net)) alone.set(net, await simulate(net, sample));
  const own = alone.get(net)!;
  const layers = own.layers.map(({ label, N, spikes }, i): Trace => {
    const place = inOrder ? String(i) : label.split(' ')[0]!;
    const of = (name: string) => {
      const array = arrays.get(`${name}.${place}`);
      return array ? numbersOf(array) : null;
    };
    return { label, N, spikes: spikes && of('spikes'), voltage: of('voltage') };
  });
  const outputs = arrays.get('output');
  if (!outputs) throw new Error('the judge gave no output');
  const seen: Activity = { T: sample.T, B: sample.B, layers, outputs: numbersOf(outputs) };
  const activity = after ? await withoutResets(net, sample, seen) : seen;
  const { spikes, differ, distance, voltage, output } = await compare(net, sample, activity, own);
  const equal = !(distance >= NEAR) && !(output > TOLERANCE) && !((voltage ?? 0) > TOLERANCE);
  const verdict = equal ? 'equal' : 'wrong';
  // nets without spikes are judged by what they put out
  if (!layers.some((layer) => layer.spikes)) return { ...nothing, verdict, said: '', voltage, output };
  return { ...nothing, verdict, said: '', spikes, differ, distance, voltage, output };
}

/** Where there is a spike, the voltage that our net has there. */
async function withoutResets(net: Sequential, sample: Sample, seen: Activity): Promise<Activity> {
  const spikes = new Map(seen.layers.flatMap((layer) => (layer.spikes ? [[layer.label, layer.spikes]] : [])));
  const { layers } = await simulate(net, sample, { spikes });
  return {
    ...seen,
    layers: seen.layers.map((layer, i) => ({
      ...layer,
      voltage: layer.voltage?.map((v, k) => (layer.spikes?.[k] ? layers[i]!.voltage![k]! : v)) ?? null,
    })),
  };
}

import type { Current } from './fold.ts';
import type { CubaForm } from './neuron.ts';
import type { FloatLayer } from './quantise.ts';

/** A layer's numbers with one threshold, before they are integers. */
export interface InUnits extends FloatLayer {
  /** By neuron, where thresholds differ: what the common one is in its own. */
  readonly units: Float64Array | null;
  readonly lost: readonly string[];
}

/**
 * A layer's numbers with gains taken into the weights, one threshold and one decay. Neurons with different thresholds are the same neurons in different units:
 * their weights are divided, and nothing is lost. Different decays are, and become their mean.
 */
export function inUnits(
  form: CubaForm,
  { weight, bias, window }: Current,
  recurrent: Float64Array | null,
  N: number,
): InUnits | string {
  const lost: string[] = [];
  const one = (what: string, values: readonly number[]): number => {
    if (values.length === 1) return values[0]!;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const [low, high] = [Math.min(...values), Math.max(...values)].map((x) => x.toPrecision(4));
    lost.push(
      `the decays of the ${what} of its neurons, ${low} .. ${high}, become their mean, ${mean.toPrecision(4)}: NetX has one a layer`,
    );
    return mean;
  };
  const { gain, threshold } = form;
  const even = gain.length === 1 && threshold.length === 1;
  if (window && !even)
    return 'has gains or thresholds that differ between neurons of a channel, which share their weights in a convolution';
  const common = Math.max(...threshold);
  const units = threshold.length === 1 ? null : Float64Array.from({ length: N }, (_, n) => threshold[n]! / common);
  const factor = (n: number): number => gain[gain.length === 1 ? 0 : n]! / (units ? units[n]! : 1);
  const times = (x: Float64Array | null): Float64Array | null =>
    x?.map((w, i) => w * factor(window ? 0 : Math.floor(i / (x.length / N)))) ?? null;
  const scaled = times(bias);
  return {
    weight: times(weight)!,
    recurrent: times(recurrent),
    bias: scaled?.some((b) => b !== 0) ? scaled : null,
    threshold: common,
    alpha: form.synaptic ? one('synaptic currents', form.alpha) : null,
    beta: one('voltages', form.beta),
    units,
    lost,
  };
}

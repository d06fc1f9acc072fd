import { digits, type Finding, finding, LIMITS, listed } from './finding.ts';

/** What a layer's neurons did over some steps, one number a neuron each. */
export interface LayerActivity {
  readonly label: string;
  readonly spikes: ArrayLike<number>;
  readonly smallest: ArrayLike<number>;
  readonly largest: ArrayLike<number>;
  /** Valid steps over all samples. */
  readonly steps: number;
  /** Of each neuron, or one for all. */
  readonly threshold: ArrayLike<number>;
}

/** Dead and saturated neurons, and voltages far outside the threshold's range. */
export function judgeActivity(layer: LayerActivity): Finding[] {
  const { label, spikes, steps } = layer;
  const N = spikes.length;
  const all = [...Array(N).keys()];
  const found: Finding[] = [];
  const dead = all.filter((n) => spikes[n] === 0);
  if (dead.length > 0 && dead.length >= LIMITS.share * N)
    found.push(
      finding('dead', label, dead.length / N, `${dead.length} of ${N} neurons never spike: ${listed(dead)}`, dead),
    );
  const loud = all.filter((n) => spikes[n]! >= LIMITS.saturated * steps);
  if (loud.length > 0 && loud.length >= LIMITS.share * N)
    found.push(
      finding(
        'saturated',
        label,
        loud.length / N,
        `${loud.length} of ${N} neurons spike at ${LIMITS.saturated * 100} % of the steps or more: ${listed(loud)}`,
        loud,
      ),
    );
  const theta = (n: number): number => layer.threshold[layer.threshold.length === 1 ? 0 : n]!;
  const far = (n: number): number => Math.max(Math.abs(layer.smallest[n]!), Math.abs(layer.largest[n]!)) / theta(n);
  const outside = all.filter((n) => far(n) > LIMITS.voltage);
  if (outside.length > 0) {
    const worst = outside.reduce((a, b) => (far(b) > far(a) ? b : a));
    const low = Math.abs(layer.smallest[worst]!) >= Math.abs(layer.largest[worst]!);
    const value = (low ? layer.smallest[worst]! : layer.largest[worst]!) / theta(worst);
    found.push(
      finding(
        'voltage',
        label,
        value,
        `the voltage of ${outside.length} of ${N} neurons leaves +-${LIMITS.voltage} thresholds; neuron ${worst} reaches ${digits(value)} thresholds`,
        outside,
      ),
    );
  }
  return found;
}

/**
 * Neurons that fire in bursts: silent for long, then at step after step.
 *
 * @param z spikes [T, B, N] @param lengths valid steps of each sample
 */
export function judgeBursts(
  label: string,
  z: Float32Array,
  [T, B, N]: readonly number[],
  lengths: ArrayLike<number>,
): Finding[] {
  const { share, spikes, rate } = LIMITS.burst;
  const bursting: number[] = [];
  let worst = 0;
  const steps = Array.from(lengths).reduce((a, b) => a + b, 0);
  for (let n = 0; n < N!; n++) {
    let [count, following] = [0, 0];
    for (let b = 0; b < B!; b++) {
      let last = 0;
      for (let t = 0; t < T!; t++) {
        const now = z[(t * B! + b) * N! + n]!;
        count += now;
        following += now * last;
        last = now;
      }
    }
    if (count < spikes || count >= rate * steps || following <= share * count) continue;
    bursting.push(n);
    worst = Math.max(worst, following / count);
  }
  if (bursting.length < LIMITS.share * N! || bursting.length === 0) return [];
  const text = `${bursting.length} of ${N} neurons fire in bursts, up to ${digits(100 * worst)} % of their spikes at the step after another: ${listed(bursting)}`;
  return [finding('bursting', label, worst, text, bursting)];
}

import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Twin of cross_entropy: softmax cross entropy over the last valid steps of each sample, and its gradient. */
export const crossEntropy: Twin = (c) => {
  const { T, B, window, weight_slot } = c.dims as Record<'T' | 'B' | 'window' | 'weight_slot', number>;
  const N = c.constant('N');
  const pitch = 4 * quads(N);
  const weight = c.slot(weight_slot);
  const [outputs, labels, result] = [c.of('outputs'), c.of('labels'), c.of('result')];
  const grad = c.flag('HAS_GRAD') ? c.of('grad') : null;
  grad?.fill(0);
  for (let b = 0; b < B; b++) {
    const length = c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : T;
    const steps = Array.from({ length: Math.min(length, window) }, (_, i) => length - Math.min(length, window) + i);
    const at = (t: number): Float64Array => outputs.subarray((t * B + b) * pitch, (t * B + b) * pitch + N);
    const label = labels[b]!;
    const mean = Float64Array.from(
      { length: N },
      (_, n) => steps.reduce((sum, t) => sum + at(t)[n]!, 0) / Math.max(1, steps.length),
    );
    let loss = 0;
    for (const t of steps) {
      const { value, derivative } = softmax(c.flag('PER_STEP') ? at(t) : mean, label);
      loss += value / steps.length;
      for (let n = 0; n < N; n++) if (grad) grad[(t * B + b) * pitch + n] = (weight / steps.length) * derivative[n]!;
    }
    const prediction = mean.indexOf(Math.max(...mean));
    const counted = steps.length > 0;
    result.set([weight * loss, counted && prediction === label ? 1 : 0, prediction, counted ? label : -1], 4 * b);
  }
};

/** -log softmax(o)[label] and its derivative by o. */
function softmax(o: Float64Array, label: number): { value: number; derivative: Float64Array } {
  const largest = Math.max(...o);
  const e = o.map((x) => Math.exp(x - largest));
  const total = e.reduce((a, b) => a + b, 0);
  return {
    value: Math.log(total) + largest - o[label]!,
    derivative: e.map((x, n) => x / total - (n === label ? 1 : 0)),
  };
}

import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Twin of van_rossum: every difference filtered by a sum over all steps before it, no recursion. */
export const vanRossum: Twin = (c) => {
  const { T, B, numbers } = c.dims as Record<'T' | 'B' | 'numbers', number>;
  const N = c.constant('N');
  const pitch = 4 * quads(N);
  const [outputs, targets, result] = [c.of('outputs'), c.of('targets'), c.of('result')];
  const [weight, decay, scale] = [c.slot(numbers), c.slot(numbers + 1), c.slot(numbers + 2) / N];
  const grad = c.flag('HAS_GRAD') ? c.of('grad') : null;
  grad?.fill(0);
  for (let b = 0; b < B; b++) {
    const length = c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : T;
    const weightAt = (t: number): number => (c.flag('HAS_MASK') ? c.of('mask')[t * B + b]! : 1);
    let [value, count] = [0, 0];
    for (let t = 0; t < length; t++) {
      count += weightAt(t);
      for (let n = 0; n < N; n++) {
        const at = (s: number): number => (s * B + b) * pitch + n;
        let filtered = 0;
        for (let s = 0; s <= t; s++) filtered += decay ** (t - s) * (outputs[at(s)]! - targets[at(s)]!);
        value += scale * weightAt(t) * filtered ** 2;
        if (!grad) continue;
        for (let s = 0; s <= t; s++) grad[at(s)]! += 2 * weight * scale * weightAt(t) * filtered * decay ** (t - s);
      }
    }
    result.set([weight * value, 0, -1, count > 0 ? 0 : -1], 4 * b);
  }
};

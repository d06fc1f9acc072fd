import { uniform } from '../kernels/random.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Twin of dropout: a neuron of a sample is dropped at every step or at none. */
export const dropout: Twin = (c) => {
  const { T, B, N, first, stream, slots } = c.dims as Record<'T' | 'B' | 'N' | 'first' | 'stream' | 'slots', number>;
  const pitch = 4 * quads(N);
  const [x, y] = [c.of(c.flag('BITS') ? 'spikes' : 'x'), c.of('y')];
  const [p, scale] = [c.slot(slots), c.slot(slots + 1)];
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < pitch; n++) {
      const kept = n < N && uniform(c.seed, stream, c.step, b * N + n) >= p;
      for (let t = 0; t < T; t++) {
        const at = (t * B + b) * pitch + n;
        y[at] = kept ? scale * x[first * pitch + at]! : 0;
      }
    }
  }
};

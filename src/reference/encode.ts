import { type EncodingPlan, fires } from '../kernels/encode.ts';
import { uniform } from '../kernels/random.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

type Numbers = [number, number, number, number, number];

/** Twin of encode: neuron by neuron and step by step, from the same random numbers. */
export const encode: Twin = (c) => {
  const {
    T,
    B,
    N,
    input_pitch: pitchIn,
    stream,
    slots,
  } = c.dims as Record<'T' | 'B' | 'N' | 'input_pitch' | 'stream' | 'slots', number>;
  const [gain, threshold, low, high, width] = [0, 1, 2, 3, 4].map((i) => c.slot(slots + i)) as Numbers;
  // what shapes the kernel is that of the first step of this form, the numbers are this step's
  const plan = { ...(c.call.twin as EncodingPlan), numbers: { gain, threshold, low, high, width } };
  const [x, spikes] = [c.of('x'), c.of('spikes')];
  const pitch = 4 * quads(N);
  spikes.fill(0);
  for (let b = 0; b < B; b++) {
    const length = c.flag('HAS_LENGTHS') ? c.of('lengths')[b]! : T;
    const value = (t: number, n: number): number => x[((c.flag('STILL') ? 0 : t) * B + b) * pitchIn + n]!;
    for (let t = 0; t < length; t++) {
      for (let n = 0; n < N; n++) {
        const draw = (): number => uniform(c.seed, stream, c.step, (t * B + b) * N + n);
        spikes[(t * B + b) * pitch + n] = fires(plan, { t, n, T: length }, value, draw) ? 1 : 0;
      }
    }
  }
};

import { quads } from '../kernels/sizes.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Twin of linear: y = x E (+ bias). */
export const linear: Twin = (c) => product(c, c.of('x'), 4 * c.dims.KQ!);

/** Twin of linear_spikes: the same product, spikes being numbers. */
export const linearSpikes: Twin = (c) => product(c, c.of('bits'), 4 * quads((c.call.twin as { K: number }).K));

function product(c: TwinCall, x: Float64Array, K: number): void {
  const { first, M, row0, Q, weights, bias } = c.dims as Record<
    'first' | 'M' | 'row0' | 'Q' | 'weights' | 'bias',
    number
  >;
  const [effective, y] = [c.of('effective'), c.of('y')];
  for (let m = first; m < M; m++) {
    for (let n = 0; n < 4 * Q; n++) {
      let sum = c.flag('HAS_BIAS') ? effective[4 * bias + n]! : 0;
      for (let k = 0; k < K; k++) sum += x[m * K + k]! * effective[4 * (weights + k * Q) + n]!;
      y[(m - row0) * 4 * Q + n] = sum;
    }
  }
}

/** Twin of weight_gradient: dW[post, pre] (+)= sum over rows of dy[post] x[pre]. */
export const weightGradient: Twin = (c) => {
  const { first, M, row0, K, N } = c.dims as Record<'first' | 'M' | 'row0' | 'K' | 'N', number>;
  const [x, dy] = [c.of('x'), c.of('dy')];
  const [KP, NP] = [4 * quads(K), 4 * quads(N)];
  for (let post = 0; post < N; post++) {
    for (let pre = 0; pre < K; pre++) {
      let sum = 0;
      for (let m = first; m < M; m++) sum += dy[(m - row0) * NP + post]! * x[m * KP + pre]!;
      addTo(c, post * K + pre, sum);
    }
  }
};

/** Twin of sum_rows: the sum of each column, or of everything. */
export const sumRows: Twin = (c) => {
  const { rows, N, source } = c.dims as Record<'rows' | 'N' | 'source', number>;
  const x = c.of('x');
  const sums = Array.from({ length: N }, (_, n) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += x[4 * source + r * 4 * quads(N) + n]!;
    return sum;
  });
  if (c.flag('PER_LAYER'))
    addTo(
      c,
      0,
      sums.reduce((a, b) => a + b, 0),
    );
  else sums.forEach((sum, n) => addTo(c, n, sum));
};

/** Writes a gradient, or adds it to what an earlier call of the step wrote. */
function addTo(c: TwinCall, at: number, value: number): void {
  const grads = c.of('grads');
  const i = c.dims.dest! + at;
  grads[i] = (c.dims.accumulate ? grads[i]! : 0) + value;
}

import type { Twin, TwinCall } from './twin.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The shares by which neuron n's gate works at step t: s = sigmoid(b), o = sigmoid(g_t). */
function sharesOf(c: TwinCall, t: number, n: number): { s: number; o: number } {
  const { Q, b_at, g_at } = c.dims as Record<'Q' | 'b_at' | 'g_at', number>;
  const effective = c.of('effective');
  return { s: sigmoid(effective[4 * b_at + n]!), o: sigmoid(effective[4 * (g_at + t * Q) + n]!) };
}

/** Twin of gate: y = x (1 - s (1 - o_t)). */
export const gate: Twin = (c) => {
  const { T, B, Q } = c.dims as Record<'T' | 'B' | 'Q', number>;
  const [x, y] = [c.of('x'), c.of('y')];
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      for (let n = 0; n < 4 * Q; n++) {
        const { s, o } = sharesOf(c, t, n);
        const at = (t * B + b) * 4 * Q + n;
        y[at] = x[at]! * (1 - s * (1 - o));
      }
    }
  }
};

/** Twin of gate_backward. */
export const gateBackward: Twin = (c) => {
  const { T, B, N, Q, steps, dest, accumulate } = c.dims as Record<
    'T' | 'B' | 'N' | 'Q' | 'steps' | 'dest' | 'accumulate',
    number
  >;
  const [x, dy, dx, dB] = [c.of('x'), c.of('dy'), c.of('dx'), c.of('d_b')];
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < 4 * Q; n++) {
      const { s, o } = sharesOf(c, t, n);
      let sum = 0;
      for (let b = 0; t < T && b < B; b++) {
        const at = (t * B + b) * 4 * Q + n;
        dx[at] = dy[at]! * (1 - s * (1 - o));
        sum += dy[at]! * x[at]!;
      }
      if (t < T) dB[t * 4 * Q + n] = -s * (1 - s) * (1 - o) * sum;
      if (c.flag('LEARN_G') && n < N) {
        const grads = c.of('grads');
        const at = dest + t * N + n;
        grads[at] = (accumulate ? grads[at]! : 0) + s * o * (1 - o) * sum;
      }
    }
  }
};

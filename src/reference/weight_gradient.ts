import { quads } from '../kernels/sizes.ts';
import { JOBS, type JobField, NONE } from '../kernels/weight_gradient.ts';
import type { Twin } from './twin.ts';

/** Twin of weight_gradient_spikes: of each job dW[post, pre] (+)= sum over b, t of dI_t[post] z_{t - shift}[pre]. */
export const weightGradientSpikes: Twin = (c) => {
  const grads = c.of('grads');
  for (let j = 0; j < JOBS; j++) {
    const dim = (name: JobField): number => c.dims[`${name}_${j}`]!;
    if (dim('first') === NONE) continue;
    const [K, N, B, shift, dest] = [dim('K'), dim('N'), dim('B'), dim('shift'), dim('dest')];
    const [t0, t1, row0] = [dim('t0'), dim('t1'), dim('row0')];
    const [accumulate, noDiagonal] = [dim('accumulate') === 1, dim('no_diagonal') === 1];
    const [spikes, dCurrent] = [c.of(`spikes_${j}`), c.of(`d_current_${j}`)];
    const [KP, NP] = [4 * quads(K), 4 * quads(N)];
    const spike = (t: number, b: number, pre: number): number => {
      if (t >= 0) return spikes[(t * B + b) * KP + pre]!;
      return dim('start_z') === NONE ? 0 : c.of('start')[(dim('start_z') * B + b) * KP + pre]!;
    };
    for (let post = 0; post < N; post++) {
      for (let pre = 0; pre < K; pre++) {
        let sum = 0;
        for (let t = t0; t < t1; t++) {
          for (let b = 0; b < B; b++) sum += dCurrent[((t - row0) * B + b) * NP + post]! * spike(t - shift, b, pre);
        }
        if (noDiagonal && post === pre) sum = 0;
        const at = dest + post * K + pre;
        grads[at] = (accumulate ? grads[at]! : 0) + sum;
      }
    }
  }
};

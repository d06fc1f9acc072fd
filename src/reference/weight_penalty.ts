import { PENALTY_SHARE } from '../kernels/loss.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Numbers of one row of the table, in the order of the shader's struct Entry. */
const FIELDS = 6;

/** Twin of weight_penalty: L1 or L2 of effective weights, and its gradient. */
export const weightPenalty: Twin = (c) => {
  const [table, effective, partial] = [c.of('table'), c.of('effective'), c.of('partial')];
  const weight = c.slot(c.dims.weight_slot!);
  const squares = c.flag('SQUARES');
  partial.fill(0);
  for (let e = 0; e < c.dims.entries!; e++) {
    const [begin, first, post, pre, dest, accumulate] = table.subarray(
      FIELDS * e,
      FIELDS * (e + 1),
    ) as unknown as number[] as [number, number, number, number, number, number];
    for (let to = 0; to < post; to++) {
      for (let from = 0; from < pre; from++) {
        const w = effective[4 * (first + from * quads(post)) + to]!;
        const i = to * pre + from;
        partial[Math.floor((begin + i) / PENALTY_SHARE)]! += weight * (squares ? w * w : Math.abs(w));
        if (!c.flag('HAS_GRAD')) continue;
        const grads = c.of('grads');
        grads[dest + i] = (accumulate ? grads[dest + i]! : 0) + weight * (squares ? 2 * w : Math.sign(w));
      }
    }
  }
};

import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Twin of add: result[offset + i] = a[source + i] (+ b[i]), counted in quads. */
export const add: Twin = (c) => {
  const { count, source, offset } = c.dims as Record<'count' | 'source' | 'offset', number>;
  const [a, result] = [c.of('a'), c.of('result')];
  const b = c.flag('HAS_B') ? c.of('b') : null;
  for (let i = 0; i < 4 * count; i++) result[4 * offset + i] = a[4 * source + i]! + (b ? b[i]! : 0);
};

/** Twin of gather_rows: each result row is the sum of the listed rows of a and b. */
export const gatherRows: Twin = (c) => {
  const { rows, Q, rows_a } = c.dims as Record<'rows' | 'Q' | 'rows_a', number>;
  const [table, a, result] = [c.of('table'), c.of('a'), c.of('result')];
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < 4 * Q; i++) {
      let sum = 0;
      for (let k = table[r]!; k < table[r + 1]!; k++) {
        const row = table[rows + 1 + k]!;
        sum += row < rows_a ? a[row * 4 * Q + i]! : c.of('b')[(row - rows_a) * 4 * Q + i]!;
      }
      result[r * 4 * Q + i] = sum;
    }
  }
};

/** Twin of to_dense: what was packed is one number a value here already. */
export const toDense: Twin = (c) => {
  const { M, N, scale } = c.dims as Record<'M' | 'N' | 'scale', number>;
  const [packed, result] = [c.of('packed'), c.of('result')];
  const pitch = 4 * quads(N);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < pitch; n++) result[m * pitch + n] = n < N ? scale * packed[m * pitch + n]! : 0;
  }
};

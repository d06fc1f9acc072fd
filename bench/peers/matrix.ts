import type { BenchCase } from '../cases.ts';

/** Rows and columns, [post, pre], of a case's matrices. */
export const sizesOf = ({ inputs, hidden, outputs }: BenchCase): Record<string, [post: number, pre: number]> => ({
  weight: [hidden, inputs],
  recurrent: [hidden, hidden],
  readout: [outputs, hidden],
});

/** [rows, columns] as [columns, rows]. */
export function transposed(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}

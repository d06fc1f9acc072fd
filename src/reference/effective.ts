import { floatOf } from './float_bits.ts';
import { roundToHalf } from './half.ts';
import type { Twin } from './twin.ts';

/** Numbers of one row of the table, in the order of the shader's struct Entry. */
const FIELDS = 14;
const BY_POST = 1;
const PER_NEURON = 2;
const NONE = 0xffffffff;

/** Twin of effective: stored parameters in the orientations, the range and the precision in which kernels read them. */
export const effective: Twin = (c) => {
  const [table, params, out] = [c.of('table'), c.of('params'), c.of('effective')];
  for (let e = 0; e < c.dims.entries!; e++) {
    const entry = table.subarray(FIELDS * e, FIELDS * (e + 1));
    const [first, rows, quads, source, post, pre, form, noDiagonal] = entry as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const [lowest, highest] = [floatOf(entry[8]!), floatOf(entry[9]!)];
    const [mask, signs, signRow, half] = [entry[10]!, entry[11]!, entry[12]!, entry[13]!];
    const stored = (row: number, lane: number): number => {
      if (form === PER_NEURON) return lane < post ? params[source + (pre === 1 ? 0 : lane)]! : 0;
      const [to, from] = form === BY_POST ? [row, lane] : [lane, row];
      if (to >= post || from >= pre || (noDiagonal && to === from)) return 0;
      if (mask !== NONE && params[mask + to * pre + from] === 0) return 0;
      const w = params[source + to * pre + from]!;
      return signs !== NONE && w * params[signs + to * signRow + from]! < 0 ? 0 : w;
    };
    for (let row = 0; row < rows; row++) {
      for (let lane = 0; lane < 4 * quads; lane++) {
        const value = Math.min(highest, Math.max(lowest, stored(row, lane)));
        out[4 * (first + row * quads) + lane] = half ? roundToHalf(value) : value;
      }
    }
  }
};

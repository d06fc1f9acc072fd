import type { Twin } from './twin.ts';

/** Numbers of one row of the table, in the order of the shader's struct Entry. */
const FIELDS = 10;
const BY_POST = 1;
const PER_NEURON = 2;

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The float32 whose bits a table holds. */
function floatOf(word: number): number {
  bits[0] = word;
  return asFloat[0]!;
}

/** Twin of effective: stored parameters in the orientations and the range in which kernels read them. */
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
    const stored = (row: number, lane: number): number => {
      if (form === PER_NEURON) return lane < post ? params[source + (pre === 1 ? 0 : lane)]! : 0;
      const [to, from] = form === BY_POST ? [row, lane] : [lane, row];
      if (to >= post || from >= pre || (noDiagonal && to === from)) return 0;
      return params[source + to * pre + from]!;
    };
    for (let row = 0; row < rows; row++) {
      for (let lane = 0; lane < 4 * quads; lane++) {
        out[4 * (first + row * quads) + lane] = Math.min(highest, Math.max(lowest, stored(row, lane)));
      }
    }
  }
};

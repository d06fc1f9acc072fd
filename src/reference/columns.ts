import type { Twin } from './twin.ts';

/** Twin of copy_columns: result[m][at + i] = source[m][first + i] for i < count, 0 up to `written`. */
export const copyColumns: Twin = (c) => {
  const { M, count, written, first, at, pitch_from, pitch_to } = c.dims as Record<
    'M' | 'count' | 'written' | 'first' | 'at' | 'pitch_from' | 'pitch_to',
    number
  >;
  const [source, result] = [c.of('source'), c.of('result')];
  for (let m = 0; m < M; m++) {
    for (let i = 0; i < written; i++)
      result[m * pitch_to + at + i] = i < count ? source[m * pitch_from + first + i]! : 0;
  }
};

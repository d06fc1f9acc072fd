export { loadDigits } from './digits.ts';
export { type Digits, parseDigitsCsv } from './digits-csv.ts';
export type { LabelledImages } from './images.ts';
export { type SplitOptions, split } from './split.ts';

import { Dataset } from 'spiketape';
import { type Digits, loadDigits, split } from 'spiketape/datasets';

export interface DigitSequences {
  readonly digits: Digits;
  readonly train: Dataset;
  readonly test: Dataset;
  /** Which of the digits the test set holds, in its order. */
  readonly testItems: Uint32Array;
  /** Steps at the end at which the answer is due. */
  readonly cue: number;
  /** What is shown when. */
  readonly phases: { from: number; to: number; label: string }[];
}

/** Steps that each row, or pixel, is shown for, and steps of the cue. */
const TIMING = { rows: { shown: 3, cue: 6 }, pixels: { shown: 1, cue: 8 } } as const;

/**
 * Each image as a sequence: its rows one after another (8 inputs), or its pixels (1 input), then cue steps, which one
 * further input marks. A seeded fifth is held out, with the classes mixed as in the whole.
 */
export async function digitSequences(order: 'rows' | 'pixels', seed: number): Promise<DigitSequences> {
  const digits = await loadDigits();
  const { shown, cue } = TIMING[order];
  const pieces = order === 'rows' ? 8 : 64;
  const width = 64 / pieces;
  const [steps, inputs] = [pieces * shown + cue, width + 1];
  const values = new Float32Array(digits.count * steps * inputs);
  for (let i = 0; i < digits.count; i++) {
    for (let t = 0; t < steps; t++) {
      const at = (i * steps + t) * inputs;
      const piece = Math.floor(t / shown);
      if (piece < pieces) values.set(digits.images.subarray(i * 64 + piece * width, i * 64 + (piece + 1) * width), at);
      else values[at + width] = 1;
    }
  }
  const all = new Dataset({ steps, inputs, values, labels: digits.labels });
  const [train, test] = split(digits.count, { fractions: [0.8, 0.2], seed, labels: digits.labels });
  const perRow = (pieces * shown) / 8;
  const rows = Array.from({ length: 8 }, (_, r) => ({ from: r * perRow, to: (r + 1) * perRow, label: `row ${r + 1}` }));
  return {
    digits,
    train: all.subset(train),
    test: all.subset(test),
    testItems: test,
    cue,
    phases: [...rows, { from: pieces * shown, to: steps, label: 'cue' }],
  };
}

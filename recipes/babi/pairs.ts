import { type Lists, listsOf, turned } from './rows.ts';

/** What of a batch of stories is there: its sentences as rows of one larger batch, and their pairs. */
export interface Structure {
  /** Rows of the sentence net, and of the relation net; those from `sentences.length` and `pairs` on are empty. */
  readonly rows: number;
  readonly pairRows: number;
  /** [sentence, sample] of each row of the sentence net. */
  readonly sentences: readonly (readonly [k: number, b: number])[];
  readonly pairs: number;
  /** Over `steps` steps: what each row of the relation net is made of (two sentences, then the question). */
  readonly forward: Lists;
  readonly ofSentences: Lists;
  /** The pairs of each sample, and the sample of each pair. */
  readonly ofSamples: Lists;
  readonly sampleOf: Lists;
}

/** Few sizes, so that few forms of a step are compiled: at most a quarter more than there is. */
export function roundedUp(n: number): number {
  const grain = Math.max(4, 2 ** (Math.floor(Math.log2(n)) - 2));
  return grain * Math.ceil(n / grain);
}

/**
 * All pairs (i, j) with i <= j of the sentences of each story, and only of those that are there.
 *
 * @param there how many sentences each sample has, [B]
 * @param steps time steps of the relation net
 */
export function structureOf(there: readonly number[], steps: number): Structure {
  const B = there.length;
  const sentences: [number, number][] = [];
  const made: [i: number, j: number, b: number][] = [];
  there.forEach((count, b) => {
    const first = sentences.length;
    for (let k = 0; k < count; k++) sentences.push([k, b]);
    for (let i = 0; i < count; i++) for (let j = i; j < count; j++) made.push([first + i, first + j, b]);
  });
  const [rows, pairRows] = [roundedUp(sentences.length), roundedUp(made.length)];
  const R = 2 * rows;
  // a sentence's row holds what it gives as the first of a pair, then what it gives as the second
  const forward = listsOf(steps * pairRows, 3 * steps * pairRows, (r, add) => {
    const [t, pair] = [Math.floor(r / pairRows), made[r % pairRows]];
    if (!pair) return;
    const [i, j, b] = pair;
    add(t * R + 2 * i);
    add(t * R + 2 * j + 1);
    add(steps * R + t * B + b);
  });
  const sampleOf = listsOf(steps * pairRows, steps * pairRows, (r, add) => {
    const pair = made[r % pairRows];
    if (pair) add(Math.floor(r / pairRows) * B + pair[2]);
  });
  const P = steps * pairRows;
  return {
    rows,
    pairRows,
    sentences,
    pairs: made.length,
    forward,
    ofSentences: turned(forward, P, 0, steps * R, 2 * P),
    ofSamples: turned(sampleOf, P, 0, steps * B, P),
    sampleOf,
  };
}

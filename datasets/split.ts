import seedrandom from 'seedrandom';

export interface SplitOptions<F extends readonly number[] = readonly number[]> {
  /** The share of each part, above 0, together 1. */
  fractions: F;
  /** The same seed gives the same split, everywhere. */
  seed: number | string;
  /** One label an item, shape [count]: every part then holds about the same mixture of labels as the whole. */
  labels?: ArrayLike<number>;
}

/**
 * Divides the items 0 .. count - 1 at random into parts; every item lands in exactly one part.
 * Sizes are off by less than one item with two parts; so is then each label's number in a part, with `labels`, by less
 * than two.
 *
 * @returns one array of item numbers a fraction, in random order
 * @throws Error when count, a fraction, the seed or the labels cannot be used, or a part would be empty
 */
export function split<const F extends readonly number[]>(
  count: number,
  { fractions, seed, labels }: SplitOptions<F>,
): { -readonly [K in keyof F]: Uint32Array } {
  checkCount(count);
  checkFractions(fractions);
  checkSeed(seed);
  if (labels !== undefined) checkLabels(labels, count);
  const random = seedrandom(String(seed));

  const order = shuffle(
    Uint32Array.from({ length: count }, (_, i) => i),
    random,
  );
  // A stable sort keeps the random order within a label.
  if (labels !== undefined) order.sort((a, b) => (labels[a] as number) - (labels[b] as number));

  // Each item goes to the part that is furthest behind its share. With items grouped by label this shares out every
  // label as evenly as the whole.
  const parts: number[][] = fractions.map(() => []);
  order.forEach((item, position) => {
    let neediest = 0;
    let largest = Number.NEGATIVE_INFINITY;
    fractions.forEach((fraction, p) => {
      const behind = fraction * (position + 1) - (parts[p] as number[]).length;
      if (behind > largest) {
        largest = behind;
        neediest = p;
      }
    });
    (parts[neediest] as number[]).push(item);
  });

  const shuffled = parts.map((part, p) => {
    if (part.length === 0) {
      throw new Error(
        `split: fractions[${p}] = ${fractions[p]} of count ${count} leaves a part empty; expected at least one item`,
      );
    }
    return shuffle(Uint32Array.from(part), random);
  });
  return shuffled as { -readonly [K in keyof F]: Uint32Array };
}

/** Fisher-Yates, in place. */
function shuffle(items: Uint32Array, random: () => number): Uint32Array {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = items[last] as number;
    items[last] = items[other] as number;
    items[other] = held;
  }
  return items;
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 0xffffffff) {
    throw new Error(`split: count is ${count}, expected an integer of at least 1 (and below 2^32)`);
  }
}

function checkFractions(fractions: readonly number[]): void {
  if (!Array.isArray(fractions) || fractions.length === 0) {
    throw new Error(`split: fractions is ${JSON.stringify(fractions)}, expected a list such as [0.8, 0.2]`);
  }
  fractions.forEach((fraction, p) => {
    if (typeof fraction !== 'number' || !(fraction > 0 && fraction <= 1)) {
      throw new Error(`split: fractions[${p}] is ${fraction}, expected a number above 0 and at most 1`);
    }
  });
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  if (Math.abs(sum - 1) > 1e-6) {
    throw new Error(`split: fractions [${fractions.join(', ')}] add up to ${sum}, expected 1`);
  }
}

function checkSeed(seed: number | string): void {
  if (typeof seed !== 'string' && !Number.isFinite(seed)) {
    throw new Error(`split: seed is ${seed}, expected a finite number or a string`);
  }
}

function checkLabels(labels: ArrayLike<number>, count: number): void {
  if (labels.length !== count) {
    throw new Error(`split: labels has ${labels.length} entries, expected count = ${count}`);
  }
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(labels[i])) throw new Error(`split: labels[${i}] is ${labels[i]}, expected a finite number`);
  }
}

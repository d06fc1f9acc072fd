import seedrandom from 'seedrandom';

/** 0 .. count - 1. */
export const inOrder = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

/** 0 .. count - 1 in an order that the seed decides (Fisher & Yates). */
export function shuffled(count: number, seed: string): Uint32Array {
  const random = seedrandom(seed);
  const order = inOrder(count);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

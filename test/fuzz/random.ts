import seedrandom from 'seedrandom';

/** Numbers at which readers break: ends of integer types, of exact doubles, and next to them. */
const EDGES: readonly bigint[] = [7n, 8n, 15n, 16n, 24n, 31n, 32n, 40n, 53n, 62n, 63n, 64n].flatMap((bits) => [
  2n ** bits - 1n,
  2n ** bits,
  -(2n ** bits),
]);

/** A source of choices that is the same whenever its seed is. */
export class Random {
  readonly next: () => number;

  constructor(seed: string) {
    this.next = seedrandom(seed);
  }

  /** A whole number in [0, n); 0 for n 0. */
  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }

  /** Short lengths far more often than long ones, in [1, most]. */
  length(most: number): number {
    return Math.max(1, Math.floor(most ** this.next()));
  }

  /** A number at an edge, or near `known`, which is what the file has there. */
  edge(known: bigint): bigint {
    const kind = this.int(6);
    if (kind === 0) return BigInt(this.int(4));
    if (kind === 1) return known + BigInt(this.int(9) - 4);
    if (kind === 2) return known * BigInt(2 + this.int(4));
    if (kind === 3) return -1n - BigInt(this.int(3));
    return this.pick(EDGES) - BigInt(this.int(2));
  }
}

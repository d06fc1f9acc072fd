import seedrandom from 'seedrandom';

/** Numbers for checks: the same for the same seed. */
export class Random {
  readonly uniform: () => number;

  constructor(seed: string | number) {
    this.uniform = seedrandom(String(seed));
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  normals(length: number, scale = 1): Float32Array {
    return Float32Array.from({ length }, () => scale * this.normal());
  }

  /** Zeros and ones, ones with probability p. */
  spikes(length: number, p: number): Float32Array {
    return Float32Array.from({ length }, () => (this.uniform() < p ? 1 : 0));
  }

  /** Values in [low, high). */
  between(length: number, low: number, high: number): number[] {
    return Array.from({ length }, () => low + (high - low) * this.uniform());
  }
}

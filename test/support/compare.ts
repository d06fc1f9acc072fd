import { type Comparison, type Difference, NEAR, RARE, TOLERANCE } from '../../src/check/compare.ts';

export * from '../../src/check/compare.ts';

/** What several comparisons found, checked as they come in. */
export class Tally {
  readonly #largest = new Map<string, number>();
  #spikes = 0;
  #compared = 0;
  #flips = 0;
  #nearest = 0;
  #worst: Difference = { name: 'nothing', relative: 0, magnitude: 0 };

  /** @throws when a tensor differs by more than TOLERANCE, or a spike where it must not */
  add(what: string, { differences, flips, spikes }: Comparison): void {
    for (const d of differences) {
      if (!(d.relative < TOLERANCE)) {
        throw new Error(
          `${what}: ${d.name} differs by ${d.relative.toExponential(2)} of its largest magnitude ${d.magnitude.toExponential(2)}`,
        );
      }
      if (d.relative > this.#worst.relative) this.#worst = { ...d, name: `${d.name} (${what})` };
      this.#largest.set(d.name, Math.max(this.#largest.get(d.name) ?? 0, d.magnitude));
    }
    if (flips.largest >= NEAR)
      throw new Error(`${what}: a spike differs where the reference has |x| = ${flips.largest}`);
    this.#spikes += spikes;
    this.#compared += flips.compared;
    this.#flips += flips.count;
    this.#nearest = Math.max(this.#nearest, flips.largest);
  }

  /**
   * @param zero names of tensors that are 0 by the equations
   * @throws when too many spikes differed, another tensor was 0 throughout, or the neurons were too silent or too loud
   */
  finish(log: (...values: unknown[]) => void, zero: readonly string[] = []): void {
    log(`largest difference ${this.#worst.relative.toExponential(1)}: ${this.#worst.name}`);
    for (const [name, magnitude] of this.#largest) {
      if ((magnitude === 0) !== zero.includes(name))
        throw new Error(`the largest magnitude of ${name} was ${magnitude} in all comparisons`);
    }
    if (this.#compared === 0) return;
    const share = this.#spikes / this.#compared;
    log(
      `${this.#flips} of ${this.#compared} spikes differ (largest |x| ${this.#nearest.toExponential(1)}), ${(100 * share).toFixed(1)} % fire`,
    );
    if (this.#flips > RARE * this.#compared) throw new Error(`${this.#flips} of ${this.#compared} spikes differ`);
    if (share < 0.03 || share > 0.4)
      throw new Error(`${(100 * share).toFixed(1)} % of the neurons fire, too few or too many to test with`);
  }
}

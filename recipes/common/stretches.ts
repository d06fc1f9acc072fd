import type { EpochResult, FitProgress, Snapshot } from 'spiketape';

/** Means over the samples of a part of an epoch. */
export interface Stretch {
  /** Where it ends, in epochs: 1.25 after a quarter of the second. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** What an epoch amounts to up to a moment. */
type Sofar = Pick<FitProgress, 'samples' | 'loss' | 'accuracy'>;

/** Into so many stretches a training is cut; what is left of an epoch is one more, or part of its last. */
const STRETCHES = 60;

const nothing: Sofar = { samples: 0, loss: 0, accuracy: 0 };

/**
 * The course of a training within its epochs, which may be few and take an hour each. What `fit` reports is the mean
 * over the epoch so far; from two reports follows the mean over the samples between them.
 */
export class Stretches {
  readonly list: Stretch[] = [];
  readonly #least: number;
  /** The epoch at hand, and what was reported where its stretches begin: the last is where the next one does. */
  #epoch = 0;
  #begins: Sofar[] = [nothing];

  /**
   * @param samples of an epoch
   * @param from where the training goes on; of the `earlier` stretches those up to there are kept
   */
  constructor(
    readonly samples: number,
    epochs: number,
    from: Snapshot | null = null,
    earlier: readonly Stretch[] = [],
  ) {
    this.#least = (samples * epochs) / STRETCHES;
    if (!from) return;
    const { samples: seen, loss, correct, predicted } = from.sums.steps;
    this.#epoch = from.epoch;
    this.#begins = [{ samples: seen, loss: loss / Math.max(1, seen), accuracy: correct / predicted }];
    this.list.push(...earlier.filter(({ epoch }) => epoch <= from.epoch - 1 + seen / samples));
  }

  /** @returns whether a stretch has ended */
  add(now: FitProgress): boolean {
    this.#enter(now.epoch);
    if (now.samples - this.#begins.at(-1)!.samples < this.#least) return false;
    this.#push(now);
    return true;
  }

  /** The epoch's end, which no report of its progress tells of. */
  end(now: EpochResult): void {
    this.#enter(now.epoch);
    const left = now.samples - this.#begins.at(-1)!.samples;
    if (left === 0) return;
    // too little for a mean of its own
    if (left < this.#least / 2 && this.#begins.length > 1) {
      this.#begins.pop();
      this.list.pop();
    }
    this.#push(now);
  }

  #enter(epoch: number): void {
    if (epoch !== this.#epoch) this.#begins = [nothing];
    this.#epoch = epoch;
  }

  #push(now: Sofar): void {
    const last = this.#begins.at(-1)!;
    const mean = (what: 'loss' | 'accuracy'): number =>
      (now[what] * now.samples - (last.samples > 0 ? last[what] * last.samples : 0)) / (now.samples - last.samples);
    const epoch = this.#epoch - 1 + now.samples / this.samples;
    this.list.push({ epoch, loss: mean('loss'), accuracy: mean('accuracy') });
    this.#begins.push(now);
  }
}

import type { FitProgress } from 'spiketape';

/** Means over the samples of a part of an epoch. */
export interface Stretch {
  /** Where it ends, in epochs: 1.25 after a quarter of the second. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Stretches of a training at most. */
const MOST = 60;
/** From so many epochs on, these are points enough for a curve. */
const MANY_EPOCHS = 20;

/**
 * The course of a training within its epochs, where they are few and may take an hour each. What `fit` reports is the mean
 * over the epoch so far; from two reports follows the mean over the samples between them.
 */
export class Stretches {
  readonly list: Stretch[];
  readonly #samples: number;
  readonly #least: number;
  /** The report at the end of the last stretch. */
  #last: FitProgress | null = null;
  /** Whether what the next report tells of began before this part of the training. */
  #resumed: boolean;

  /**
   * @param samples of an epoch
   * @param from where the training goes on, in epochs; of the `earlier` stretches those up to there are kept
   */
  constructor(samples: number, epochs: number, from = 0, earlier: readonly Stretch[] = []) {
    this.list = earlier.filter(({ epoch }) => epoch <= from);
    this.#samples = samples;
    this.#least = epochs < MANY_EPOCHS ? (samples * epochs) / MOST : Number.POSITIVE_INFINITY;
    this.#resumed = from % 1 > 0;
  }

  /** @returns whether a stretch has ended */
  add(now: FitProgress): boolean {
    const { epoch, samples } = now;
    if (this.#resumed) this.#last = now;
    this.#resumed = false;
    const last = this.#last?.epoch === epoch ? this.#last : { samples: 0, loss: 0, accuracy: 0 };
    const count = samples - last.samples;
    if (count < this.#least) return false;
    const mean = (what: 'loss' | 'accuracy'): number => (now[what] * samples - last[what] * last.samples) / count;
    this.list.push({ epoch: epoch - 1 + samples / this.#samples, loss: mean('loss'), accuracy: mean('accuracy') });
    this.#last = now;
    return true;
  }
}

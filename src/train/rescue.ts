import type { Engine } from '../autograd/engine.ts';
import type { Settings } from './options.ts';
import type { Progress } from './progress.ts';
import type { Snapshot } from './snapshot.ts';

/** Losses of the device in a row that end training. */
const LOSSES = 3;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Keeps a snapshot in memory, and gets a training back to it when the device is lost. */
export class Rescue {
  #snapshot: Snapshot | null = null;
  #taking: Promise<void> | null = null;
  #at = 0;
  /** Since the snapshot. */
  #losses = 0;

  constructor(
    readonly engine: Engine,
    readonly options: Settings,
    readonly progress: Progress,
  ) {}

  /** Takes one now. Not on a device that cannot be lost. */
  async keep(): Promise<void> {
    if (!this.engine.lost || !this.options.recover) return;
    // otherwise at once: a tick comes between two steps, and its numbers are those of that moment
    if (this.#taking) await this.#taking;
    this.#at = performance.now();
    this.#snapshot = await this.progress.snapshot();
    this.#losses = 0;
  }

  /** Takes one when it is time, while steps go on. */
  tick(): void {
    if (this.#taking || performance.now() - this.#at < 1000 * this.options.recover) return;
    // what went wrong turns up in the steps as well
    this.#taking = this.keep()
      .catch(() => undefined)
      .then(() => {
        this.#taking = null;
      });
  }

  /**
   * Asks for a new device after an error, if it was the device's loss.
   *
   * @returns where to go on
   * @throws the error if it was another; after three losses without a snapshot between them one that says so, with what was
   *   last kept saved
   */
  async recover(error: unknown): Promise<Snapshot> {
    const { engine, options } = this;
    const snapshot = this.#snapshot;
    // an error may come a moment before the loss that it is of
    if (!snapshot || !(await Promise.race([engine.lost, pause(100)]))) throw error;
    for (let cause = error; ; await pause(1000)) {
      const { message } = cause as Error;
      if (++this.#losses >= LOSSES) {
        await options.checkpoint?.save(snapshot, 'abort');
        throw new Error(`fit: the device was lost ${LOSSES} times in a row, the last time so: ${message}`, { cause });
      }
      try {
        await engine.revive();
        options.onWarning(
          `fit: ${message}; training goes on from epoch ${snapshot.epoch}, batch ${snapshot.batch + 1}, on ${engine.device.name}`,
        );
        return snapshot;
      } catch (failed) {
        cause = failed;
      }
    }
  }
}

import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { RESULT } from '../loss/result.ts';
import { validSteps } from './evaluate.ts';
import type { Monitor } from './monitor.ts';
import type { Window } from './windows.ts';

/** Steps between two readings of the loss; the device gathers what happened in between. */
const READ_EVERY = 8;

/** Norms of the gradients over some steps, before clipping. */
export interface GradientNorm {
  readonly mean: number;
  readonly largest: number;
}

interface Waiting {
  tape: Tape;
  norm: Tensor | null;
  windows: Window[];
}

/** Reads what steps reported while the next ones run. */
export class Readings {
  readonly #pending: Promise<void>[] = [];
  /** Steps whose reports wait on the device, by the form of the step. */
  readonly #waiting = new Map<object, Waiting>();
  readonly #norms = { count: 0, sum: 0, largest: 0 };
  #failure: unknown = null;

  constructor(readonly monitor: Monitor) {}

  /** Of the steps read so far; null where it was not reported. */
  get gradientNorm(): GradientNorm | null {
    const { count, sum, largest } = this.#norms;
    return count > 0 ? { mean: sum / count, largest } : null;
  }

  /** Takes note of a step that has run. @throws what an earlier reading found wrong */
  step(tape: Tape, window: Window, norm: Tensor | null): void {
    const { form } = tape;
    const windows = this.#waiting.get(form)?.windows ?? [];
    windows.push(window);
    this.#waiting.set(form, { tape, norm, windows });
    if (windows.length >= READ_EVERY) this.#read(form);
    if (this.#failure) throw this.#failure;
  }

  /** Reads what is left, so that nothing of this epoch turns up in the next. */
  async done(): Promise<void> {
    for (const form of [...this.#waiting.keys()]) this.#read(form);
    await Promise.all(this.#pending);
    if (this.#failure) throw this.#failure;
  }

  #addNorm(norm: number): void {
    this.#norms.count++;
    this.#norms.sum += norm;
    this.#norms.largest = Math.max(this.#norms.largest, norm);
  }

  #read(form: object): void {
    const { tape, norm, windows } = this.#waiting.get(form)!;
    this.#waiting.delete(form);
    const reading = tape.collect().then((all) => {
      all.forEach((reports, k) => {
        onlyEnds(reports[0]!, windows[k]!);
        this.monitor.add(tape, reports, validSteps(windows[k]!.batch));
        if (norm) this.#addNorm(reports[tape.reports.indexOf(norm)]![0]!);
      });
      const { loss } = this.monitor.score;
      if (!Number.isFinite(loss))
        throw new Error(`fit: the loss is ${loss}; lower the learning rate, or look for extreme values in the data`);
    });
    this.#pending.push(
      reading.catch((error) => {
        this.#failure ??= error;
      }),
    );
  }
}

/** Leaves in a loss's result the samples that end in the window, as means over these. */
function onlyEnds(result: Float32Array, { ends, before, after }: Window): void {
  if (!before && !after) return;
  const ending = ends.filter((x) => x).length;
  ends.forEach((here, b) => {
    if (here) result[4 * b + RESULT.loss]! *= ends.length / ending;
    else if (Number.isFinite(result[4 * b + RESULT.loss]!)) {
      result[4 * b + RESULT.loss] = 0;
      result[4 * b + RESULT.label] = -1;
    }
  });
}

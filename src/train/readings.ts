import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { RESULT } from '../loss/result.ts';
import { validSteps } from './evaluate.ts';
import { Monitor, type MonitorSums } from './monitor.ts';
import type { Window } from './windows.ts';

/** Steps of a form between two readings of the loss; the device gathers what happened in between. */
const READ_EVERY = 8;

/** Norms of the gradients over some steps, before clipping. */
export interface GradientNorm {
  readonly mean: number;
  readonly largest: number;
}

/** What the steps of an epoch so far add up to. */
export interface Sums {
  readonly steps: MonitorSums;
  readonly norms: { readonly count: number; readonly sum: number; readonly largest: number };
}

/** Reads what steps reported while the next ones run, and adds it up in the order of the steps, whenever it arrives. */
export class Readings {
  readonly monitor = new Monitor();
  readonly #norms = { count: 0, sum: 0, largest: 0 };
  /** Steps whose reports wait on the device. */
  #waiting: (readonly [form: object, window: Window])[] = [];
  /** A step of each of their forms. */
  #forms = new Map<object, { readonly tape: Tape; readonly norm: Tensor | null }>();
  /** Ends when everything that was read is added. */
  #added: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  /** @param sums to go on from */
  constructor(sums?: Sums) {
    Object.assign(this.monitor.sums, sums?.steps);
    Object.assign(this.#norms, sums?.norms);
  }

  /** Of the steps read so far; null where it was not reported. */
  get gradientNorm(): GradientNorm | null {
    const { count, sum, largest } = this.#norms;
    return count > 0 ? { mean: sum / count, largest } : null;
  }

  /** Takes note of a step that has run. @throws what an earlier reading found wrong */
  step(tape: Tape, window: Window, norm: Tensor | null): void {
    this.#waiting.push([tape.form, window]);
    this.#forms.set(tape.form, { tape, norm });
    if (this.#waiting.length >= READ_EVERY * this.#forms.size) this.#read();
    if (this.#failure) throw this.#failure;
  }

  /** Reads what is left, so that nothing of this epoch turns up in the next. */
  async done(): Promise<void> {
    await this.sums();
  }

  /** The sums of all steps up to now, whatever runs while they are read. */
  async sums(): Promise<Sums> {
    this.#read();
    // whoever adds more waits for the same promise, later than this
    await this.#added;
    if (this.#failure) throw this.#failure;
    return { steps: { ...this.monitor.sums }, norms: { ...this.#norms } };
  }

  #read(): void {
    const [steps, forms, before] = [this.#waiting, this.#forms, this.#added];
    this.#waiting = [];
    this.#forms = new Map();
    const arriving = [...forms].map(async ([form, { tape }]) => [form, await tape.collect()] as const);
    this.#added = Promise.all(arriving)
      .then(async (arrived) => {
        await before;
        const reports = new Map(arrived);
        for (const [form, window] of steps) this.#add(window, reports.get(form)!.shift()!, forms.get(form)!);
        const { loss } = this.monitor.score;
        if (!Number.isFinite(loss))
          throw new Error(`fit: the loss is ${loss}; lower the learning rate, or look for extreme values in the data`);
      })
      .catch((error) => {
        this.#failure ??= error;
      });
  }

  #add(window: Window, reports: readonly Float32Array[], { tape, norm }: { tape: Tape; norm: Tensor | null }): void {
    onlyEnds(reports[0]!, window);
    this.monitor.add(tape, reports, validSteps(window.batch));
    if (!norm) return;
    const value = reports[tape.reports.indexOf(norm)]![0]!;
    this.#norms.count++;
    this.#norms.sum += value;
    this.#norms.largest = Math.max(this.#norms.largest, value);
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

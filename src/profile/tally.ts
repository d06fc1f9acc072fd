import type { Call } from '../device/device.ts';
import type { Dispatch } from '../gpu/step.ts';

interface Sums {
  readonly label: string;
  readonly kernel: string;
  dispatches: number;
  steps: number;
  ms: number;
  bytes: number;
}

/** Adds up steps and their dispatches, by operation and kernel. */
export class Tally {
  steps = 0;
  submits = 0;
  readonly #rows = new Map<string, Sums>();

  get rows(): Iterable<Sums> {
    return this.#rows.values();
  }

  /** A step is about to run. */
  step(dispatches: readonly Dispatch[]): void {
    this.steps++;
    const seen = new Set<Sums>();
    for (const { call, bytes, lastOfSubmit } of dispatches) {
      const row = this.#row(call);
      row.dispatches++;
      if (lastOfSubmit) this.submits++;
      if (!seen.has(row)) row.steps++;
      seen.add(row);
      row.bytes += bytes;
    }
  }

  /** How long one of its dispatches took. */
  measured(call: Call, ms: number): void {
    this.#row(call).ms += ms;
  }

  #row({ label, kernel }: Call): Sums {
    let row = this.#rows.get(label);
    if (!row) {
      const operation = label.replace(` (${kernel.name})`, '');
      row = { label: operation, kernel: kernel.name, dispatches: 0, steps: 0, ms: 0, bytes: 0 };
      this.#rows.set(label, row);
    }
    return row;
  }
}

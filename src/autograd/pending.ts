import { byteLength, type Storage } from '../device/storage.ts';
import { JOBS } from '../kernels/weight_gradient.ts';
import type { Parameter } from './parameter.ts';

/** A weight matrix whose gradient is gathered from spikes: dW (+)= sum over t0 <= t < t1 of dI_t z_{t - shift}^T. */
export interface SpikeGradient {
  readonly label: string;
  readonly weight: Parameter;
  /** [T, B, K], the shape of the spikes. */
  readonly shape: readonly number[];
  readonly spikes: Storage;
  /** [rows, B, N]; its first row is step row0. */
  readonly dCurrent: Storage;
  readonly row0: number;
  readonly t0: number;
  readonly t1: number;
  readonly shift: 0 | 1;
  /** Holds the spikes before the first step in its slot `z`. */
  readonly start: Storage | null;
  readonly z: number;
  /** Estimated operations. */
  readonly work: number;
}

/**
 * Bytes of dI above which a matrix does not wait for other layers: what waits holds on to memory that the layers before
 * could use again, and a dispatch is only worth saving where there is little to compute.
 */
export const HELD_BYTES = 16 * 2 ** 20;

/**
 * Gradients of weights that wait for one dispatch of several. They are emitted
 *
 * - when three wait, which is what a dispatch has bindings for;
 * - before one that cannot join: a second one with spikes before the first step, or one of a matrix that waits already, as it
 *   adds to that one's result;
 * - before one with which their dispatch would cost more than `most` operations;
 * - at the end of a node's backward part if one of them holds more than `HELD_BYTES`: it waits for the others of its own
 *   node only;
 * - after each part of time, where layers go through time in parts: its dI is to make room for the next one's;
 * - before a call writes to what one of them reads;
 * - before anything reads the gradients: masks, norm and update; with a layerwise update, after every node.
 *
 * Whether a gradient adds to an earlier one is decided when it is emitted, so other kernels may write to the same matrix in
 * the meantime.
 */
export class PendingGradients {
  readonly #waiting: SpikeGradient[] = [];

  constructor(
    readonly emit: (jobs: readonly SpikeGradient[]) => void,
    readonly most: number,
  ) {}

  add(job: SpikeGradient): void {
    const work = this.#waiting.reduce((sum, w) => sum + w.work, job.work);
    if (work > this.most || this.#waiting.some((w) => w.weight === job.weight || (w.start && job.start))) this.flush();
    this.#waiting.push(job);
    if (this.#waiting.length === JOBS) this.flush();
  }

  /** A call is about to write to this memory. */
  beforeWriting(memory: ReadonlySet<Storage | null | undefined>): void {
    const reads = ({ dCurrent, spikes, start }: SpikeGradient): (Storage | null)[] => [dCurrent, spikes, start];
    if (this.#waiting.some((w) => reads(w).some((s) => s && memory.has(s)))) this.flush();
  }

  /** A node's backward part is complete. */
  nodeDone(): void {
    if (this.#waiting.some((w) => byteLength(w.dCurrent) > HELD_BYTES)) this.flush();
  }

  flush(): void {
    const jobs = this.#waiting.splice(0);
    if (jobs.length > 0) this.emit(jobs);
  }
}

import type { Device, Executable, MemoryReport, Step } from '../device/device.ts';
import { numberCount, type Storage } from '../device/storage.ts';
import { ReferenceStep } from './step.ts';
import type { Twin } from './twin.ts';
import { twins } from './twins.ts';

export interface ReferenceOptions {
  /** A spike's value is the surrogate's primitive instead of the step; the whole net is then differentiable. */
  smooth?: boolean;
  /**
   * Spikes [T, B, N] to use in place of those of the layer with this label (its `use`-th run in the step, from 0); own
   * spikes that differ are counted in `flips`.
   */
  force?: (label: string, use: number) => ArrayLike<number> | undefined;
  /** May change the float64 values of an input, padded as on a device, before every run. */
  adjust?: (name: string, values: Float64Array) => void;
  /** Kernels that a user added, by name, or others in place of the built-in ones. */
  twins?: ReadonlyMap<string, Twin>;
}

/** Own spikes that differed from those imposed: how many, the largest |x| among them, and how many were compared. */
export interface Flips {
  count: number;
  largest: number;
  compared: number;
}

/**
 * Steps on the CPU in float64, each kernel by a twin that is written for reading. Slow, and the judge of everything fast:
 * `new Engine(new ReferenceDevice())` works as the GPU's engine does.
 */
export class ReferenceDevice implements Device {
  readonly name = 'float64 reference';
  readonly limits = { maxWorkgroup: 256, maxBinding: Number.MAX_SAFE_INTEGER };
  readonly features: ReadonlySet<string> = new Set();
  readonly flips: Flips = { count: 0, largest: 0, compared: 0 };
  readonly twins: ReadonlyMap<string, Twin>;
  readonly #persistent = new Map<Storage, Float64Array>();

  constructor(readonly options: ReferenceOptions = {}) {
    this.twins = new Map([...twins, ...(options.twins ?? [])]);
  }

  async compile(step: Step): Promise<Executable> {
    return new ReferenceStep(this, step);
  }

  /** Memory that outlives steps, itself and not a copy: what is written into it is what the next step reads. */
  memory(storage: Storage): Float64Array {
    let values = this.#persistent.get(storage);
    if (!values) {
      values = new Float64Array(numberCount(storage));
      this.#persistent.set(storage, values);
    }
    return values;
  }

  write(storage: Storage, at: number, values: Float32Array): void {
    this.memory(storage).set(values, at);
  }

  async read(storage: Storage, at: number, length: number): Promise<Float32Array> {
    return Float32Array.from(this.memory(storage).subarray(at, at + length));
  }

  free(storage: Storage): void {
    this.#persistent.delete(storage);
  }

  /** Parameters, gradients and moments; what a step uses lives as long as its last results. */
  report(): MemoryReport {
    const liveBytes = [...this.#persistent.values()].reduce((sum, values) => sum + values.byteLength, 0);
    return { liveBytes, liveBuffers: this.#persistent.size, pooledBytes: 0, pooledBuffers: 0 };
  }

  dispose(): void {
    this.#persistent.clear();
  }
}

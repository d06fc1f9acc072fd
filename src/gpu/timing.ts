import type { Call } from '../device/device.ts';
import type { GpuDevice } from './device.ts';
import type { Dispatch } from './step.ts';

/** Encodes the dispatches of steps in place of the steps themselves, and measures each. */
export interface Timer {
  /** @throws when a step cannot begin now */
  ready(): void;
  /** Gives the encoder to go on with. */
  encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[]): GPUCommandEncoder | Promise<GPUCommandEncoder>;
}

/** Takes note of what is measured. */
export interface Notes {
  /** A step begins. */
  step(dispatches: readonly Dispatch[]): void;
  /** One of its dispatches is done. */
  measured(call: Call, ms: number): void;
}

/** Dispatches between two readings at most: two timestamps each, of the 4,096 that a query set may hold. */
const CAPACITY = 2048;

/** Times by timestamps that the GPU itself writes at the beginning and end of a pass; each dispatch gets a pass. */
export class TimestampTimer implements Timer {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #readings = new Set<Promise<void>>();
  #failure: unknown = null;

  constructor(
    readonly gpu: GpuDevice,
    readonly notes: Notes,
  ) {
    const { device } = gpu;
    this.#queries = device.createQuerySet({ label: 'profile', type: 'timestamp', count: 2 * CAPACITY });
    this.#resolved = device.createBuffer({
      label: 'profile',
      size: 16 * CAPACITY,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  ready(): void {}

  encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[]): GPUCommandEncoder {
    this.notes.step(dispatches);
    let calls: Call[] = [];
    for (const dispatch of dispatches) {
      const at = 2 * calls.length;
      encodeAlone(encoder, dispatch, {
        querySet: this.#queries,
        beginningOfPassWriteIndex: at,
        endOfPassWriteIndex: at + 1,
      });
      calls.push(dispatch.call);
      if (!dispatch.lastOfSubmit && calls.length < CAPACITY) continue;
      encoder.resolveQuerySet(this.#queries, 0, 2 * calls.length, this.#resolved, 0);
      this.gpu.submit(encoder);
      this.#read(calls);
      calls = [];
      encoder = this.gpu.device.createCommandEncoder();
    }
    return encoder;
  }

  /** Waits for what is still being read. */
  async end(): Promise<void> {
    await Promise.all(this.#readings);
    this.#queries.destroy();
    this.#resolved.destroy();
    if (this.#failure) throw this.#failure;
  }

  /** The copy is encoded at once: the next submit writes the same queries again. */
  #read(calls: readonly Call[]): void {
    const reading = this.gpu.readBuffer(this.#resolved, 0, 16 * calls.length).then(
      (words) => {
        const times = new BigUint64Array(words.buffer);
        // an adapter may set its clock back between two passes
        calls.forEach((call, i) => {
          this.notes.measured(call, Math.max(0, Number(times[2 * i + 1]! - times[2 * i]!) / 1e6));
        });
      },
      (error) => {
        this.#failure ??= error;
      },
    );
    this.#readings.add(reading);
    void reading.then(() => this.#readings.delete(reading));
  }
}

/**
 * Times on the CPU's clock, where the adapter has no timestamps: each dispatch is submitted by itself and waited for, so
 * that what a submit and its end cost is in every time.
 */
export class WallClockTimer implements Timer {
  #running = false;

  constructor(
    readonly gpu: GpuDevice,
    readonly notes: Notes,
  ) {}

  ready(): void {
    // inputs would be written over those of the step that is being timed
    if (this.#running)
      throw new Error('profile: without timestamps steps are timed one at a time; await each before the next');
  }

  async encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[]): Promise<GPUCommandEncoder> {
    this.#running = true;
    this.notes.step(dispatches);
    try {
      for (const dispatch of dispatches) {
        const alone = this.gpu.device.createCommandEncoder();
        encodeAlone(alone, dispatch);
        // what came before is none of it
        if (dispatch === dispatches[0]) {
          this.gpu.submit(encoder);
          await this.#done();
        }
        const began = performance.now();
        this.gpu.submit(alone);
        await this.#done();
        this.notes.measured(dispatch.call, performance.now() - began);
      }
      return this.gpu.device.createCommandEncoder();
    } finally {
      this.#running = false;
    }
  }

  async end(): Promise<void> {}

  #done(): Promise<undefined> {
    return this.gpu.alive(this.gpu.device.queue.onSubmittedWorkDone());
  }
}

function encodeAlone(
  encoder: GPUCommandEncoder,
  { pipeline, bindings, groups }: Dispatch,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(...groups);
  pass.end();
}

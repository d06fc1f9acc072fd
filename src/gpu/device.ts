import type { Device, Executable, MemoryReport, Step } from '../device/device.ts';
import { byteLength, type Storage } from '../device/storage.ts';
import { type Adapter, requestAdapter } from './adapter.ts';
import { type Counters, Memory } from './memory.ts';
import { Pipelines } from './pipelines.ts';
import { GpuStep } from './step.ts';
import type { Timer } from './timing.ts';

/** Steps that may wait on the device; more would only make the progress shown older. */
const IN_FLIGHT = 3;

export interface GpuOptions {
  /** `navigator.gpu` by default. */
  readonly gpu?: GPU | undefined;
  /** Fills fresh buffers with NaN (for tests). */
  readonly poison?: boolean;
  /** Threads of a workgroup at most, below what the adapter allows (for tests: small layers then need several tiles). */
  readonly maxWorkgroup?: number;
  /** Bytes of a binding at most, below what the adapter allows (for tests: traces are then cut into parts). */
  readonly maxBinding?: number;
  /** Stores weights of half precision two a word (default); false: as rounded float32 (for tests). */
  readonly packedWeights?: boolean;
  /** Estimated operations of a dispatch at most, in place of what suits the adapter (for tests: work is then cut into parts). */
  readonly budget?: number;
  /** Chooses variants of kernels as for a software adapter, or as for a GPU, whatever it is (for tests). */
  readonly software?: boolean;
  /** Optional features to do without although the adapter has them: 'timestamp-query', 'subgroups', 'shader-f16' (for tests). */
  readonly without?: readonly string[];
}

/** WebGPU as a device: owns adapter, memory and pipelines; a lost device ends every pending promise with an error. */
export class GpuDevice implements Device {
  readonly memory: Memory;
  readonly pipelines: Pipelines;
  readonly limits: Device['limits'];
  /** Of the adapter's optional features, those that are switched on. */
  readonly features: ReadonlySet<string>;
  /** Runs the dispatches of all steps while a profile is taken. */
  timer: Timer | null = null;
  readonly #persistent = new Map<Storage, Promise<GPUBuffer>>();
  readonly #ready = new Map<Storage, GPUBuffer>();
  readonly #dummies: GPUBuffer[] = [];
  readonly #inFlight: Promise<unknown>[] = [];
  /** Ends of the promises that wait for the device. */
  readonly #waiting = new Set<(error: Error) => void>();
  #lost: Error | null = null;
  #failure: Error | null = null;

  private constructor(
    readonly adapter: Adapter,
    readonly options: GpuOptions,
  ) {
    const { device } = adapter;
    this.memory = new Memory(device, options.poison ?? false);
    this.pipelines = new Pipelines(this.memory);
    const { limits, features } = device;
    const software = options.software ?? adapter.software;
    this.features = features;
    this.limits = {
      maxWorkgroup: Math.min(
        adapter.threads,
        // what cell_backward keeps of a thread in workgroup memory, besides two counters
        Math.floor(limits.maxComputeWorkgroupStorageSize / 32 - 1),
        options.maxWorkgroup ?? Number.POSITIVE_INFINITY,
      ),
      maxBinding: Math.min(
        limits.maxStorageBufferBindingSize,
        limits.maxBufferSize,
        options.maxBinding ?? Number.POSITIVE_INFINITY,
      ),
      ...(options.budget ? { budget: options.budget } : {}),
      packedWeights: options.packedWeights ?? true,
      software,
    };
    void device.lost.then((info) => {
      this.#lost = new Error(
        `the GPU device was lost (${info.reason || 'unknown reason'}): ${info.message || 'no message'}`,
      );
      this.#failure = this.#lost;
      for (const end of this.#waiting) end(this.#lost);
      this.#waiting.clear();
    });
    device.addEventListener('uncapturederror', (event) => {
      this.#failure ??= new Error(`GPU error: ${event.error.message}`);
    });
  }

  static async open(options: GpuOptions = {}): Promise<GpuDevice> {
    return new GpuDevice(await requestAdapter(options.gpu, options.without), options);
  }

  reopen(): Promise<GpuDevice> {
    return GpuDevice.open(this.options);
  }

  get lost(): Promise<GPUDeviceLostInfo> {
    return this.device.lost;
  }

  get device(): GPUDevice {
    return this.adapter.device;
  }

  get name(): string {
    return this.adapter.name;
  }

  get counters(): Readonly<Counters> {
    return this.memory.counters;
  }

  report(): MemoryReport {
    return this.memory.report();
  }

  compile(step: Step): Promise<Executable> {
    this.check();
    return GpuStep.compile(this, step);
  }

  /** @throws the first error that the device reported outside of a call; nothing that it holds can be trusted then */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * A promise of the device's, ended with an error when the device is lost. (Not by racing it against one promise for the
   * loss: that one would hold every result for as long as the device lives.)
   */
  alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      this.#waiting.add(reject);
      promise.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        // what a device was asked for may fail a moment before its loss is reported, with an error that does not say why
        (error) =>
          setTimeout(() => {
            this.#waiting.delete(reject);
            reject(this.#lost ?? error);
          }, 50),
      );
    });
  }

  submit(encoder: GPUCommandEncoder): void {
    this.device.queue.submit([encoder.finish()]);
    this.memory.counters.submits++;
  }

  /** Waits while too many steps are on their way. */
  async breathe(): Promise<void> {
    const done = this.device.queue.onSubmittedWorkDone();
    // nobody may be waiting for it when it fails
    done.catch(() => undefined);
    this.#inFlight.push(done);
    if (this.#inFlight.length > IN_FLIGHT) await this.alive(this.#inFlight.shift()!);
    this.check();
  }

  /** Stands where a variant of a kernel binds nothing; one per binding, since two must not be written through one. */
  dummy(binding: number): GPUBuffer {
    const known = this.#dummies[binding];
    if (known) return known;
    this.memory.counters.buffers++;
    const made = this.device.createBuffer({ label: 'unused', size: 64, usage: GPUBufferUsage.STORAGE });
    this.#dummies[binding] = made;
    return made;
  }

  /** The buffer of memory that outlives steps; 0 when it is new. */
  persistent(storage: Storage): Promise<GPUBuffer> {
    let buffer = this.#persistent.get(storage);
    if (!buffer) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      buffer = this.memory.take(storage.name, byteLength(storage), usage, false).then((b) => {
        const encoder = this.device.createCommandEncoder();
        encoder.clearBuffer(b);
        this.device.queue.submit([encoder.finish()]);
        const waiting = this.#writes.get(storage);
        for (const { at, values } of waiting ?? [])
          this.device.queue.writeBuffer(b, 4 * at, values as Float32Array<ArrayBuffer>);
        this.#writes.delete(storage);
        this.#ready.set(storage, b);
        return b;
      });
      this.#persistent.set(storage, buffer);
    }
    return buffer;
  }

  /** Writes that came before the buffer was there. */
  readonly #writes = new Map<Storage, { at: number; values: Float32Array }[]>();

  write(storage: Storage, at: number, values: Float32Array): void {
    const buffer = this.#ready.get(storage);
    if (buffer) this.device.queue.writeBuffer(buffer, 4 * at, values as Float32Array<ArrayBuffer>);
    else this.#writes.set(storage, [...(this.#writes.get(storage) ?? []), { at, values: values.slice() }]);
  }

  async read(storage: Storage, at: number, length: number): Promise<Float32Array> {
    this.check();
    // the copy is encoded at once where the buffer is there: what runs next does not show in it
    return this.readBuffer(this.#ready.get(storage) ?? (await this.persistent(storage)), 4 * at, 4 * length);
  }

  /**
   * Copies part of a buffer to the CPU.
   *
   * @param room size of the buffer to read back through, for readings of several sizes that should share one
   * @throws when the device is lost or reported an error
   */
  async readBuffer(buffer: GPUBuffer, offset: number, bytes: number, room = bytes): Promise<Float32Array> {
    this.check();
    if (bytes === 0) return new Float32Array(0);
    const encoder = this.device.createCommandEncoder();
    // the copy is encoded at once, before anything awaits: it must see the buffer as it is now
    const staging = this.memory.takeReadback(room);
    try {
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      this.device.queue.submit([encoder.finish()]);
      await this.alive(staging.mapAsync(GPUMapMode.READ, 0, bytes));
      this.check();
      const words = new Float32Array(staging.getMappedRange(0, bytes).slice(0));
      staging.unmap();
      return words;
    } finally {
      this.memory.give(staging);
    }
  }

  free(storage: Storage): void {
    const buffer = this.#ready.get(storage);
    if (buffer) this.memory.give(buffer);
    this.#ready.delete(storage);
    this.#persistent.delete(storage);
    this.#writes.delete(storage);
  }

  dispose(): void {
    this.device.destroy();
  }
}

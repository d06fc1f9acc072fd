import type { MemoryReport } from '../device/device.ts';

/** Bytes that wait in the pool at most; beyond that, buffers are destroyed when given back. */
const POOL_LIMIT = 256 * 2 ** 20;

/** What has been created on a device; from the second step of one form on, only submits and dispatches grow. */
export interface Counters {
  buffers: number;
  bindGroups: number;
  pipelines: number;
  submits: number;
  dispatches: number;
  /** Milliseconds in which at least one pipeline was being compiled. (Some drivers do part of it in the first dispatch.) */
  compileMs: number;
}

/** Makes buffers, counts them and keeps those that were given back. */
export class Memory {
  readonly counters: Counters = { buffers: 0, bindGroups: 0, pipelines: 0, submits: 0, dispatches: 0, compileMs: 0 };
  readonly #pool = new Map<string, GPUBuffer[]>();
  #live = 0;
  #liveBuffers = 0;
  #pooled = 0;

  /** @param poison fills fresh buffers with NaN, so that a kernel that reads what was never written shows it */
  constructor(
    readonly device: GPUDevice,
    readonly poison: boolean,
  ) {}

  /**
   * @param name of the tensor, for the error
   * @param fill false leaves even a poisoning memory's buffer at 0
   * @throws when the device has no memory left
   */
  async take(name: string, bytes: number, usage: GPUBufferUsageFlags, fill = true): Promise<GPUBuffer> {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    if (size > this.device.limits.maxBufferSize) {
      throw new Error(
        `${name} needs ${size} bytes, the adapter's largest buffer is ${this.device.limits.maxBufferSize}; use a smaller batch or fewer steps`,
      );
    }
    const pooled = this.#pool.get(`${usage} ${size}`)?.pop();
    if (pooled) {
      this.#pooled -= size;
      this.#count(size, 1);
      return pooled;
    }
    this.device.pushErrorScope('out-of-memory');
    const poisoned = this.poison && fill && !(usage & GPUBufferUsage.MAP_READ);
    let buffer: GPUBuffer;
    try {
      buffer = this.device.createBuffer({ label: name, size, usage, mappedAtCreation: poisoned });
      if (poisoned) {
        new Uint32Array(buffer.getMappedRange()).fill(0xffffffff);
        buffer.unmap();
      }
    } catch (error) {
      await this.device.popErrorScope();
      throw new Error(`out of memory: ${name} needs ${size} bytes`, { cause: error });
    }
    const error = await this.device.popErrorScope();
    if (error) throw new Error(`out of memory: ${name} needs ${size} bytes (${error.message})`);
    this.counters.buffers++;
    this.#count(size, 1);
    return buffer;
  }

  /**
   * A buffer to read back through, at once: a copy into it must be encoded before anything awaits. Sizes are powers of
   * two, so that a few buffers serve tensors of all sizes.
   */
  takeReadback(bytes: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const size = 2 ** Math.max(8, Math.ceil(Math.log2(bytes)));
    const pooled = this.#pool.get(`${usage} ${size}`)?.pop();
    if (pooled) this.#pooled -= size;
    else this.counters.buffers++;
    this.#count(size, 1);
    return pooled ?? this.device.createBuffer({ label: 'readback', size, usage });
  }

  /** Makes sure that so many buffers for reading back are there. */
  reserveReadback(bytes: number, count: number): void {
    for (const b of Array.from({ length: count }, () => this.takeReadback(bytes))) this.give(b);
  }

  /** Gives a buffer back. */
  give(buffer: GPUBuffer): void {
    this.#count(buffer.size, -1);
    // what was poisoned once is full of old values now, which is what a reused buffer looks like in real life too
    if (this.#pooled + buffer.size > POOL_LIMIT) return buffer.destroy();
    const key = `${buffer.usage} ${buffer.size}`;
    this.#pool.set(key, [...(this.#pool.get(key) ?? []), buffer]);
    this.#pooled += buffer.size;
  }

  report(): MemoryReport {
    const pooledBuffers = [...this.#pool.values()].reduce((n, list) => n + list.length, 0);
    return { liveBytes: this.#live, liveBuffers: this.#liveBuffers, pooledBytes: this.#pooled, pooledBuffers };
  }

  #count(bytes: number, sign: 1 | -1): void {
    this.#live += sign * bytes;
    this.#liveBuffers += sign;
  }
}

import type { Contents } from '../device/device.ts';
import { byteLength, type Storage } from '../device/storage.ts';
import type { GpuDevice } from './device.ts';

/** Steps whose reports wait on the device before they are read back. */
const CAPACITY = 16;

/** Gathers some tensors' values at every step on the device and reads them back many steps at once, without a stall. */
export class Reports {
  readonly #bytes: number;
  readonly #flushed: Promise<Contents[][]>[] = [];
  #waiting = 0;

  constructor(
    readonly gpu: GpuDevice,
    readonly storages: readonly Storage[],
    readonly ring: GPUBuffer,
  ) {
    this.#bytes = Reports.stepBytes(storages);
    // one being read while the next is filled: from the second step on nothing is created
    gpu.memory.reserveReadback(Reports.ringBytes(storages), 2);
  }

  static stepBytes(storages: readonly Storage[]): number {
    return storages.reduce((n, s) => n + byteLength(s), 0);
  }

  static ringBytes(storages: readonly Storage[]): number {
    return CAPACITY * Reports.stepBytes(storages);
  }

  /** Appends the copies of one step's reports to an encoder. */
  encode(encoder: GPUCommandEncoder, bufferOf: (s: Storage) => GPUBuffer): void {
    let at = this.#waiting * this.#bytes;
    for (const s of this.storages) {
      encoder.copyBufferToBuffer(bufferOf(s), 0, this.ring, at, byteLength(s));
      at += byteLength(s);
    }
    this.#waiting++;
  }

  /** To be called after the submit: starts reading back when the ring is full. */
  submitted(): void {
    if (this.#waiting === CAPACITY) this.#flush();
  }

  /** Starts reading back whatever waits. */
  flush(): void {
    if (this.#waiting > 0) this.#flush();
  }

  async collect(): Promise<Contents[][]> {
    this.flush();
    return (await Promise.all(this.#flushed.splice(0))).flat();
  }

  #flush(): void {
    const steps = this.#waiting;
    this.#waiting = 0;
    const read = this.gpu.readBuffer(this.ring, 0, steps * this.#bytes, CAPACITY * this.#bytes).then((words) =>
      Array.from({ length: steps }, (_, i) => {
        let at = (i * this.#bytes) / 4;
        return this.storages.map((s): Contents => {
          const n = byteLength(s) / 4;
          at += n;
          return { packed: true, words: words.subarray(at - n, at) };
        });
      }),
    );
    // a failure belongs to whoever collects; until then it must not count as unhandled
    read.catch(() => undefined);
    this.#flushed.push(read);
  }
}

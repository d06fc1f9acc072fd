import type { Device } from '../device/device.ts';
import type { Storage } from '../device/storage.ts';
import type { Parameter } from './parameter.ts';

let arenas = 0;

/**
 * A net's parameters and their gradients on a device, each one piece of memory with the same offsets: one dispatch
 * updates everything, one read saves everything. What is trained comes first. Optimisers add slabs of their own.
 */
export class Arena {
  readonly #offsets = new Map<Parameter, number>();
  readonly #slabs = new Map<string, Storage>();
  readonly total: number;
  readonly trainable: number;
  readonly params: Storage;
  readonly grads: Storage;

  #device: Device;

  constructor(
    device: Device,
    readonly parameters: readonly Parameter[],
  ) {
    this.#device = device;
    let at = 0;
    const place = (trained: boolean): void => {
      for (const p of parameters) {
        if (p.trainable !== trained || this.#offsets.has(p)) continue;
        this.#offsets.set(p, at);
        at += p.data.length;
      }
    };
    place(true);
    this.trainable = at;
    place(false);
    this.total = at;
    arenas++;
    this.params = this.slab('params', Math.max(1, this.total));
    this.grads = this.slab('grads', Math.max(1, this.total));
    this.push();
  }

  get device(): Device {
    return this.#device;
  }

  /** Goes on on another device, in the place of one that is lost: with the parameters of the CPU, all else 0. */
  move(device: Device): void {
    this.#device = device;
    this.push();
  }

  has(p: Parameter): boolean {
    return this.#offsets.has(p);
  }

  offset(p: Parameter): number {
    const at = this.#offsets.get(p);
    if (at === undefined) throw new Error(`parameter '${p.name}' does not belong to the net that is bound here`);
    return at;
  }

  /** Persistent memory of this arena, 0 at first. */
  slab(name: string, length: number): Storage {
    let slab = this.#slabs.get(name);
    if (!slab) {
      slab = { name: `${name} of net ${arenas}`, form: 'words', shape: [length], role: 'persistent' };
      this.#slabs.set(name, slab);
    }
    return slab;
  }

  /** Copies the parameters from the CPU to the device. */
  push(): void {
    for (const [p, at] of this.#offsets) {
      checkFinite(p, p.data);
      this.device.write(this.params, at, p.data);
    }
  }

  /** Copies the parameters from the device to the CPU. */
  async pull(): Promise<void> {
    for (const [p, values] of await this.values()) p.data.set(values);
  }

  /** The parameters as they are on the device now, whatever runs while they are on their way. */
  async values(): Promise<Map<Parameter, Float32Array>> {
    const all = await this.device.read(this.params, 0, this.total);
    return new Map(
      [...this.#offsets].map(([p, at]) => [p, checkFinite(p, all.subarray(at, at + p.data.length))] as const),
    );
  }

  /** The last step's gradient of each trainable parameter, by name. */
  async gradients(): Promise<Map<string, Float32Array>> {
    const all = await this.device.read(this.grads, 0, this.total);
    const trained = [...this.#offsets].filter(([p]) => p.trainable);
    return new Map(trained.map(([p, at]) => [p.name, all.slice(at, at + p.data.length)]));
  }

  dispose(): void {
    for (const slab of this.#slabs.values()) this.device.free(slab);
    this.#slabs.clear();
  }
}

/** Kernels keep what they read in range, which would hide a NaN: it is noticed where parameters change hands. */
function checkFinite(p: Parameter, values: Float32Array): Float32Array {
  const bad = values.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new Error(
      `parameter '${p.name}' has ${values[bad]} at ${bad}; lower the learning rate, or look at what was put there`,
    );
  return values;
}

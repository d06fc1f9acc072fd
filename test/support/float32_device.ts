import type { Executable, Step } from '../../src/device/device.ts';
import type { Storage } from '../../src/device/storage.ts';
import { ReferenceDevice } from '../../src/reference/device.ts';

/** When devices are lost: before the step of these numbers, counted from 0 over all devices. */
export interface Losses {
  readonly at: number[];
  /** Steps that were begun. */
  begun: number;
  /** Set, the device at hand is lost before whatever it is asked for next. */
  gone?: boolean;
  /** Devices that were opened after another was lost. */
  reopened: number;
  /** Attempts to open one that fail. */
  refused?: number;
  /** Reports arrive some milliseconds later, and not in their order. */
  late?: boolean;
}

export const lossesAt = (...at: number[]): Losses => ({ at, begun: 0, reopened: 0 });

/**
 * The reference with memory as a GPU has it: what outlives a step is float32, so that what is read back is all there is. It
 * can be lost, as a GPU can.
 */
export class Float32Device extends ReferenceDevice {
  readonly #memory = new Set<Float64Array>();
  #lose!: (reason: string) => void;
  readonly lost = new Promise<string>((resolve) => {
    this.#lose = resolve;
  });
  #gone = false;
  #collected = 0;

  constructor(readonly losses: Losses = lossesAt()) {
    super();
  }

  async reopen(): Promise<Float32Device> {
    if (this.losses.refused) {
      this.losses.refused--;
      throw new Error('no adapter');
    }
    this.losses.reopened++;
    delete this.losses.gone;
    return new Float32Device(this.losses);
  }

  lose(): void {
    this.#gone = true;
    this.#lose('lost');
  }

  check(): void {
    if (this.losses.gone) this.lose();
    if (this.#gone) throw new Error('the GPU device was lost (test)');
  }

  override memory(storage: Storage): Float64Array {
    const values = super.memory(storage);
    this.#memory.add(values);
    return values;
  }

  override async compile(step: Step): Promise<Executable> {
    this.check();
    const executable = await super.compile(step);
    const [run, collect] = [executable.run.bind(executable), executable.collect.bind(executable)];
    executable.run = async (inputs) => {
      if (this.losses.at.includes(this.losses.begun++)) this.lose();
      this.check();
      await run(inputs);
      for (const values of this.#memory) values.set(Float32Array.from(values));
    };
    executable.collect = async () => {
      this.check();
      const reports = await collect();
      if (this.losses.late) await new Promise((resolve) => setTimeout(resolve, this.#collected++ % 2 ? 1 : 50));
      this.check();
      return reports;
    };
    return executable;
  }

  override async read(storage: Storage, at: number, length: number): Promise<Float32Array> {
    this.check();
    const values = await super.read(storage, at, length);
    this.check();
    return values;
  }
}

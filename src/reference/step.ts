import type { Call, Contents, Executable, Step, StepInput, StepInputs } from '../device/device.ts';
import { numberCount, type Storage } from '../device/storage.ts';
import { numbersOf } from './contents.ts';
import type { ReferenceDevice } from './device.ts';
import type { TwinCall } from './twin.ts';

/** A step on the reference: the calls one after the other, each by its twin. */
export class ReferenceStep implements Executable {
  runs = 0;
  #memory = new Map<Storage, Float64Array>();
  #reports: Contents[][] = [];

  constructor(
    readonly device: ReferenceDevice,
    readonly step: Step,
  ) {
    for (const { kernel, label } of step.calls) {
      if (!device.twins.has(kernel.name))
        throw new Error(`${label}: the kernel '${kernel.name}' has no twin in the reference`);
    }
  }

  async run(inputs: StepInputs): Promise<void> {
    const { device, step } = this;
    // read before the memory of the last run goes: a step may be fed with what it left itself
    const fed = new Map<Storage, Float64Array>();
    for (const [id, storage] of step.inputs) {
      const values = feed(inputs.data.get(id)!, storage);
      device.options.adjust?.(storage.name, values);
      fed.set(storage, values);
    }
    this.#memory = fed;
    for (const { storage, from, count } of step.clear) device.memory(storage).fill(0, from, from + count);
    const forced = new ForcedSpikes(device);
    for (const call of step.calls) {
      device.twins.get(call.kernel.name)!(this.#view(call, inputs, forced));
    }
    if (step.reports.length) this.#reports.push(step.reports.map((s) => this.#contents(s)));
    this.runs++;
  }

  async read(storage: Storage): Promise<Contents> {
    return this.#contents(storage);
  }

  async collect(): Promise<Contents[][]> {
    return this.#reports.splice(0);
  }

  dispose(): void {
    this.#memory.clear();
  }

  /** The numbers of a piece of memory; new memory is NaN, so that a read before the first write shows. */
  of(storage: Storage): Float64Array {
    if (storage.role === 'persistent') return this.device.memory(storage);
    let values = this.#memory.get(storage);
    if (!values) {
      values =
        storage.role === 'constant'
          ? Float64Array.from(storage.data!)
          : new Float64Array(numberCount(storage)).fill(Number.NaN);
      this.#memory.set(storage, values);
    }
    return values;
  }

  #contents(storage: Storage): Contents {
    return { packed: false, words: this.of(storage).slice() };
  }

  #view(call: Call, { slots, seed, step }: StepInputs, forced: ForcedSpikes): TwinCall {
    const constants = call.variant.constants ?? {};
    return {
      call,
      dims: call.dims,
      seed,
      step,
      spikes: forced,
      constant(name) {
        const value = constants[name];
        if (typeof value !== 'number')
          throw new Error(`${call.label}: constant ${name} should be a number, got ${value}`);
        return value;
      },
      // a flag that a call does not set has the shader's default; every one that is asked for here defaults to false
      flag: (name) => constants[name] === true,
      of: (binding) => {
        const storage = call.buffers[binding];
        if (!storage) throw new Error(`${call.label}: nothing is bound to '${binding}'`);
        return this.of(storage);
      },
      slot(i) {
        const value = slots[i];
        if (value === undefined) throw new Error(`${call.label}: there is no slot ${i}, the step has ${slots.length}`);
        return value;
      },
    };
  }
}

/** Spikes that are imposed on the cells of one run; the same layer may stand in a step several times. */
class ForcedSpikes {
  readonly #given = new Map<unknown, ArrayLike<number> | undefined>();
  readonly #uses = new Map<string, number>();

  constructor(readonly device: ReferenceDevice) {}

  get smooth(): boolean {
    return this.device.options.smooth ?? false;
  }

  forced(call: Call): ArrayLike<number> | undefined {
    const { force } = this.device.options;
    // chunks of one cell share its plan
    if (!force || this.#given.has(call.twin)) return this.#given.get(call.twin);
    const label = call.label.replace(/ forward \(cell_forward\)$/, '');
    const use = this.#uses.get(label) ?? 0;
    this.#uses.set(label, use + 1);
    const spikes = force(label, use);
    this.#given.set(call.twin, spikes);
    return spikes;
  }

  compared(differs: boolean, x: number): void {
    const { flips } = this.device;
    flips.compared++;
    if (!differs) return;
    flips.count++;
    flips.largest = Math.max(flips.largest, Math.abs(x));
  }
}

function feed(data: StepInput, to: Storage): Float64Array {
  if (data instanceof Float32Array || data instanceof Uint32Array) return numbersOf(data, to);
  const from = data.executable as ReferenceStep;
  if (from.runs !== data.run) throw new Error(`${to.name}: its source was overwritten by a later step`);
  return from.of(data.storage).slice(0, numberCount(to));
}

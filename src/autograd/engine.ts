import type { Device, Executable, MemoryReport } from '../device/device.ts';
import { described, onlyKnown } from '../neurons/nearest.ts';
import { Arena } from './arena.ts';
import type { Lowered } from './lowering.ts';
import type { Parameter } from './parameter.ts';
import { Tape, type TapeOptions } from './tape.ts';
import type { Tuning } from './tuning.ts';

/** Anything with parameters: a net. */
export interface Module {
  parameters(): Parameter[];
}

/** Compiled steps that are kept; the one unused for longest goes first. */
const KEPT_STEPS = 16;

/** A device, the nets bound to it, and the steps compiled for it. */
export class Engine<D extends Device = Device> {
  readonly #steps = new Map<string, Promise<Executable>>();
  readonly #lowered = new WeakMap<Executable, Lowered>();
  readonly #arenas = new Map<Module, Arena>();
  readonly #owners = new WeakMap<Parameter, Arena>();
  readonly #numbers = new WeakMap<Arena, number>();
  /** Chooses by measurement where it may; see `spiketape/tune`. */
  tuning: Tuning | null = null;
  #bound = 0;
  #taped = 0;
  #device: D;
  #disposed = false;

  constructor(device: D) {
    this.#device = device;
  }

  /** Another after `revive`. */
  get device(): D {
    return this.#device;
  }

  /**
   * Copies a net's parameters to the device. Binding it again copies them again.
   *
   * @throws when a layer of it is also in a net that is bound here: the two copies would not learn together
   */
  bind(net: Module): Arena {
    const known = this.#arenas.get(net);
    if (known) {
      known.push();
      return known;
    }
    const parameters = net.parameters();
    const taken = parameters.find((p) => this.#owners.has(p));
    if (taken)
      throw new Error(
        `engine.bind: parameter '${taken.name}' is in another net that is bound here; call engine.pull and engine.unbind with that net first`,
      );
    const arena = new Arena(this.device, parameters);
    this.#arenas.set(net, arena);
    this.#numbers.set(arena, ++this.#bound);
    for (const p of arena.parameters) this.#owners.set(p, arena);
    return arena;
  }

  /** Copies a net's parameters back from the device. */
  async pull(net: Module): Promise<void> {
    await this.#arenaOfNet(net).pull();
  }

  /** Gives back a net's memory on the device. Call `pull` before, if what was learned is wanted. */
  unbind(net: Module): void {
    const arena = this.#arenaOfNet(net);
    this.#arenas.delete(net);
    for (const p of arena.parameters) this.#owners.delete(p);
    for (const [signature, step] of this.#steps) {
      if (!signature.startsWith(`${this.#numbers.get(arena)}|`)) continue;
      this.#steps.delete(signature);
      step.then(
        (e) => e.dispose(),
        () => undefined,
      );
    }
    arena.dispose();
  }

  /**
   * Begins a step.
   *
   * @param options seed and step number for everything random in it; training: false leaves the backward pass out;
   *   observe: true leaves running statistics of normalisations as they are; memory: 'low' saves the neurons' states only now
   *   and then for the backward pass and runs the time between again, see `chooseSegments`; precision: 'half' computes with
   *   weight matrices rounded to half precision (to nearest even, at most 65,504), trained as if they were not; all else,
   *   the stored weights included, stays float32
   * @throws on an option that there is not, with the nearest that there is, and on another memory or precision
   */
  tape(options: Partial<TapeOptions> = {}): Tape {
    onlyKnown('engine.tape', options, ['memory', 'precision', 'seed', 'step', 'training', 'observe']);
    const { memory = 'full', precision = 'full' } = options;
    if (memory !== 'full' && memory !== 'low')
      throw new Error(`memory: must be 'full' or 'low', got ${described(memory)}`);
    if (precision !== 'full' && precision !== 'half')
      throw new Error(`precision: must be 'full' or 'half', got ${described(precision)}`);
    return new Tape(this, {
      memory,
      precision,
      seed: options.seed ?? 0,
      step: options.step ?? this.#taped++,
      training: options.training ?? true,
      observe: options.observe ?? false,
    });
  }

  /** Live and pooled bytes and buffers on the device. */
  memory(): MemoryReport {
    return this.device.report();
  }

  arenaOf(p: Parameter): Arena | undefined {
    return this.#owners.get(p);
  }

  arenaNumber(arena: Arena | null): number {
    return arena ? (this.#numbers.get(arena) ?? 0) : 0;
  }

  /** The compiled step of this form, compiled now if it is the first. */
  async executable(signature: string, make: () => Lowered): Promise<Executable> {
    let step = this.#steps.get(signature);
    if (step) this.#steps.delete(signature);
    else {
      step = this.#compile(make);
      step.catch(() => this.#steps.delete(signature));
    }
    this.#steps.set(signature, step);
    if (this.#steps.size > KEPT_STEPS) {
      const [oldest, gone] = this.#steps.entries().next().value!;
      this.#steps.delete(oldest);
      // one that never compiled is none of this step's business
      await gone.then(
        (e) => e.dispose(),
        () => undefined,
      );
    }
    return step;
  }

  lowered(executable: Executable): Lowered {
    return this.#lowered.get(executable)!;
  }

  /** Resolves to something when the device is lost; not there where `revive` cannot help. */
  get lost(): Promise<unknown> | undefined {
    return this.#disposed || !this.#device.reopen ? undefined : this.#device.lost;
  }

  /**
   * Goes on on another device after this one was lost: nets stay bound, with the parameters that the CPU has; steps are compiled
   * anew, and what optimisers remember is 0. Steps and tensors of before stay lost.
   *
   * @throws when the device cannot be replaced, or the engine was disposed of
   */
  async revive(): Promise<void> {
    if (!this.lost) throw new Error('engine.revive: there is no device to take its place');
    this.#device = (await this.#device.reopen!()) as D;
    this.#steps.clear();
    for (const arena of this.#arenas.values()) arena.move(this.#device);
  }

  /** Ends everything on the device. Parameters stay as they were last pulled. */
  dispose(): void {
    this.#disposed = true;
    this.#steps.clear();
    this.#arenas.clear();
    this.device.dispose();
  }

  async #compile(make: () => Lowered): Promise<Executable> {
    let lowered = make();
    if (this.tuning && (await this.tuning.measure())) lowered = make();
    const executable = await this.device.compile(lowered.step);
    this.#lowered.set(executable, lowered);
    return executable;
  }

  #arenaOfNet(net: Module): Arena {
    const arena = this.#arenas.get(net);
    if (!arena) throw new Error('engine: this net is not bound here; call engine.bind(net) first');
    return arena;
  }
}

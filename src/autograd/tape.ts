import type { Executable, StepInput } from '../device/device.ts';
import type { Arena } from './arena.ts';
import { decode } from './decode.ts';
import type { Engine } from './engine.ts';
import { type InputOptions, input } from './input.ts';
import type { Loss } from './loss.ts';
import { lower } from './lowering.ts';
import type { Node, Op, OutputSpec } from './op.ts';
import type { CellRun } from './ops/cell_node.ts';
import type { Parameter } from './parameter.ts';
import { Tensor } from './tensor.ts';

/** What an optimiser adds at the end of a step. */
export interface Update {
  readonly arena: Arena;
  readonly op: Op;
  readonly attrs: unknown;
}

export interface TapeOptions {
  readonly seed: number;
  readonly step: number;
  readonly training: boolean;
  readonly observe: boolean;
  readonly memory: 'full' | 'low';
  readonly precision: 'full' | 'half';
}

/**
 * One step: the operations in the order in which they were called. Nothing runs while it is recorded. `run` closes the
 * step; a step of the same form as an earlier one is replayed with that one's buffers, bind groups and pipelines.
 */
export class Tape {
  readonly nodes: Node[] = [];
  readonly tensors: Tensor[] = [];
  readonly data = new Map<number, StepInput>();
  readonly kept = new Set<Tensor>();
  readonly keptGradients = new Set<Tensor>();
  readonly reports: Tensor[] = [];
  /** The layers of neurons of this step, in order. */
  readonly cells: CellRun[] = [];
  loss: Loss | null = null;
  update: Update | null = null;
  #arena: Arena | null = null;
  #executable: Executable | null = null;
  #run = 0;
  #closed = false;

  constructor(
    readonly engine: Engine,
    readonly options: TapeOptions,
  ) {}

  /** The arena of the net that this step uses; one net a step. */
  get arena(): Arena | null {
    return this.#arena;
  }

  /** Brings data into the step; see `InputOptions`. */
  input(data: ArrayLike<number> | Tensor, options: InputOptions): Tensor {
    return input(this, data, options);
  }

  /** Records a value that comes from outside, in the layout of its storage. */
  place(spec: OutputSpec, data: StepInput): Tensor {
    this.#open(spec.name ?? 'input');
    const t = this.#tensor(spec);
    this.data.set(t.id, data);
    return t;
  }

  /** Records an operation and gives its outputs. */
  record<A>(
    op: Op<A>,
    inputs: readonly (Tensor | null)[],
    params: readonly Parameter[],
    attrs: A,
    outputs: readonly OutputSpec[],
    label = op.name,
  ): Tensor[] {
    this.#open(label);
    for (const t of inputs)
      if (t && t.tape !== this)
        throw new Error(`${label}: ${t} belongs to another step; pass it through tape.input(...)`);
    for (const p of params) this.#use(p, label);
    const made = outputs.map((o) => this.#tensor({ ...o, name: o.name ?? label }));
    this.nodes.push({ op: op as Op, attrs, inputs, outputs: made, params, label, slotBase: {} });
    return made;
  }

  keep(t: Tensor): void {
    this.#open('keep');
    this.kept.add(t);
  }

  keepGradient(t: Tensor): void {
    this.#open('keepGradient');
    if (!t.requiresGrad) throw new Error(`keepGradient: ${t} has none; make the input with requiresGrad`);
    this.keptGradients.add(t);
  }

  /** Gathers a tensor's values at every step, to be read back many steps at once by `collect`, which must then be called. */
  report(t: Tensor): void {
    this.#open('report');
    if (!this.reports.includes(t)) this.reports.push(t);
  }

  /** Closes the step and runs it. */
  async run(): Promise<void> {
    this.#open('run');
    this.#closed = true;
    const slots = this.#collectSlots();
    const executable = await this.engine.executable(this.#signature(), () => lower(this));
    const { seed, step } = this.options;
    const running = executable.run({ data: this.data, slots, seed, step });
    // at once: another step of this form may begin while this one is awaited
    const run = executable.runs;
    this.#executable = executable;
    await running;
    this.#run = run;
  }

  async read(t: Tensor): Promise<Float32Array> {
    return decode(
      await this.#executableFor(t, this.kept.has(t)).read(this.#step().storages.get(t.id)!),
      t.form,
      t.shape,
    );
  }

  async readGradient(t: Tensor): Promise<Float32Array> {
    const storage = this.#executableFor(t, this.keptGradients.has(t)) && this.#step().gradients.get(t.id);
    if (!storage) throw new Error(`readGradient: no gradient of the loss reaches ${t}`);
    return decode(await this.#executable!.read(storage), 'f32', t.shape);
  }

  /** What all steps of this form have in common: they share buffers and reports. @throws before the step has run */
  get form(): object {
    if (!this.#executable) throw new Error('form: the step has not run');
    return this.#executable;
  }

  /** The reports of all steps of this form since the last call, oldest first, one array per reported tensor. */
  async collect(): Promise<Float32Array[][]> {
    if (!this.#executable) throw new Error('collect: the step has not run');
    const all = await this.#executable.collect();
    return all.map((step) =>
      step.map((contents, i) => decode(contents, this.reports[i]!.form, this.reports[i]!.shape)),
    );
  }

  /** A kept tensor of this step, as the input of another. */
  source(t: Tensor): StepInput {
    return {
      executable: this.#executableFor(t, this.kept.has(t)),
      storage: this.#step().storages.get(t.id)!,
      run: this.#run,
    };
  }

  #step() {
    return this.engine.lowered(this.#executable!);
  }

  #executableFor(t: Tensor, kept: boolean): Executable {
    if (!this.#executable) throw new Error(`${t} cannot be read yet: the step has not run`);
    if (!kept) throw new Error(`${t} was not kept: call keep() (or keepGradient()) on it before the step runs`);
    if (this.#executable.runs !== this.#run)
      throw new Error(`${t} was overwritten by a later step of the same form; read it before the next one`);
    return this.#executable;
  }

  #tensor(spec: OutputSpec): Tensor {
    if (spec.shape.length === 0 || spec.shape.some((n) => !(Number.isInteger(n) && n > 0))) {
      throw new Error(
        `${spec.name ?? 'tensor'}: every dimension must be a whole number above 0, got [${spec.shape.join(', ')}]`,
      );
    }
    const t = new Tensor(
      this,
      this.tensors.length,
      spec.form,
      spec.shape,
      spec.requiresGrad,
      spec.name ?? '',
      spec.lengths,
    );
    this.tensors.push(t);
    return t;
  }

  #use(p: Parameter, label: string): void {
    const arena = this.engine.arenaOf(p);
    if (!arena)
      throw new Error(`${label}: parameter '${p.name || '(unnamed)'}' is on no device; call engine.bind(net) first`);
    if (this.#arena && this.#arena !== arena)
      throw new Error(`${label}: a step works on one net; put both into one Sequential`);
    this.#arena = arena;
  }

  #open(what: string): void {
    if (this.#closed) throw new Error(`${what}: the step has run already; begin another with engine.tape()`);
  }

  /** Gives every node its slots, in order, and returns their values. */
  #collectSlots(): number[] {
    const values: number[] = [];
    const assign = (node: Node): void => {
      const base: Record<string, number> = {};
      for (const [name, numbers] of Object.entries(node.op.slots?.(node) ?? {})) {
        base[name] = values.length;
        values.push(...numbers);
      }
      node.slotBase = base;
    };
    this.nodes.forEach(assign);
    if (this.update) assign(this.updateNode());
    return values;
  }

  #updateNode: Node | null = null;

  /** The optimiser's update as a node without inputs. */
  updateNode(): Node {
    const { op, attrs } = this.update!;
    this.#updateNode ??= { op, attrs, inputs: [], outputs: [], params: [], label: op.name, slotBase: {} };
    return this.#updateNode;
  }

  /** Everything that shapes the step. Tensors count by number, parameters by their place in the arena. */
  #signature(): string {
    const tensor = (t: Tensor): string =>
      `${t.form}[${t.shape.join()}]${t.requiresGrad ? 'g' : ''}${this.kept.has(t) ? 'k' : ''}${this.keptGradients.has(t) ? 'K' : ''}${t.lengths ? `L${t.lengths.tensor.id}` : ''}`;
    const node = (n: Node): string =>
      `${n.op.name}{${n.op.key(n.attrs)}}(${n.inputs.map((t) => t?.id ?? '-').join()})<${n.params.map((p) => this.#arena!.offset(p)).join()}>(${n.outputs.map((t) => t.id).join()})`;
    return [
      this.engine.arenaNumber(this.#arena ?? this.update?.arena ?? null),
      this.tensors.map(tensor).join(' '),
      this.nodes.map(node).join(' '),
      this.loss ? `loss ${this.loss.key}` : '',
      this.update ? node(this.updateNode()) : '',
      `reports ${this.reports.map((t) => t.id).join()}`,
      this.options.training ? 'training' : 'inference',
      this.options.memory,
      this.options.precision,
    ].join('|');
  }
}

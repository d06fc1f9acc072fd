import type { Call, Step } from '../device/device.ts';
import { byteLength, type Form, rows, type Storage, width } from '../device/storage.ts';
import { budgetOf } from '../kernels/budget.ts';
import * as kernels from '../kernels/dense.ts';
import { packedWeights } from '../kernels/half.ts';
import type { Kernel, Variant } from '../kernels/kernel.ts';
import type { Segment } from '../kernels/segments.ts';
import { fold, quads } from '../kernels/sizes.ts';
import type { Arena } from './arena.ts';
import { type Arrival, Arrivals } from './arrivals.ts';
import { maskGradients } from './constraints.ts';
import { EffectiveTable, type Precision } from './effective.ts';
import type { Node } from './op.ts';
import { gatherWeightGradients } from './ops/spike_weight_gradient.ts';
import type { Parameter } from './parameter.ts';
import { PendingGradients } from './pending.ts';
import type { Tape } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** A step ready for a device, and where its tensors are. */
export interface Lowered {
  readonly step: Step;
  readonly storages: ReadonlyMap<number, Storage>;
  readonly gradients: ReadonlyMap<number, Storage>;
}

/** Turns a recorded tape into kernel calls: every node forward, then every node backward, then the update. */
export function lower(tape: Tape): Lowered {
  const low = new Lowering(tape);
  for (const node of tape.nodes) low.forward(node);
  if (low.training) {
    for (const node of [...tape.nodes].reverse()) {
      node.op.backward?.(low, node);
      low.pending.nodeDone();
      if (!tape.update?.op.afterBackward) continue;
      low.pending.flush();
      tape.update.op.afterBackward(low, tape.updateNode(), node);
    }
    low.pending.flush();
    if (tape.arena) maskGradients(low, tape.arena.parameters);
  }
  if (tape.update) tape.update.op.forward(low, tape.updateNode());
  return low.finish();
}

/** Makes a tensor over a part of time, into the beginning of `to` or in memory of its own. */
export type PartMaker = (part: Segment, to?: Storage) => Storage;

/** Rows of a tensor, in memory that may hold others beside them. */
export interface Rows {
  readonly storage: Storage;
  readonly first: number;
  /** The one after the last. */
  readonly last: number;
}

/** What operations work with while a tape is lowered. */
export class Lowering {
  readonly training: boolean;
  readonly #calls: Call[] = [];
  readonly #inputs = new Map<number, Storage>();
  readonly #storages = new Map<number, Storage>();
  readonly #arrivals = new Arrivals();
  readonly #written = new Set<Parameter>();
  readonly #cleared = new Set<Parameter>();
  readonly #uses = new Map<number, number>();
  /** Operations that wait to be called, by the number of their output. */
  readonly #later = new Map<number, Node>();
  readonly #scratch = new Map<string, Storage>();
  readonly #effective = new EffectiveTable();
  /** Gradients of weights that wait for others; whoever reads gradients flushes them first. */
  readonly pending: PendingGradients;

  constructor(readonly tape: Tape) {
    this.training = tape.loss !== null;
    this.pending = new PendingGradients((jobs) => gatherWeightGradients(this, jobs), budgetOf(this.limits).dispatch);
    for (const n of tape.nodes) for (const t of n.inputs) if (t) this.#uses.set(t.id, (this.#uses.get(t.id) ?? 0) + 1);
    for (const t of tape.tensors) {
      if (!tape.data.has(t.id)) continue;
      const storage: Storage = { name: t.name || `input ${t.id}`, form: t.form, shape: t.shape, role: 'input' };
      this.#inputs.set(t.id, storage);
      this.#storages.set(t.id, storage);
    }
  }

  get limits() {
    return this.tape.engine.device.limits;
  }

  get arena(): Arena {
    const arena = this.tape.arena ?? this.tape.update?.arena;
    if (!arena) throw new Error('lowering: the step uses no parameters');
    return arena;
  }

  /** Whether an optional feature of WebGPU may be used. */
  has(feature: GPUFeatureName): boolean {
    return this.tape.engine.device.features.has(feature);
  }

  /** Memory for this step alone. */
  make(name: string, form: Form, shape: readonly number[]): Storage {
    const storage: Storage = { name, form, shape, role: 'transient' };
    const bytes = byteLength(storage);
    if (bytes > this.limits.maxBinding) {
      throw new Error(
        `${name}: [${shape.join(', ')}] takes ${bytes} bytes, the adapter binds at most ${this.limits.maxBinding}; use a smaller batch or fewer steps`,
      );
    }
    return storage;
  }

  /** Memory that several calls of one node share, made at the first request. */
  scratch(node: Node, name: string, make: () => Storage): Storage {
    const key = `${this.tape.nodes.indexOf(node)}.${name}`;
    const known = this.#scratch.get(key) ?? make();
    this.#scratch.set(key, known);
    return known;
  }

  /** The number that tells one node's random numbers from another's. */
  stream(node: Node): number {
    return this.tape.nodes.indexOf(node);
  }

  constant(name: string, data: Uint32Array): Storage {
    return { name, form: 'words', shape: [Math.max(1, data.length)], role: 'constant', data };
  }

  /** Calls an operation now, or, if its output can be made part by part, when the one that reads it wants it. */
  forward(node: Node): void {
    const [y, ...others] = node.outputs;
    const alone = y && others.length === 0 && this.#uses.get(y.id) === 1 && !this.keeps(y);
    if (node.op.forwardPart && alone) this.#later.set(y.id, node);
    else node.op.forward(this, node);
  }

  /** What makes a tensor over a part of time alone, whenever it is called; none where it is made as a whole. */
  makerOf(t: Tensor): PartMaker | undefined {
    const node = this.#later.get(t.id);
    return node && ((part, to) => node.op.forwardPart!(this, node, part, to));
  }

  /**
   * Rows of a tensor for an operation that works on all of them, or on a part of time. With low memory a part is made for it alone
   * where that takes no product.
   */
  rowsOf(t: Tensor, part?: Segment): Rows {
    if (!part) return { storage: this.of(t), first: 0, last: rows(t.shape) };
    const [from, to] = [part.t0 * t.shape[1]!, part.t1 * t.shape[1]!];
    const light = this.tape.options.memory === 'low' && this.#later.get(t.id)?.params.length === 0;
    const made = light ? this.makerOf(t)?.(part) : undefined;
    return made ? { storage: made, first: 0, last: to - from } : { storage: this.of(t), first: from, last: to };
  }

  /** Where a tensor's values are. */
  of(t: Tensor): Storage {
    const later = this.#later.get(t.id);
    if (later) {
      this.#later.delete(t.id);
      later.op.forward(this, later);
    }
    const storage = this.#storages.get(t.id);
    if (!storage) throw new Error(`lowering: ${t} is read before it is made`);
    return storage;
  }

  /** Says where a tensor's values will be. */
  give(t: Tensor, storage: Storage): Storage {
    this.#storages.set(t.id, storage);
    return storage;
  }

  /** Whether anything reads a tensor: another operation, or the user. */
  used(t: Tensor): boolean {
    return this.#uses.has(t.id) || this.keeps(t);
  }

  /** Whether the user reads a tensor after the step. */
  keeps(t: Tensor): boolean {
    return this.tape.kept.has(t) || this.tape.reports.includes(t);
  }

  call(
    kernel: Kernel,
    label: string,
    call: {
      variant?: Variant;
      dims: Record<string, number>;
      buffers: Record<string, Storage | null>;
      groups: readonly [number, number, number];
      work?: number;
      twin?: unknown;
    },
  ): void {
    const limit = 65535;
    if (call.groups.some((n) => n > limit))
      throw new Error(
        `${label}: ${call.groups.join(' x ')} workgroups are more than ${limit} in a dimension; use a smaller batch`,
      );
    const written = kernel.storage.filter((s) => s.access === 'read_write').map((s) => call.buffers[s.name]);
    this.pending.beforeWriting(new Set(written));
    this.#calls.push({ kernel, label: `${label} (${kernel.name})`, ...call, variant: call.variant ?? {} });
  }

  /**
   * First quad of a matrix in the effective weights, in rows by presynaptic or by postsynaptic neuron.
   *
   * @param as what half precision makes of it: nothing ('full'); rounded numbers; where the device packs them, for a shader
   *   with a region <weights> (`packing`), rounded numbers two a word. Without half precision all are the same.
   */
  weights(p: Parameter, rowsBy: 'pre' | 'post', as: Precision = 'full'): number {
    const packed = as === 'packed' && !this.packing.weights ? 'rounded' : as;
    const precision = this.tape.options.precision === 'half' ? packed : 'full';
    return this.#effective.matrix(p, this.arena.offset(p), rowsBy, precision);
  }

  /** Text of the region of shaders that read packed weights; none where they are not packed. */
  get packing(): { weights?: string } {
    return this.tape.options.precision === 'half' && this.limits.packedWeights ? { weights: packedWeights } : {};
  }

  /** First quad of a list of per-neuron constants for N neurons, one row after the other. */
  constants(list: readonly Parameter[], N: number): number {
    return this.#effective.constants(
      list.map((p) => ({ p, at: this.arena.offset(p) })),
      N,
    );
  }

  get effective(): Storage {
    return this.#effective.storage;
  }

  /** A gradient that arrives at a tensor. */
  addGradient(t: Tensor, g: Storage): void {
    this.#arrivals.add(t, { make: () => g });
  }

  /** A gradient that arrives and is made later. */
  addArrival(t: Tensor, arrival: Arrival): void {
    this.#arrivals.add(t, arrival);
  }

  /** Whether a gradient of this tensor is wanted. */
  needs(t: Tensor | null): t is Tensor {
    return this.training && t?.requiresGrad === true;
  }

  /** What arrives at a tensor, if that is one gradient and nobody else reads it: for the receiver to make, or to do without. */
  arrival(t: Tensor): Arrival | null {
    return this.tape.keptGradients.has(t) ? null : this.#arrivals.only(t);
  }

  /** Whether the gradient of a tensor may arrive in these parts of time. */
  takes(t: Tensor, parts: readonly Segment[]): boolean {
    const { nodes, keptGradients, update } = this.tape;
    // an update after each layer wants that layer's gradients complete
    if (this.#uses.get(t.id) !== 1 || keptGradients.has(t) || update?.op.afterBackward) return false;
    const maker = nodes.find((n) => n.outputs[0] === t);
    return maker?.op.takes?.(this, maker, parts) ?? false;
  }

  /** The sum of all gradients that arrived at a tensor; null when the loss does not depend on it. */
  gradient(t: Tensor): Storage | null {
    return this.#arrivals.sum(t, (a, plus) => {
      const label = `gradient of ${t.name}`;
      const sum = this.make(label, 'f32', t.shape);
      this.copy(a, sum, { plus, count: rows(t.shape) * quads(width(t.shape)), label });
      return sum;
    });
  }

  /** to[offset ...] = from[source ...] (+ plus), over `count` quads. */
  copy(
    from: Storage,
    to: Storage,
    o: { plus?: Storage; source?: number; offset?: number; count: number; label: string },
  ): void {
    const { groups, row } = fold(o.count, 64);
    this.call(kernels.add, o.label, {
      variant: { constants: { HAS_B: o.plus !== undefined } },
      dims: { count: o.count, source: o.source ?? 0, offset: o.offset ?? 0, row },
      buffers: { a: from, b: o.plus ?? null, result: to },
      groups,
    });
  }

  /** Where a parameter's gradient goes; whether it adds to what an earlier call of this step wrote. */
  gradientOf(p: Parameter): { dest: number; accumulate: number } {
    const accumulate = this.#written.has(p) ? 1 : 0;
    this.#written.add(p);
    return { dest: this.arena.offset(p), accumulate };
  }

  /** Has a parameter's gradient begin at 0: for an operation that does not write all of it. */
  clear(p: Parameter): void {
    this.#cleared.add(p);
  }

  finish(): Lowered {
    const { tape } = this;
    const gradients = new Map<number, Storage>();
    for (const t of tape.keptGradients) {
      const g = this.gradient(t);
      if (g) gradients.set(t.id, g);
    }
    const prepared = this.#effective.call(tape.arena);
    const untouched =
      this.training && tape.arena
        ? tape.arena.parameters.filter((p) => p.trainable && (!this.#written.has(p) || this.#cleared.has(p)))
        : [];
    const keptTensors = [...tape.kept].map((t) => this.of(t));
    return {
      storages: this.#storages,
      gradients,
      step: {
        calls: prepared ? [prepared, ...this.#calls] : this.#calls,
        inputs: this.#inputs,
        kept: new Set([...keptTensors, ...gradients.values()]),
        reports: tape.reports.map((t) => this.of(t)),
        clear: untouched.map((p) => ({ storage: this.arena.grads, from: this.arena.offset(p), count: p.data.length })),
      },
    };
  }
}

import type { Arena } from '../autograd/arena.ts';
import type { Parameter } from '../autograd/parameter.ts';
import { type Selection, selectTrained } from '../autograd/select.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { count, type Storage } from '../device/storage.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { momentsOf, recordNorm, trained, updateOf } from './update.ts';

/** Parameters with numbers of their own: whatever a group does not give is the optimiser's. */
export type GroupOptions<H> = Partial<H> & {
  /** Names (`0.tau`), patterns, or a predicate; each must take something, and no parameter may be in two groups. */
  readonly params: Selection;
};

/** Bounds gradients before the update, as PyTorch's clip_grad_norm_ (over all trained parameters) and clip_grad_value_. */
export type Clip = { readonly norm: number } | { readonly value: number };

/** What every optimiser can be told, besides its own numbers. */
export interface CommonOptions<H> {
  /**
   * Parameters with numbers of their own; the rest has the optimiser's. Learning rate 0 freezes: nothing moves such
   * parameters, constraints and rewiring neither. Names are looked up at the first step, which throws if one is not known.
   */
  readonly groups?: readonly GroupOptions<H>[];
  /** Clips gradients, in training steps alone; what `arena.gradients()` gives is not clipped. Not at all by default. */
  readonly clip?: Clip;
  /**
   * Updates each layer in place as soon as its gradient is there (false): the same numbers, in more dispatches. Not with
   * clipping by norm, which is known only when the last gradient is.
   */
  readonly layerwise?: boolean;
}

/** A group's numbers; each may be set between steps, and what the rule remembers stays. */
export type Group<H> = { -readonly [name in keyof H]: H[name] } & { readonly params: Selection | null };

/** The kernel of a rule: what it computes, and what its shader's slots are, say the shader and `numbers`. */
export interface Rule {
  readonly kernel: Kernel;
  /** Numbers that the rule remembers per parameter. */
  readonly slabs: number;
  /** Constants of the shader. */
  readonly constants?: Readonly<Record<string, boolean>>;
}

/** What an optimiser has of a net besides its settings. */
export interface OptimizerState {
  /** Steps taken. */
  readonly steps: number;
  readonly scale: number;
  /** The numbers of each group, in the order of `groups`. */
  readonly groups: readonly object[];
  /** What the rule remembers of every trained number: [slabs, trained numbers]. */
  readonly moments: Float32Array;
}

let optimizers = 0;

/** An update rule over parameters and gradients: one dispatch over everything that is trained, or one per parameter. */
export abstract class Optimizer<H extends { readonly lr: number } = { readonly lr: number }> {
  /** The first is of all parameters that no other takes. */
  readonly groups: readonly Group<H>[];
  /** Factor on the learning rate of every group: what `fit` sets by its schedule (1). */
  scale = 1;
  readonly clip: Clip | null;
  readonly layerwise: boolean;
  readonly #steps = new WeakMap<Arena, number>();
  readonly #groupOf = new WeakMap<Arena, readonly number[]>();
  readonly #norms = new WeakMap<Tape, Tensor>();
  readonly #id = ++optimizers;
  /** Its rule and numbers as they were given, for comparing. */
  readonly settings: string;

  /**
   * @param name for messages
   * @param options the user's; numbers that are not there are those of `defaults`
   * @param check throws when the numbers of a group cannot be
   * @throws when an option is not known, a number cannot be, or `clip` does not go with the rest
   */
  protected constructor(
    readonly name: string,
    readonly rule: Rule,
    options: Partial<H> & CommonOptions<H>,
    defaults: H,
    check: (numbers: H) => void = () => undefined,
  ) {
    const { groups = [], clip = null, layerwise = false } = options;
    const own = Object.keys(defaults);
    const pick = (owner: string, given: object, others: readonly string[]): Partial<H> => {
      onlyKnown(owner, given, [...own, ...others]);
      return Object.fromEntries(
        Object.entries(given).filter(([key, value]) => own.includes(key) && value !== undefined),
      ) as Partial<H>;
    };
    const common = {
      ...defaults,
      ...pick(name, options, [
        'groups',
        'clip',
        'layerwise',
        ...Object.keys(rule.constants ?? {}).map((c) => c.toLowerCase()),
      ]),
    };
    this.groups = [
      { ...common, params: null },
      ...groups.map((group, i) => {
        if (!group.params) throw new Error(`${name}: groups[${i}] has no params: names, patterns or a predicate`);
        return { ...common, ...pick(`${name}: groups[${i}]`, group, ['params']), params: group.params };
      }),
    ] as Group<H>[];
    for (const group of this.groups) check(group as H);
    this.clip = clip && checkClip(name, clip, layerwise);
    this.layerwise = layerwise;
    const taken = this.groups.map(({ params }) => String(params));
    this.settings = `${name} ${JSON.stringify([this.#numbers(), taken, this.clip, rule.constants])}`;
  }

  /** The rule's numbers for a group in step k (from 1), in the order of its shader's slots. */
  protected abstract numbers(group: H, k: number): number[];

  /** Learning rate of the first group, that of all parameters without a group of their own. May be set between steps. */
  get lr(): number {
    return this.groups[0]!.lr;
  }

  set lr(value: number) {
    (this.groups[0] as { lr: number }).lr = value;
  }

  /**
   * The norm of all gradients of a step, not clipped: a tensor [1] to keep() or report() before `step`. Clipping by norm
   * computes it in any case; otherwise it adds its dispatch to this step.
   */
  gradientNorm(tape: Tape): Tensor {
    const norm = this.#norms.get(tape) ?? recordNorm(tape);
    this.#norms.set(tape, norm);
    return norm;
  }

  /** Closes the step and runs it: forward, backward, update. */
  async step(tape: Tape): Promise<void> {
    if (!tape.loss) throw new Error('optimizer.step: call loss.backward() first');
    const { arena } = tape;
    if (!arena) throw new Error('optimizer.step: the step uses no parameters');
    const k = this.stepsTaken(arena) + 1;
    const numbers = this.groups.map((g) => this.numbers({ ...(g as unknown as H), lr: g.lr * this.scale }, k));
    const bad = numbers.flat().find((x) => !Number.isFinite(x));
    if (bad !== undefined)
      throw new Error(`${this.rule.kernel.name}: its learning rate and constants must be finite, got ${bad}`);
    tape.update = updateOf(arena, {
      rule: this.rule,
      id: this.#id,
      layerwise: this.layerwise,
      numbers,
      frozen: this.groups.map((g) => g.lr === 0),
      groupOf: this.#groupsIn(arena),
      clip: this.clip,
      norm: this.#norms.get(tape) ?? null,
    });
    await tape.run();
    this.#steps.set(arena, k);
  }

  stepsTaken(arena: Arena): number {
    return this.#steps.get(arena) ?? 0;
  }

  /** What decides its next steps on a net, as it is now, whatever runs while it is read. */
  async state(arena: Arena): Promise<OptimizerState> {
    const storage = this.#moments(arena);
    const now = { steps: this.stepsTaken(arena), scale: this.scale, groups: this.#numbers() };
    return { ...now, moments: await arena.device.read(storage, 0, count(storage.shape)) };
  }

  /** Goes on from a state that `state` gave, of the same net and with the same groups. */
  restore(arena: Arena, { steps, scale, groups, moments }: OptimizerState): void {
    this.#steps.set(arena, steps);
    this.scale = scale;
    this.groups.forEach((group, i) => {
      Object.assign(group, groups[i]);
    });
    arena.device.write(this.#moments(arena), 0, moments);
  }

  #numbers(): object[] {
    return this.groups.map(({ params: _, ...numbers }) => numbers);
  }

  #moments(arena: Arena): Storage {
    return momentsOf({ arena, rule: this.rule, id: this.#id });
  }

  /** The group of each trained parameter, in the arena's order. */
  #groupsIn(arena: Arena): readonly number[] {
    const known = this.#groupOf.get(arena);
    if (known) return known;
    const parameters = trained(arena);
    const group = new Map<Parameter, number>();
    this.groups.forEach(({ params }, i) => {
      if (params === null) return;
      const owner = `${this.name}: groups[${i - 1}]`;
      for (const p of selectTrained(owner, arena.parameters, params)) {
        if (group.has(p)) throw new Error(`${owner}: parameter '${p.name}' is in groups[${group.get(p)! - 1}] already`);
        group.set(p, i);
      }
    });
    const groups = parameters.map((p) => group.get(p) ?? 0);
    this.#groupOf.set(arena, groups);
    return groups;
  }
}

function checkClip(name: string, clip: Clip, layerwise: boolean): Clip {
  const kinds = Object.keys(clip);
  const kind = kinds[0] ?? '';
  if (kinds.length !== 1 || (kind !== 'norm' && kind !== 'value'))
    throw new Error(`${name}: clip must be { norm } or { value }, got ${JSON.stringify(clip)}`);
  const bound = Object.values(clip)[0] as number;
  if (!(bound > 0 && Number.isFinite(bound)))
    throw new Error(`${name}: clip.${kind} must be above 0 and finite, got ${bound}`);
  if (kind === 'norm' && layerwise)
    throw new Error(
      `${name}: clip.norm does not go with layerwise: the norm is known only when the last gradient is; use clip.value, or leave layerwise out`,
    );
  return clip;
}

/** @throws unless `value` lies in [low, high) */
export function inRange(
  owner: string,
  name: string,
  value: number,
  low: number,
  high = Number.POSITIVE_INFINITY,
): number {
  if (!(value >= low && value < high)) throw new Error(`${owner}: ${name} must be in [${low}, ${high}), got ${value}`);
  return value;
}

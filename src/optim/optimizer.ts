import type { Arena } from '../autograd/arena.ts';
import type { Op } from '../autograd/op.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { fold } from '../kernels/sizes.ts';

interface UpdateAttrs {
  readonly arena: Arena;
  readonly kernel: Kernel;
  readonly slabs: number;
  /** Of the optimiser: each has moments of its own. */
  readonly id: number;
  readonly numbers: readonly number[];
}

const op: Op<UpdateAttrs> = {
  name: 'update',
  key: (a) => `${a.kernel.name} ${a.slabs} ${a.id}`,
  slots: ({ attrs }) => ({ numbers: attrs.numbers }),
  forward(low, node) {
    const { arena, kernel, slabs, id } = node.attrs;
    if (arena.trainable === 0) return;
    const { groups, row } = fold(arena.trainable, 64);
    low.call(kernel, 'update', {
      dims: { count: arena.trainable, slots: node.slotBase.numbers!, row },
      buffers: {
        params: arena.params,
        grads: arena.grads,
        moments: arena.slab(`${kernel.name} moments ${id}`, slabs * arena.trainable),
      },
      groups,
    });
  },
};

let optimizers = 0;

/** An update rule over parameters and gradients: one dispatch over everything that is trained. */
export abstract class Optimizer {
  readonly #steps = new WeakMap<Arena, number>();
  readonly #id = ++optimizers;

  protected constructor(
    readonly kernel: Kernel,
    /** Numbers that the rule remembers per parameter. */
    readonly slabs: number,
  ) {}

  /** The rule's numbers for step k (from 1), in the order of its shader's slots. */
  protected abstract numbers(k: number): number[];

  /** Closes the step and runs it: forward, backward, update. */
  async step(tape: Tape): Promise<void> {
    if (!tape.loss) throw new Error('optimizer.step: call loss.backward() first');
    const { arena } = tape;
    if (!arena) throw new Error('optimizer.step: the step uses no parameters');
    const k = this.stepsTaken(arena) + 1;
    const attrs: UpdateAttrs = {
      arena,
      kernel: this.kernel,
      slabs: this.slabs,
      id: this.#id,
      numbers: this.numbers(k),
    };
    const bad = attrs.numbers.find((x) => !Number.isFinite(x));
    if (bad !== undefined)
      throw new Error(`${this.kernel.name}: its learning rate and constants must be finite, got ${bad}`);
    tape.update = { arena, op: op as Op, attrs };
    await tape.run();
    this.#steps.set(arena, k);
  }

  stepsTaken(arena: Arena): number {
    return this.#steps.get(arena) ?? 0;
  }
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

import type { Arena } from '../autograd/arena.ts';
import type { Lowering } from '../autograd/lowering.ts';
import type { Node, Op } from '../autograd/op.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { fold } from '../kernels/sizes.ts';

interface UpdateAttrs {
  readonly arena: Arena;
  readonly kernel: Kernel;
  readonly slabs: number;
  /** Of the optimiser: each has moments of its own. */
  readonly id: number;
  readonly layerwise: boolean;
  readonly numbers: readonly number[];
}

const op: Op<UpdateAttrs> = {
  name: 'update',
  key: (a) => `${a.kernel.name} ${a.slabs} ${a.id} ${a.layerwise}`,
  slots: ({ attrs }) => ({ numbers: attrs.numbers }),
  forward(low, node) {
    const { arena, layerwise } = node.attrs;
    if (!layerwise) update(low, node, 0, arena.trainable);
    // the other layers have had their turn
    else for (const p of arena.parameters) if (p.trainable && !firstUser(low, p)) updateOne(low, node, p);
  },
  afterBackward(low, node, user) {
    if (!node.attrs.layerwise) return;
    // a parameter that is used several times has its whole gradient only after its first use, the last to go backward
    for (const p of new Set(user.params)) if (p.trainable && firstUser(low, p) === user) updateOne(low, node, p);
  },
};

const firstUser = (low: Lowering, p: Parameter): Node | undefined => low.tape.nodes.find((n) => n.params.includes(p));

const updateOne = (low: Lowering, node: Node<UpdateAttrs>, p: Parameter): void =>
  update(low, node, node.attrs.arena.offset(p), p.data.length);

function update(low: Lowering, node: Node<UpdateAttrs>, first: number, count: number): void {
  const { arena, kernel, slabs, id } = node.attrs;
  if (count === 0) return;
  const { groups, row } = fold(count, 64);
  low.call(kernel, 'update', {
    dims: { first, count, total: arena.trainable, slots: node.slotBase.numbers!, row },
    buffers: {
      params: arena.params,
      grads: arena.grads,
      moments: arena.slab(`${kernel.name} moments ${id}`, slabs * arena.trainable),
    },
    groups,
  });
}

let optimizers = 0;

/** An update rule over parameters and gradients: one dispatch over everything that is trained, or one per parameter. */
export abstract class Optimizer {
  readonly #steps = new WeakMap<Arena, number>();
  readonly #id = ++optimizers;

  protected constructor(
    readonly kernel: Kernel,
    /** Numbers that the rule remembers per parameter. */
    readonly slabs: number,
    /** Updates each layer in place as soon as its gradient is there, instead of all at the end. */
    readonly layerwise: boolean,
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
      layerwise: this.layerwise,
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

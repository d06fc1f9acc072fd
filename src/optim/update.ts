import type { Arena } from '../autograd/arena.ts';
import { constrainAfterUpdate, maskGradients } from '../autograd/constraints.ts';
import type { Lowering } from '../autograd/lowering.ts';
import type { Node, Op } from '../autograd/op.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tape, Update } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Storage } from '../device/storage.ts';
import { CLIP, gradientNorm, shareOf } from '../kernels/optimizers.ts';
import { fold } from '../kernels/sizes.ts';
import { sumOfAll } from '../kernels/subgroups.ts';
import type { Clip, Rule } from './optimizer.ts';

interface UpdateAttrs {
  readonly arena: Arena;
  readonly rule: Rule;
  /** Of the optimiser: each has moments of its own. */
  readonly id: number;
  readonly layerwise: boolean;
  /** Of each group. */
  readonly numbers: readonly (readonly number[])[];
  /** Of each group: a learning rate of 0, whatever the scale. Nothing moves its parameters, rewiring neither. */
  readonly frozen: readonly boolean[];
  /** Of each trained parameter, in the arena's order. */
  readonly groupOf: readonly number[];
  readonly clip: Clip | null;
  /** Where the norm is wanted. */
  readonly norm: Tensor | null;
}

/** The update of a step: what an optimiser hands to its tape. */
export const updateOf = (arena: Arena, attrs: Omit<UpdateAttrs, 'arena'>): Update => ({
  arena,
  op: (attrs.layerwise ? layerwiseOp : op) as Op,
  attrs: { arena, ...attrs },
});

/** The trained parameters of an arena, each once, in the order of their places. */
export const trained = (arena: Arena): Parameter[] => [...new Set(arena.parameters)].filter((p) => p.trainable);

const op: Op<UpdateAttrs> = {
  name: 'update',
  key: ({ rule, id, layerwise, frozen, groupOf, clip, norm }) =>
    [
      rule.kernel.name,
      JSON.stringify(rule.constants),
      rule.slabs,
      id,
      layerwise,
      frozen,
      groupOf,
      clip && Object.keys(clip),
      norm?.id,
    ].join(' '),
  slots: ({ attrs }) => ({ numbers: attrs.numbers.flat(), clip: attrs.clip ? Object.values(attrs.clip) : [] }),
  forward(low, node) {
    const { arena, layerwise, clip, norm } = node.attrs;
    const measured = norm || (clip && 'norm' in clip) ? normOf(low, arena, norm) : null;
    if (!layerwise) updateAll(low, node, measured);
    // the other layers have had their turn
    else
      trained(arena).forEach((p, i) => {
        if (!firstUser(low, p)) updateOne(low, node, p, i);
      });
  },
};

const layerwiseOp: Op<UpdateAttrs> = {
  ...op,
  afterBackward(low, node, user) {
    // a parameter that is used several times has its whole gradient only after its first use, the last to go backward
    trained(node.attrs.arena).forEach((p, i) => {
      if (firstUser(low, p) === user) updateOne(low, node, p, i);
    });
  },
};

const firstUser = (low: Lowering, p: Parameter): Node | undefined => low.tape.nodes.find((n) => n.params.includes(p));

function updateAll(low: Lowering, node: Node<UpdateAttrs>, norm: Storage | null): void {
  const { arena, groupOf } = node.attrs;
  const table: number[] = [];
  trained(arena).forEach((p, i) => {
    const slots = slotsOf(node, groupOf[i]!);
    // neighbours of one group are one range
    if (table.at(-1) === slots) table.splice(-2);
    table.push(arena.offset(p) + p.data.length, slots);
  });
  const ranges = table.length > 2 ? low.constant('groups of parameters', Uint32Array.from(table)) : null;
  call(low, node, { first: 0, count: arena.trainable, slots: table[1] ?? 0, ranges, norm });
  constrain(low, node, trained(arena));
}

function updateOne(low: Lowering, node: Node<UpdateAttrs>, p: Parameter, i: number): void {
  const slots = slotsOf(node, node.attrs.groupOf[i]!);
  maskGradients(low, [p]);
  call(low, node, { first: node.attrs.arena.offset(p), count: p.data.length, slots, ranges: null, norm: null });
  constrain(low, node, [p]);
}

/** Ranges, signs and rewiring of parameters that were just updated. */
function constrain(low: Lowering, { attrs }: Node<UpdateAttrs>, parameters: readonly Parameter[]): void {
  const { arena, rule, groupOf, frozen } = attrs;
  const all = trained(arena);
  const moving = parameters.filter((p) => !frozen[groupOf[all.indexOf(p)]!]);
  constrainAfterUpdate(low, moving, { storage: momentsOf(attrs), slabs: rule.slabs });
}

/** What an optimiser remembers of an arena. */
export const momentsOf = ({ arena, rule, id }: Pick<UpdateAttrs, 'arena' | 'rule' | 'id'>): Storage =>
  arena.slab(`${rule.kernel.name} moments ${id}`, rule.slabs * arena.trainable);

/** First slot of a group. */
const slotsOf = ({ attrs, slotBase }: Node<UpdateAttrs>, group: number): number =>
  slotBase.numbers! + group * attrs.numbers[0]!.length;

function call(
  low: Lowering,
  node: Node<UpdateAttrs>,
  a: { first: number; count: number; slots: number; ranges: Storage | null; norm: Storage | null },
): void {
  const { arena, rule, clip } = node.attrs;
  const { first, count, slots, ranges, norm } = a;
  if (count === 0) return;
  const { groups, row } = fold(count, 64);
  const kind = clip === null ? CLIP.none : 'norm' in clip ? CLIP.norm : CLIP.value;
  low.call(rule.kernel, 'update', {
    variant: { constants: { ...rule.constants, GROUPS: ranges !== null, CLIP: kind } },
    dims: { first, count, total: arena.trainable, slots, clip: node.slotBase.clip!, row },
    buffers: {
      params: arena.params,
      grads: arena.grads,
      moments: momentsOf(node.attrs),
      ranges,
      norm: kind === CLIP.norm ? norm : null,
    },
    groups,
  });
}

const normOp: Op<null> = {
  name: 'gradient norm',
  key: () => '',
  // computed by the update, when all gradients are there
  forward() {},
};

/** The norm of a step's gradients as a tensor of the step. */
export const recordNorm = (tape: Tape): Tensor =>
  tape.record(normOp, [], [], null, [{ form: 'words', shape: [1], requiresGrad: false, name: 'gradient norm' }])[0]!;

function normOf(low: Lowering, arena: Arena, wanted: Tensor | null): Storage {
  const norm = low.make('gradient norm', 'words', [1]);
  if (wanted) low.give(wanted, norm);
  const add = (x: Storage, count: number, result: Storage, squares: boolean, last: boolean): void => {
    const share = last ? Math.max(1, count) : shareOf(count);
    low.call(gradientNorm, 'gradient norm', {
      variant: { constants: { SQUARES: squares, LAST: last }, regions: low.has('subgroups') ? sumOfAll : {} },
      dims: { count, share },
      buffers: { x, result },
      groups: [Math.max(1, Math.ceil(count / share)), 1, 1],
    });
  };
  const count = arena.trainable;
  const shares = Math.ceil(count / shareOf(count));
  if (shares <= 1) add(arena.grads, count, norm, true, true);
  else {
    const partial = low.make('parts of the gradient norm', 'words', [shares]);
    add(arena.grads, count, partial, true, false);
    add(partial, shares, norm, false, true);
  }
  return norm;
}

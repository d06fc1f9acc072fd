import type { Storage } from '../device/storage.ts';
import * as kernels from '../kernels/constraints.ts';
import { fold } from '../kernels/sizes.ts';
import type { Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';

/** Numbers that no range bounds. */
export const UNBOUNDED = 3e38;
/** No such array. */
export const NONE = 0xffffffff;
/** Random numbers of rewiring; apart from the streams of operations, which count from 0. */
const REWIRING_STREAMS = 0x80000000;

/** What an optimiser remembers of every trainable parameter: `slabs` arrays, one after the other. */
export interface Moments {
  readonly storage: Storage;
  readonly slabs: number;
}

/** Of a matrix [post, ...]. */
const columnsOf = (p: Parameter): number => p.data.length / p.shape[0]!;

const masked = new WeakMap<Lowering, Set<Parameter>>();

/**
 * Makes the gradients of missing connections exactly 0, of all matrices in one dispatch, none where there is no mask. Goes
 * between a parameter's whole gradient and its update; a parameter whose turn was earlier in the step is left alone.
 */
export function maskGradients(low: Lowering, parameters: readonly Parameter[]): void {
  const done = masked.get(low) ?? new Set();
  masked.set(low, done);
  const now = parameters.filter((p) => p.trainable && p.options.mask && !done.has(p));
  for (const p of now) done.add(p);
  constrain(low, true, now, (p) => p.options.mask);
}

/**
 * Brings parameters back to their constraints after their update: a value outside its range goes to the nearest end (the
 * kernels read that anyway; left outside, it would have to come all the way back before it learned again), a weight whose
 * sign is not its presynaptic neuron's becomes 0, and rewired matrices lose connections that crossed 0 and gain as many.
 * One dispatch for all ranges and signs, one for all that is rewired, none for the rest.
 *
 * @param moments those of connections that are lost become 0, so that a connection made later starts without a past
 */
export function constrainAfterUpdate(
  low: Lowering,
  parameters: readonly Parameter[],
  moments: Moments | null = null,
): void {
  const trained = parameters.filter((p) => p.trainable);
  constrain(
    low,
    false,
    trained.filter(({ options: { signs, rewire, min, max } }) => !rewire && (signs || (min ?? max) !== undefined)),
    (p) => p.options.signs,
  );
  rewire(
    low,
    trained.filter((p) => p.options.rewire),
    moments,
  );
}

function constrain(
  low: Lowering,
  gradients: boolean,
  parameters: readonly Parameter[],
  by: (p: Parameter) => Parameter | undefined,
): void {
  if (parameters.length === 0) return;
  const { arena } = low;
  let total = 0;
  const table = parameters.flatMap((p) => {
    const first = total;
    total += p.data.length;
    const [other, { min = -UNBOUNDED, max = UNBOUNDED }] = [by(p), p.options];
    const range = new Uint32Array(Float32Array.of(min, max).buffer);
    return [first, arena.offset(p), other ? arena.offset(other) : NONE, columnsOf(p), ...range];
  });
  const { groups, row } = fold(total, 64);
  low.call(kernels.constrain, gradients ? 'masked gradients' : 'ranges and signs', {
    variant: { constants: { GRADIENTS: gradients } },
    dims: { entries: parameters.length, total, row },
    buffers: {
      table: low.constant('table of constraints', Uint32Array.from(table)),
      params: arena.params,
      grads: gradients ? arena.grads : null,
    },
    groups,
  });
}

/** What a number of a matrix takes, as `budgetOf` counts: one workgroup goes over all of it, six times, and waits for each read. */
const REWIRING = 1000;

function rewire(low: Lowering, parameters: readonly Parameter[], remembered: Moments | null): void {
  if (parameters.length === 0) return;
  const { arena } = low;
  const moments = remembered && remembered.slabs > 0 ? remembered : null;
  const words = parameters.flatMap((p) => {
    const { mask, signs, noDiagonal, rewire } = p.options;
    return [
      arena.offset(p),
      arena.offset(mask!),
      signs ? arena.offset(signs) : NONE,
      p.data.length,
      columnsOf(p),
      noDiagonal ? 1 : 0,
      rewire!.connections,
      REWIRING_STREAMS + arena.offset(p),
      ...new Uint32Array(Float32Array.of(rewire!.l1, rewire!.noise).buffer),
    ];
  });
  low.call(kernels.rewire, 'rewiring', {
    variant: { constants: { HAS_MOMENTS: moments !== null } },
    dims: { slabs: moments?.slabs ?? 0, trainable: arena.trainable },
    buffers: {
      table: low.constant('table of rewired matrices', Uint32Array.from(words)),
      params: arena.params,
      moments: moments?.storage ?? null,
    },
    groups: [parameters.length, 1, 1],
    work: REWIRING * Math.max(...parameters.map((p) => p.data.length)),
  });
}

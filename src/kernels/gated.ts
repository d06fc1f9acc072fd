import backwardText from '../../shaders/gated_backward.wgsl';
import forwardText from '../../shaders/gated_forward.wgsl';
import { budgetOf, whole } from './budget.ts';
import type { GatedAdjoint, GatedCell } from './gated_cell.ts';
import { defineKernel } from './kernel.ts';
import { quads } from './sizes.ts';

/** A layer of gated cells forward through time; see shaders/gated_forward.wgsl. */
export const gatedForward = defineKernel({
  name: 'gated_forward',
  wgsl: forwardText,
  dims: { T: 'u32', B: 'u32', t0: 'u32', t1: 'u32', units: 'u32' },
  storage: {
    effective: 'read',
    start: 'read',
    lengths: 'read',
    gates: 'read_write',
    trace: 'read_write',
    hidden: 'read_write',
    carry: 'read_write',
  },
});

/** Its adjoint; see shaders/gated_backward.wgsl. */
export const gatedBackward = defineKernel({
  name: 'gated_backward',
  wgsl: backwardText,
  dims: { T: 'u32', B: 'u32', t0: 'u32', t1: 'u32', units: 'u32', resumed: 'u32' },
  storage: {
    effective: 'read',
    grad_out: 'read',
    lengths: 'read',
    trace: 'read',
    gates: 'read_write',
    d_recurrent: 'read_write',
    carry: 'read_write',
  },
});

/** What the calls carry for their twins: what is computed, not how. */
export interface GatedStep {
  readonly cell: GatedCell;
  /** Null where nothing is kept for a backward pass. */
  readonly adjoint: GatedAdjoint | null;
  readonly H: number;
  /** Of the recurrent weights. */
  readonly hasBias: boolean;
}

/** How a layer's time loop is laid out on the device. */
export interface GatedPath {
  /** Threads of a workgroup, one for each quad of units. */
  readonly workgroup: number;
  /** Samples that a workgroup serves side by side. */
  readonly samples: number;
  /** Time steps of one dispatch. */
  readonly chunk: number;
  /** Estimated operations of one step. */
  readonly work: number;
}

/** Widest layer on every adapter: 256 threads, and its errors in 16,384 bytes of workgroup memory if there are four gates. */
const MOST_UNITS = 1024;
const SHARED = 16384;

/**
 * The one rule for the time loop of a layer of gated cells: all of a sample's units are in one workgroup.
 *
 * Samples that share a workgroup share the weights that it reads, which are most of the traffic; but there should be as many
 * workgroups as the device can run at once. On a CPU that plays the GPU, four samples would save a third of a step's time and
 * cost 20 s of compiling.
 *
 * @param how `chunk`: steps per dispatch; `label`: whose they are, for messages
 * @throws when the layer is too wide for a workgroup
 */
export function chooseGatedPath(
  { name, gates }: GatedCell,
  { H, B, T }: { readonly H: number; readonly B: number; readonly T: number },
  limits: { readonly maxWorkgroup: number; readonly software?: boolean; readonly budget?: number },
  how: { readonly chunk?: number | undefined; readonly label?: string } = {},
): GatedPath {
  const Q = quads(H);
  const most = Math.min(MOST_UNITS, 4 * limits.maxWorkgroup);
  if (H > most)
    throw new Error(
      `${how.label ?? name}: has ${H} units, a workgroup has room for ${most}; use a narrower layer, or several side by side (Parallel)`,
    );
  let workgroup = 8;
  while (workgroup < Q) workgroup *= 2;
  const [atOnce, shared] = limits.software ? [8, 2] : [256, 4];
  const fitting = Math.min(shared, SHARED / (16 * gates.length * Q), B / atOnce);
  const samples = fitting >= 4 ? 4 : fitting >= 2 ? 2 : 1;
  const work = B * H * (20 + gates.length * H);
  const budget = budgetOf(limits);
  // a thread has the weights of four presynaptic units to all gates under way at once
  const steps = how.chunk ?? whole(Math.min(budget.dispatch / work, budget.reads / (20 + H)), 32);
  return { workgroup: Math.min(workgroup, limits.maxWorkgroup), samples, chunk: Math.min(T, steps), work };
}

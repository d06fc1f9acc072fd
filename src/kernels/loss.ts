import lossText from '../../shaders/loss.wgsl';
import vanRossumText from '../../shaders/van_rossum.wgsl';
import weightPenaltyText from '../../shaders/weight_penalty.wgsl';
import { defineKernel } from './kernel.ts';

/** Cross entropy and squared error with their gradients; see shaders/loss.wgsl. */
export const loss = defineKernel({
  name: 'loss',
  wgsl: lossText,
  dims: { T: 'u32', B: 'u32', window: 'u32', numbers: 'u32' },
  storage: {
    outputs: 'read',
    labels: 'read',
    targets: 'read',
    class_weights: 'read',
    lengths: 'read',
    mask: 'read',
    result: 'read_write',
    grad: 'read_write',
  },
});

/** What is made of a sample's outputs over time; the kernel's POOL. */
export const POOL = { none: 0, mean: 1, sum: 2, max: 3 } as const;
/** What a sample's target is; the kernel's TARGET. */
export const TARGET = { label: 0, perSample: 1, perStep: 2, labelPerStep: 3 } as const;
/** The kernel keeps what it made of the outputs in workgroup memory, of which 16 KiB are sure. */
export const LARGEST_LOSS = { pooled: 4000, max: 2000 } as const;

/** Distance of spike trains with its gradient; see shaders/van_rossum.wgsl. */
export const vanRossum = defineKernel({
  name: 'van_rossum',
  wgsl: vanRossumText,
  dims: { T: 'u32', B: 'u32', numbers: 'u32' },
  storage: {
    outputs: 'read',
    targets: 'read',
    lengths: 'read',
    mask: 'read',
    result: 'read_write',
    grad: 'read_write',
  },
});

/** L1 and L2 of weights with their gradients; see shaders/weight_penalty.wgsl. */
export const weightPenalty = defineKernel({
  name: 'weight_penalty',
  wgsl: weightPenaltyText,
  dims: { entries: 'u32', total: 'u32', row: 'u32', weight_slot: 'u32' },
  storage: { table: 'read', effective: 'read', grads: 'read_write', partial: 'read_write' },
});

/** Weights that one workgroup of weight_penalty adds up. */
export const PENALTY_SHARE = 1024;

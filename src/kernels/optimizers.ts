import adamText from '../../shaders/adam.wgsl';
import gradientNormText from '../../shaders/gradient_norm.wgsl';
import rmspropText from '../../shaders/rmsprop.wgsl';
import sgdText from '../../shaders/sgd.wgsl';
import { defineKernel } from './kernel.ts';

const dims = { first: 'u32', count: 'u32', total: 'u32', slots: 'u32', clip: 'u32', row: 'u32' } as const;
const storage = { params: 'read_write', grads: 'read', moments: 'read_write', ranges: 'read', norm: 'read' } as const;

// Update rules share dims and bindings; each says in its shader what its slots are.
export const adam = defineKernel({ name: 'adam', wgsl: adamText, dims, storage });
export const rmsprop = defineKernel({ name: 'rmsprop', wgsl: rmspropText, dims, storage });
export const sgd = defineKernel({ name: 'sgd', wgsl: sgdText, dims, storage });

/** How an update clips gradients: the constant CLIP of its shader. */
export const CLIP = { none: 0, value: 1, norm: 2 } as const;

export const gradientNorm = defineKernel({
  name: 'gradient_norm',
  wgsl: gradientNormText,
  dims: { count: 'u32', share: 'u32' },
  storage: { x: 'read', result: 'read_write' },
});

/** Gradients that one workgroup of gradient_norm adds up by itself: 64 a thread. */
const ALONE = 64 * 256;

/** Numbers of each workgroup of gradient_norm's first dispatch: one workgroup for all of them, or at most 256. */
export const shareOf = (count: number): number =>
  count <= ALONE ? Math.max(1, count) : Math.max(ALONE, Math.ceil(count / 256));

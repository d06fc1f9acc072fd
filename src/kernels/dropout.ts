import text from '../../shaders/dropout.wgsl';
import { defineKernel } from './kernel.ts';

/** Steps of a sequence that a thread goes through with the mask that it drew. */
export const DROPOUT_STEPS = 16;

/** One mask for a whole sequence; see shaders/dropout.wgsl. */
export const dropout = defineKernel({
  name: 'dropout',
  wgsl: text,
  dims: { T: 'u32', B: 'u32', N: 'u32', first: 'u32', stream: 'u32', slots: 'u32' },
  storage: { x: 'read', spikes: 'read', y: 'read_write' },
});

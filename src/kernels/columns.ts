import text from '../../shaders/copy_columns.wgsl';
import { defineKernel } from './kernel.ts';

/** Columns of one activation to columns of another; see shaders/copy_columns.wgsl. */
export const copyColumns = defineKernel({
  name: 'copy_columns',
  wgsl: text,
  dims: { M: 'u32', count: 'u32', written: 'u32', first: 'u32', at: 'u32', pitch_from: 'u32', pitch_to: 'u32' },
  storage: { source: 'read', result: 'read_write' },
});

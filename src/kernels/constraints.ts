import constrainText from '../../shaders/constrain.wgsl';
import rewireText from '../../shaders/rewire.wgsl';
import { defineKernel } from './kernel.ts';

/** What keeps weights to their connections; each described in the header of its shader. */
export const constrain = defineKernel({
  name: 'constrain',
  wgsl: constrainText,
  dims: { entries: 'u32', total: 'u32', row: 'u32' },
  storage: { table: 'read', params: 'read_write', grads: 'read_write' },
});

export const rewire = defineKernel({
  name: 'rewire',
  wgsl: rewireText,
  dims: { slabs: 'u32', trainable: 'u32' },
  storage: { table: 'read', params: 'read_write', moments: 'read_write' },
});

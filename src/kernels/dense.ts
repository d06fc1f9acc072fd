import addText from '../../shaders/add.wgsl';
import effectiveText from '../../shaders/effective.wgsl';
import gatherText from '../../shaders/gather_rows.wgsl';
import linearText from '../../shaders/linear.wgsl';
import linearSpikesText from '../../shaders/linear_spikes.wgsl';
import sumRowsText from '../../shaders/sum_rows.wgsl';
import toDenseText from '../../shaders/to_dense.wgsl';
import { defineKernel } from './kernel.ts';

/** Each described in the header of its shader. */
export const effective = defineKernel({
  name: 'effective',
  wgsl: effectiveText,
  dims: { entries: 'u32', total: 'u32', row: 'u32' },
  storage: { table: 'read', params: 'read', effective: 'read_write' },
});

export const linear = defineKernel({
  name: 'linear',
  wgsl: linearText,
  dims: { M: 'u32', KQ: 'u32', Q: 'u32', weights: 'u32', bias: 'u32', first: 'u32', row0: 'u32' },
  storage: { effective: 'read', x: 'read', y: 'read_write' },
});

export const linearSpikes = defineKernel({
  name: 'linear_spikes',
  wgsl: linearSpikesText,
  dims: { M: 'u32', words: 'u32', Q: 'u32', weights: 'u32', bias: 'u32', first: 'u32', row0: 'u32' },
  storage: { effective: 'read', bits: 'read', y: 'read_write' },
});

export const sumRows = defineKernel({
  name: 'sum_rows',
  wgsl: sumRowsText,
  dims: { rows: 'u32', N: 'u32', source: 'u32', dest: 'u32', accumulate: 'u32', row: 'u32' },
  storage: { x: 'read', grads: 'read_write' },
});

export const add = defineKernel({
  name: 'add',
  wgsl: addText,
  dims: { count: 'u32', source: 'u32', offset: 'u32', row: 'u32' },
  storage: { a: 'read', b: 'read', result: 'read_write' },
});

export const gatherRows = defineKernel({
  name: 'gather_rows',
  wgsl: gatherText,
  dims: { rows: 'u32', Q: 'u32', rows_a: 'u32' },
  storage: { table: 'read', a: 'read', b: 'read', result: 'read_write' },
});

export const toDense = defineKernel({
  name: 'to_dense',
  wgsl: toDenseText,
  dims: { M: 'u32', N: 'u32', scale: 'f32' },
  storage: { packed: 'read', result: 'read_write' },
});

import adamText from '../../shaders/adam.wgsl';
import sgdText from '../../shaders/sgd.wgsl';
import { defineKernel } from './kernel.ts';

const dims = { first: 'u32', count: 'u32', total: 'u32', slots: 'u32', row: 'u32' } as const;
const storage = { params: 'read_write', grads: 'read', moments: 'read_write' } as const;

export const adam = defineKernel({ name: 'adam', wgsl: adamText, dims, storage });
export const sgd = defineKernel({ name: 'sgd', wgsl: sgdText, dims, storage });

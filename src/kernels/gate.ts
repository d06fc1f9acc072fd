import forwardText from '../../shaders/gate.wgsl';
import backwardText from '../../shaders/gate_backward.wgsl';
import { defineKernel } from './kernel.ts';

/** A gate on a current; see shaders/gate.wgsl. */
export const gate = defineKernel({
  name: 'gate',
  wgsl: forwardText,
  dims: { T: 'u32', B: 'u32', Q: 'u32', b_at: 'u32', g_at: 'u32' },
  storage: { effective: 'read', x: 'read', y: 'read_write' },
});

/** Its adjoint; see shaders/gate_backward.wgsl. */
export const gateBackward = defineKernel({
  name: 'gate_backward',
  wgsl: backwardText,
  dims: {
    T: 'u32',
    B: 'u32',
    N: 'u32',
    Q: 'u32',
    b_at: 'u32',
    g_at: 'u32',
    steps: 'u32',
    dest: 'u32',
    accumulate: 'u32',
  },
  storage: { effective: 'read', x: 'read', dy: 'read', dx: 'read_write', d_b: 'read_write', grads: 'read_write' },
});

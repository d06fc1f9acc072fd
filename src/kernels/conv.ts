import convText from '../../shaders/conv2d.wgsl';
import inputText from '../../shaders/conv2d_input.wgsl';
import spikesText from '../../shaders/conv2d_spikes.wgsl';
import weightText from '../../shaders/conv2d_weight.wgsl';
import weightSpikesText from '../../shaders/conv2d_weight_spikes.wgsl';
import poolText from '../../shaders/pool2d.wgsl';
import poolInputText from '../../shaders/pool2d_input.wgsl';
import { defineKernel } from './kernel.ts';

/** Channels, rows, columns; an activation holds them flattened in this order. */
export type Planes = readonly [channels: number, height: number, width: number];
/** Along rows (y) and columns (x). */
export type Pair = readonly [y: number, x: number];

/** How a window moves over planes: what a convolution and a pooling have in common. */
export interface Sliding {
  readonly input: Planes;
  readonly output: Planes;
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Zeros before the first row and column; those after the last are in the output's size. */
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

const planeConstants = ({ input, output, stride, padding }: Sliding) => ({
  C: input[0],
  H: input[1],
  W: input[2],
  OH: output[1],
  OW: output[2],
  SY: stride[0],
  SX: stride[1],
  PY: padding[0],
  PX: padding[1],
});

const kernelConstants = ({ kernel }: Sliding) => ({ KH: kernel[0], KW: kernel[1] });

const convConstants = (w: Sliding) => ({
  ...planeConstants(w),
  O: w.output[0],
  DY: w.dilation[0],
  DX: w.dilation[1],
  GROUPS: w.groups,
});

/** The shaders' constants for a pooling, for a convolution and its input's gradient, and for its weights' gradient. */
export const constantsOf = {
  pool: (w: Sliding) => ({ ...planeConstants(w), ...kernelConstants(w) }),
  conv: convConstants,
  weight: (w: Sliding) => ({ ...convConstants(w), ...kernelConstants(w) }),
};

const kernelDims = { kernel_rows: 'u32', kernel_columns: 'u32' } as const;
const forwardDims = {
  ...kernelDims,
  first: 'u32',
  last: 'u32',
  weights: 'u32',
  bias: 'u32',
  row: 'u32',
  row0: 'u32',
} as const;
const weightDims = {
  columns: 'u32',
  rows: 'u32',
  rows_per_part: 'u32',
  parts: 'u32',
  first: 'u32',
  last: 'u32',
  row: 'u32',
  row0: 'u32',
} as const;

/** Each described in the header of its shader. */
export const conv2d = defineKernel({
  name: 'conv2d',
  wgsl: convText,
  dims: forwardDims,
  storage: { effective: 'read', x: 'read', y: 'read_write' },
});

export const conv2dSpikes = defineKernel({
  name: 'conv2d_spikes',
  wgsl: spikesText,
  dims: forwardDims,
  storage: { effective: 'read', bits: 'read', y: 'read_write' },
});

export const conv2dInput = defineKernel({
  name: 'conv2d_input',
  wgsl: inputText,
  dims: { ...kernelDims, first: 'u32', last: 'u32', weights: 'u32', row: 'u32' },
  storage: { effective: 'read', dy: 'read', dx: 'read_write' },
});

export const conv2dWeight = defineKernel({
  name: 'conv2d_weight',
  wgsl: weightText,
  dims: weightDims,
  storage: { x: 'read', dy: 'read', parts: 'read_write' },
});

export const conv2dWeightSpikes = defineKernel({
  name: 'conv2d_weight_spikes',
  wgsl: weightSpikesText,
  dims: weightDims,
  storage: { bits: 'read', dy: 'read', parts: 'read_write' },
});

export const pool2d = defineKernel({
  name: 'pool2d',
  wgsl: poolText,
  dims: { M: 'u32', first: 'u32', scale: 'f32', row: 'u32' },
  storage: { x: 'read', y: 'read_write' },
});

export const pool2dInput = defineKernel({
  name: 'pool2d_input',
  wgsl: poolInputText,
  dims: { M: 'u32', scale: 'f32', row: 'u32' },
  storage: { dy: 'read', dx: 'read_write' },
});

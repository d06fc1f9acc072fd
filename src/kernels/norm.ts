import applyText from '../../shaders/norm_apply.wgsl';
import gradientText from '../../shaders/norm_gradient.wgsl';
import partialText from '../../shaders/norm_partial.wgsl';
import statsText from '../../shaders/norm_stats.wgsl';
import sumsText from '../../shaders/norm_sums.wgsl';
import totalsText from '../../shaders/norm_totals.wgsl';
import { defineKernel } from './kernel.ts';

// Normalisation over time and batch by channel: three dispatches forward (partial, stats, apply), one in inference (apply),
// three backward (sums, totals, gradient). Each described in the header of its shader; all have the same Dims.

const names = [
  ...[
    'B',
    'N',
    'C',
    'P',
    'Q',
    'rows',
    'chunk',
    'chunks',
    'pieces',
    'quads',
    'count',
    'mean',
    'variance',
    'weight',
    'bias',
  ],
  ...['weight_to', 'weight_adds', 'bias_to', 'bias_adds', 'slots', 'row'],
];
const dims = Object.fromEntries(names.map((name) => [name, 'u32' as const]));

export const normPartial = defineKernel({
  name: 'norm_partial',
  wgsl: partialText,
  dims,
  storage: { x: 'read', lengths: 'read', sums: 'read_write' },
});

export const normStats = defineKernel({
  name: 'norm_stats',
  wgsl: statsText,
  dims,
  storage: { sums: 'read', stats: 'read_write', params: 'read_write' },
});

export const normApply = defineKernel({
  name: 'norm_apply',
  wgsl: applyText,
  dims,
  storage: { x: 'read', stats: 'read', params: 'read', effective: 'read', y: 'read_write' },
});

export const normSums = defineKernel({
  name: 'norm_sums',
  wgsl: sumsText,
  dims,
  storage: { x: 'read', dy: 'read', lengths: 'read', stats: 'read', sums: 'read_write' },
});

export const normTotals = defineKernel({
  name: 'norm_totals',
  wgsl: totalsText,
  dims,
  storage: { sums: 'read', stats: 'read', totals: 'read_write', grads: 'read_write' },
});

export const normGradient = defineKernel({
  name: 'norm_gradient',
  wgsl: gradientText,
  dims,
  storage: {
    x: 'read',
    dy: 'read',
    lengths: 'read',
    stats: 'read',
    totals: 'read',
    effective: 'read',
    dx: 'read_write',
  },
});

/** Pieces that rows are cut into: enough threads for a wide device, few enough to be added up by one workgroup a channel. */
export function pieces(rows: number, groups: number): { chunk: number; chunks: number; pieces: number } {
  const chunk = Math.max(16, Math.ceil(rows / 256));
  const chunks = Math.ceil(rows / chunk);
  return { chunk, chunks, pieces: groups * chunks };
}

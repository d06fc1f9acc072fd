import denseText from '../../shaders/weight_gradient.wgsl';
import spikesText from '../../shaders/weight_gradient_spikes.wgsl';
import { defineKernel, type Scalar, type Variant } from './kernel.ts';
import { fold, quads } from './sizes.ts';

/** Of dense input; see shaders/weight_gradient.wgsl. */
export const weightGradient = defineKernel({
  name: 'weight_gradient',
  wgsl: denseText,
  dims: { M: 'u32', K: 'u32', N: 'u32', dest: 'u32', accumulate: 'u32', row: 'u32', first: 'u32', row0: 'u32' },
  storage: { x: 'read', dy: 'read', grads: 'read_write' },
});

/** Jobs of one dispatch at most: two buffers each, `start` and `grads` make eight. */
export const JOBS = 3;
/** No such job, no such slot. */
export const NONE = 0xffffffff;

/** What the shader knows of a job. */
const fields = [
  ...['first', 'K', 'N', 'B', 't0', 't1', 'row0', 'shift', 'start_z', 'bits_along_time', 'no_diagonal', 'dest'],
  'accumulate',
] as const;
export type JobField = (typeof fields)[number];
export type JobNumbers = Readonly<Record<Exclude<JobField, 'first'>, number>>;

/** Of spikes, several matrices at once; see shaders/weight_gradient_spikes.wgsl. */
export const weightGradientSpikes = defineKernel({
  name: 'weight_gradient_spikes',
  wgsl: spikesText,
  dims: Object.fromEntries<Scalar>([
    ...[0, 1, 2].flatMap((j) => fields.map((f): [string, Scalar] => [`${f}_${j}`, 'u32'])),
    ['row', 'u32'],
  ]),
  storage: {
    spikes_0: 'read',
    spikes_1: 'read',
    spikes_2: 'read',
    d_current_0: 'read',
    d_current_1: 'read',
    d_current_2: 'read',
    start: 'read',
    grads: 'read_write',
  },
});

const THREADS = 64;

/**
 * Variant, Dims and workgroups of a dispatch for one to three jobs.
 *
 * On a GPU eight threads share a quad of weights: one alone would read words of spikes one after the other while most of
 * the adapter has nothing to do. A CPU that plays the GPU is busy anyway, and pays for each thread of a workgroup that
 * waits at a barrier as much as for ten spikes; there a thread works alone.
 */
export function gatherWeights(
  jobs: readonly JobNumbers[],
  limits: { readonly software?: boolean },
): { variant: Variant; dims: Record<string, number>; groups: [number, number, number] } {
  const parts = limits.software ? 1 : 8;
  const outputs = THREADS / parts;
  const dims: Record<string, number> = {};
  let total = 0;
  for (let j = 0; j < JOBS; j++) {
    const job = jobs[j];
    for (const f of fields) dims[`${f}_${j}`] = f === 'first' ? (job ? total : NONE) : (job?.[f] ?? 0);
    if (job) total += Math.ceil((job.K * quads(job.N)) / outputs);
  }
  const { groups, row } = fold(total, 1);
  const regions = {
    ...(jobs.length > 1 ? { choose: repeated('choose', jobs.length), gather: repeated('gather', jobs.length) } : {}),
    ...(parts === 1 ? { together: '' } : {}),
  };
  const constants = {
    OUTPUTS: outputs,
    PARTS: parts,
    ONLY_BITS: jobs.every((job) => job.start_z === NONE && job.bits_along_time !== NONE),
  };
  return { variant: { constants, regions }, dims: { ...dims, row }, groups };
}

/** A region of the shader, which stands there for job 0, for each of `count` jobs. */
function repeated(region: string, count: number): string {
  const [, indent, body] = spikesText.match(
    new RegExp(`^([ \\t]*)// <${region}>\\n([\\s\\S]*?)\\n[ \\t]*// </${region}>$`, 'm'),
  )!;
  const lines = body!.split('\n').map((line) => line.slice(indent!.length));
  return Array.from({ length: count }, (_, j) => lines.join('\n').replaceAll(/_0\b/g, `_${j}`)).join('\n');
}

import { quads } from './sizes.ts';

/** How a layer's time loop is laid out on the device. */
export interface TimePath {
  /** Threads of a workgroup. */
  readonly workgroup: number;
  /** Workgroups that share one sample's neurons. */
  readonly tiles: number;
  /** Time steps of one dispatch. */
  readonly chunk: number;
  /** Whether recurrent spikes travel through global memory, one dispatch a step. */
  readonly wide: boolean;
  /** Estimated operations of one step. */
  readonly work: number;
}

/** Operations that one dispatch may cost; a slow software adapter does about 1e9 a second. */
const DISPATCH_BUDGET = 1e9;

/**
 * The one rule that chooses between a fused time loop and one dispatch a step.
 *
 * A thread serves four neurons, so a workgroup of 256 threads holds 1,024 (one of 1,024 threads, where the adapter has
 * them, 4,096). A layer that fits runs its whole time loop in one
 * dispatch, chunked only when that would run for long. A wider layer is cut into tiles; without recurrence they are
 * independent and keep the time loop, with it each step is a dispatch of its own.
 *
 * @param layer N neurons, `inputs` presynaptic ones whose spikes are gathered in the loop
 * @param chunk steps per dispatch, when the caller wants to say
 */
export function chooseTimePath(
  layer: { N: number; B: number; T: number; inputs: number; recurrent: boolean },
  limits: { maxWorkgroup: number },
  chunk?: number,
): TimePath {
  const { N, B, T, inputs, recurrent } = layer;
  if (chunk !== undefined && !(Number.isInteger(chunk) && chunk > 0))
    throw new Error(`chunk: must be a whole number of steps above 0, got ${chunk}`);
  const Q = quads(N);
  // whole words of spike bits per tile: 8 quads
  let workgroup = 8;
  while (workgroup < Q && 2 * workgroup <= limits.maxWorkgroup) workgroup *= 2;
  const tiles = Math.ceil(Q / workgroup);
  const work = B * N * (20 + 0.1 * inputs + (recurrent ? N : 0));
  if (recurrent && tiles > 1) return { workgroup, tiles, chunk: 1, wide: true, work };
  const fitting = Math.max(32, 32 * Math.floor(DISPATCH_BUDGET / work / 32));
  return { workgroup, tiles, chunk: Math.min(T, chunk ?? fitting), wide: false, work };
}

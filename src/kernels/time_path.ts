import { budgetOf, SPIKING, whole } from './budget.ts';
import { quads } from './sizes.ts';

/** How a recurrent layer's time runs: a loop inside one dispatch, or a dispatch a step. */
export type PathName = 'loop' | 'steps';

/** What the choice of a layer's path depends on. */
export interface LayerShape {
  readonly N: number;
  readonly B: number;
  readonly T: number;
  /** Presynaptic neurons whose spikes are gathered in the loop. */
  readonly inputs: number;
  readonly recurrent: boolean;
}

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

interface PathLimits {
  readonly maxWorkgroup: number;
  readonly software?: boolean;
  readonly budget?: number;
}

/** Threads of a tile: enough for every GPU's unit of execution, and few, so that a layer spreads over its processors. */
const TILE = 64;

/** The paths that a layer can take, the one first that it takes unless told otherwise. */
export function possiblePaths({ N, recurrent }: LayerShape, limits: PathLimits): readonly PathName[] {
  if (!recurrent) return ['loop'];
  if (quads(N) > threads(N, limits.maxWorkgroup)) return ['steps'];
  return quads(N) > TILE ? ['loop', 'steps'] : ['loop'];
}

/**
 * The one rule that chooses between a fused time loop and one dispatch a step.
 *
 * A thread serves four neurons, so a workgroup of 256 threads holds 1,024 (one of 1,024 threads, where the adapter has
 * them, 4,096). A recurrent layer that fits runs its whole time loop in one workgroup a sample. A wider one is cut into tiles,
 * and each step is a dispatch of its own, since the tiles need one another's spikes. Without recurrence the tiles of any layer
 * are independent and keep the time loop. A dispatch has as many steps as `budgetOf` allows, as a rule all.
 *
 * @param how `chunk`: steps per dispatch; `path`: one of those possible, another is ignored
 */
export function chooseTimePath(
  layer: LayerShape,
  limits: PathLimits,
  how: { readonly chunk?: number | undefined; readonly path?: PathName | undefined } = {},
): TimePath {
  const { N, B, T, inputs, recurrent } = layer;
  const { chunk } = how;
  if (chunk !== undefined && !(Number.isInteger(chunk) && chunk > 0))
    throw new Error(`chunk: must be a whole number of steps above 0, got ${chunk}`);
  const possible = possiblePaths(layer, limits);
  const path = possible.find((p) => p === how.path) ?? possible[0]!;
  const together = recurrent && path === 'loop';
  const workgroup = threads(N, together ? limits.maxWorkgroup : Math.min(TILE, limits.maxWorkgroup));
  const tiles = Math.ceil(quads(N) / workgroup);
  const reads = 20 + SPIKING * inputs + (recurrent ? N : 0);
  const work = B * N * reads;
  if (path === 'steps') return { workgroup, tiles, chunk: 1, wide: true, work };
  const budget = budgetOf(limits);
  // words of spikes along time are of 32 steps
  const steps = chunk ?? whole(Math.min(budget.dispatch / work, budget.reads / reads), 32);
  return { workgroup, tiles, chunk: Math.min(T, steps), wide: false, work };
}

/** Threads of a workgroup for N neurons: whole words of spike bits, 8 quads each. */
function threads(N: number, most: number): number {
  let workgroup = 8;
  while (workgroup < quads(N) && 2 * workgroup <= most) workgroup *= 2;
  return workgroup;
}

import type { Storage } from '../../device/storage.ts';
import { STAT_ROWS } from '../../kernels/activity.ts';
import type { CellStep } from '../../kernels/cell.ts';
import { chooseSegments, type Segments } from '../../kernels/segments.ts';
import { quads } from '../../kernels/sizes.ts';
import type { TimePath } from '../../kernels/time_path.ts';
import type { Lowering, PartMaker } from '../lowering.ts';
import type { Node } from '../op.ts';
import { type CellAttrs, INPUT, outputOf } from './cell_node.ts';
import { longestPart, once, traceOf } from './cell_trace.ts';

/** What forward and backward of one node share: what its step computes, and how it is laid out on the device. */
export interface CellPlan extends CellStep {
  readonly attrs: CellAttrs;
  readonly path: TimePath;
  readonly lengths: Storage | null;
  /** Makes the current over a part of time, where no other operation reads it. */
  readonly currentOf: PartMaker | undefined;
  /** How the trace is kept, and where each part of it is. */
  readonly segments: Segments;
  readonly traces: readonly Storage[] | null;
  /** Quads from the carried states' beginning to those kept before part i of the trace; the last states come first. */
  readonly slot: (i: number) => number;
  /** The layer's states after the last step, sums over time, states between parts. */
  readonly carry: Storage;
  /** Whether sums over time are wanted. */
  readonly monitored: boolean;
  readonly spikes: Storage | null;
  readonly backwardCarry: () => Storage;
}

const plans = new WeakMap<Lowering, Map<Node<CellAttrs>, CellPlan>>();

/** The plan of a node, made at the first request within a lowering. */
export const planOf = (low: Lowering, node: Node<CellAttrs>): CellPlan => once(plans, low, node, makePlan);

function makePlan(low: Lowering, node: Node<CellAttrs>): CellPlan {
  const { attrs } = node;
  const { definition: def, surrogate, N, extras } = attrs;
  const out = outputOf(node);
  const [T, B] = out.v.shape as [number, number, number];
  const { adjoint, planes, path, split } = traceOf(low, node);
  const carried = def.states.length + (def.z ? 1 : 0);
  const input = node.inputs[INPUT.spikes] ?? null;
  const inputs = input?.shape[2] ?? 0;
  const dense =
    input?.form === 'f32' ? { dense: { inputs, weights: low.weights(attrs.weight!, 'pre', 'packed') } } : {};
  const Q = quads(N);
  const monitored = extras.monitored || low.used(out.activity);
  const current = node.inputs[INPUT.current] ?? null;
  // a current that cannot be made again would have to be kept in place of what is saved
  const kept = !current || low.tape.data.has(current.id) || low.keeps(current);
  const currentOf = current ? low.makerOf(current) : undefined;
  const beside = kept || currentOf ? 0 : 1;
  const layer = { T, planes: planes.length, states: def.states.length, beside };
  const segments = chooseSegments(layer, longestPart(low, node), { low: low.tape.options.memory === 'low', split });
  const rows = carried + (monitored ? STAT_ROWS : 0);
  const last = segments.list.length - 1;
  const lengths = out.v.lengths ? low.of(out.v.lengths.tensor) : null;
  return {
    ...dense,
    attrs,
    def,
    T,
    B,
    N,
    Q,
    carried,
    adjoint,
    planes,
    lengths,
    path,
    slots: {
      surrogate: Object.keys(surrogate?.constants ?? {}),
      penalties: extras.penalties.flatMap(({ penalty: p }) => [p.name, ...Object.keys(p.constants ?? {})]),
    },
    monitored,
    segments,
    currentOf,
    traces: planes.length ? tracesOf(low, node, segments, [planes.length, B, N]) : null,
    slot: (i) => (i === last + 1 ? 0 : (rows + (i - 1) * def.states.length) * B * Q),
    carry: low.make(`${node.label} carry`, 'f32', [rows + last * def.states.length, B, N]),
    spikes: def.z ? low.make(`${node.label} spikes`, 'bits', [T, B, N]) : null,
    backwardCarry: () =>
      low.scratch(node, 'backward carry', () =>
        low.make(`${node.label} backward carry`, 'f32', [
          1 + (carried + (adjoint?.params.length ?? 0) + (attrs.recurrent ? 2 : 0)) * B,
          N,
        ]),
      ),
  };
}

/** Memory for each part of the trace: of those that are run again, one after the other is there. */
function tracesOf(low: Lowering, node: Node, { list }: Segments, size: [number, number, number]): Storage[] {
  const [planes, B, N] = size;
  const make = (steps: number): Storage => low.make(`${node.label} trace`, 'f32', [planes, steps, B, N]);
  return list.map((s) => make(s.t1 - s.t0));
}

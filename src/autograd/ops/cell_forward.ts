import type { Storage } from '../../device/storage.ts';
import { ACTIVITY_ROWS, activity, rateRegion, rateTerm } from '../../kernels/activity.ts';
import { cellForward } from '../../kernels/cell.ts';
import { denseRegions, forwardRegions } from '../../kernels/cell_regions.ts';
import { bitsAlongTime, words } from '../../kernels/sizes.ts';
import type { Expr } from '../../neurons/expr.ts';
import type { Lowering } from '../lowering.ts';
import type { Node } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { type CellAttrs, INPUT, outputOf } from './cell_node.ts';
import { type CellPlan, planOf } from './cell_plan.ts';

/** A layer of neurons over all its chunks of time, then the sums of its activity if anyone wants them. */
export function cellForwardCalls(low: Lowering, node: Node<CellAttrs>): void {
  const plan = planOf(low, node);
  const { def, B, N, Q, path, segments, carry } = plan;
  const { extras } = node.attrs;
  // what is run again later is not saved now
  const planes = segments.replay ? [] : plan.planes;
  const out = outputOf(node);
  low.give(out.final, carry);
  if (out.z) low.give(out.z, plan.spikes!);
  for (const [i, { t0, t1 }] of segments.list.entries()) {
    const current = plan.currentOf?.({ t0, t1 }, planes.length ? plan.traces![i] : undefined);
    for (let from = t0; from < t1; from += path.chunk)
      run(low, node, { i, t0: from, t1: Math.min(t1, from + path.chunk), planes, replay: false, current });
  }
  giveTrace(low, node, out.v, def.v, plan);
  for (const s of def.states) giveTrace(low, node, out.states[s]!, def.next[s]!, plan);
  if (plan.monitored) {
    const term = extras.rate ? rateTerm(extras.rate.penalty) : null;
    low.call(activity, `${node.label} activity`, {
      variant: { constants: { N, Q, HAS_RATE: term !== null }, regions: term ? { rate: rateRegion(term) } : {} },
      dims: { B, stats: plan.carried * B * Q, steps_slot: node.slotBase.steps!, penalty_slot: node.slotBase.rate! },
      buffers: {
        carry,
        activity: low.give(out.activity, low.make(`${node.label} activity`, 'f32', [ACTIVITY_ROWS, N])),
        d_rate: term ? plan.backwardCarry() : null,
      },
      groups: [Math.ceil(Q / 32), 1, 1],
      twin: term,
    });
  }
}

/** Runs a part of the trace again, for the backward pass. */
export function replay(low: Lowering, node: Node<CellAttrs>, i: number): void {
  const { segments, planes, currentOf, traces } = planOf(low, node);
  const part = segments.list[i]!;
  run(low, node, { i, ...part, planes, replay: true, current: currentOf?.(part, traces![i]) });
}

/** One dispatch, within part i of the trace; `current` is that of the part, where it is made part by part. */
function run(
  low: Lowering,
  node: Node<CellAttrs>,
  a: { i: number; t0: number; t1: number; planes: CellPlan['planes']; replay: boolean; current: Storage | undefined },
): void {
  const plan = planOf(low, node);
  const { attrs, def, T, B, N, Q, path, slots, segments, dense } = plan;
  const { weight, recurrent, bias, extras } = attrs;
  const [current, spikesIn, start] = [
    node.inputs[INPUT.current] ?? null,
    node.inputs[INPUT.spikes] ?? null,
    node.inputs[INPUT.start] ?? null,
  ];
  const segment = segments.list[a.i]!;
  const inputs = spikesIn?.shape[2] ?? 0;
  const steps = segment.t1 - segment.t0;
  const inTrace = a.planes.length > 0 && a.current === plan.traces![a.i];
  const variant = {
    constants: {
      N,
      Q,
      W: words(N),
      WORKGROUP: path.workgroup,
      STATES: def.states.length,
      IN_WORDS: words(inputs),
      W_IN: weight ? low.weights(weight, 'pre', 'packed') : 0,
      W_REC: recurrent ? low.weights(recurrent, 'pre', 'packed') : 0,
      BIAS: bias ? low.constants([bias], N) : 0,
      PARAMS: low.constants(attrs.constants, N),
      HAS_CURRENT: current !== null && !inTrace,
      CURRENT_IN_TRACE: inTrace,
      HAS_INPUT: weight !== null && !dense,
      HAS_BIAS: bias !== null,
      HAS_START: start !== null,
      HAS_LENGTHS: plan.lengths !== null,
      RECURRENT: recurrent !== null,
      SPIKES: def.z !== null,
      WIDE: path.wide,
      STATS: plan.monitored && !a.replay,
      REPLAY: a.replay,
    },
    regions: {
      ...forwardRegions(
        def,
        a.planes,
        extras.penalties.map((p) => p.penalty),
        slots,
        a.replay,
      ),
      ...(dense ? denseRegions(dense.inputs, dense.weights) : {}),
      ...low.packing,
    },
  };
  low.call(cellForward, `${node.label} ${a.replay ? 'replay' : 'forward'}`, {
    variant,
    dims: {
      T,
      B,
      t0: a.t0,
      t1: a.t1,
      row0: segment.t0,
      rows: steps,
      // within a part the states go on from where the part's last dispatch left them
      carry_in: plan.slot(a.t0 === segment.t0 ? Math.max(1, a.i) : a.i + 1),
      carry_out: plan.slot(a.i + 1),
      first: a.t0 === 0 ? 1 : 0,
      current_first: a.current ? segment.t0 * B * Q : 0,
      bits_along_time: bitsAlongTime(T, B, N),
      surrogate_slot: node.slotBase.surrogate!,
      penalty_slot: node.slotBase.penalties!,
    },
    buffers: {
      effective: low.effective,
      current: dense ? low.of(spikesIn!) : inTrace ? null : (a.current ?? (current && low.of(current))),
      in_bits: dense ? null : spikesIn && low.of(spikesIn),
      start: start && low.of(start),
      lengths: plan.lengths,
      trace: a.planes.length ? plan.traces![a.i]! : null,
      spikes: plan.spikes,
      // where no states are read, those of the forward pass need not be there any more
      carry: a.replay && a.t0 === 0 ? plan.backwardCarry() : plan.carry,
    },
    groups: [B, path.tiles, 1],
    work: path.work * (a.t1 - a.t0),
    twin: plan,
  });
}

/** Says where a recorded tensor is: plane 0 is the trace itself, another is copied out if it is wanted. */
function giveTrace(low: Lowering, node: Node<CellAttrs>, t: Tensor, wanted: Expr, plan: CellPlan): void {
  if (!low.used(t)) return;
  const k = plan.planes.findIndex((p) => p.node === wanted);
  if (k === 0) low.give(t, plan.traces![0]!);
  else {
    const size = plan.T * plan.B * plan.Q;
    low.copy(plan.traces![0]!, low.give(t, low.make(t.name, 'f32', t.shape)), {
      source: k * size,
      count: size,
      label: `${node.label} ${t.name}`,
    });
  }
}

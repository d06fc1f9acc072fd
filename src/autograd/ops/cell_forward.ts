import { ACTIVITY_ROWS, activity, rateRegion, rateTerm, STAT_ROWS } from '../../kernels/activity.ts';
import { cellForward, forwardRegions } from '../../kernels/cell.ts';
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
  const { attrs, def, T, B, N, Q, path, planes, slots } = plan;
  const [current, spikesIn, start] = [
    node.inputs[INPUT.current] ?? null,
    node.inputs[INPUT.spikes] ?? null,
    node.inputs[INPUT.start] ?? null,
  ];
  const { weight, recurrent, bias, extras } = attrs;
  const inputs = spikesIn?.shape[2] ?? 0;
  const monitored = isMonitored(low, node);
  const variant = {
    constants: {
      N,
      Q,
      W: words(N),
      WORKGROUP: path.workgroup,
      STATES: def.states.length,
      IN_WORDS: words(inputs),
      W_IN: weight ? low.weights(weight, 'pre') : 0,
      W_REC: recurrent ? low.weights(recurrent, 'pre') : 0,
      BIAS: bias ? low.constants([bias], N) : 0,
      PARAMS: low.constants(attrs.constants, N),
      HAS_CURRENT: current !== null,
      HAS_INPUT: weight !== null,
      HAS_BIAS: bias !== null,
      HAS_START: start !== null,
      HAS_LENGTHS: plan.lengths !== null,
      RECURRENT: recurrent !== null,
      SPIKES: def.z !== null,
      WIDE: path.wide,
      STATS: monitored,
    },
    regions: forwardRegions(
      def,
      planes,
      extras.penalties.map((p) => p.penalty),
      slots,
    ),
  };
  const carry = low.scratch(node, 'carry', () =>
    low.make(`${node.label} carry`, 'f32', [plan.carried + (monitored ? STAT_ROWS : 0), B, N]),
  );
  const out = outputOf(node);
  low.give(out.final, carry);
  if (out.z) low.give(out.z, plan.spikes!);
  const dims = {
    T,
    B,
    bits_along_time: bitsAlongTime(T, B, N),
    surrogate_slot: node.slotBase.surrogate!,
    penalty_slot: node.slotBase.penalties!,
  };
  for (let t0 = 0; t0 < T; t0 += path.chunk) {
    low.call(cellForward, `${node.label} forward`, {
      variant,
      dims: { ...dims, t0, t1: Math.min(T, t0 + path.chunk), first: t0 === 0 ? 1 : 0 },
      buffers: {
        effective: low.effective,
        current: current && low.of(current),
        in_bits: spikesIn && low.of(spikesIn),
        start: start && low.of(start),
        lengths: plan.lengths,
        trace: plan.trace,
        spikes: plan.spikes,
        carry,
      },
      groups: [B, path.tiles, 1],
      work: path.work * Math.min(path.chunk, T - t0),
      twin: plan,
    });
  }
  giveTrace(low, node, out.v, def.v, plan);
  for (const s of def.states) giveTrace(low, node, out.states[s]!, def.next[s]!, plan);
  if (monitored) {
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

const isMonitored = (low: Lowering, node: Node<CellAttrs>): boolean =>
  node.attrs.extras.monitored || low.used(outputOf(node).activity);

/** Says where a recorded tensor is: plane 0 is the trace itself, another is copied out if it is wanted. */
function giveTrace(low: Lowering, node: Node<CellAttrs>, t: Tensor, wanted: Expr, plan: CellPlan): void {
  if (!low.used(t)) return;
  const k = plan.planes.findIndex((p) => p.node === wanted);
  if (k === 0) low.give(t, plan.trace!);
  else {
    const size = plan.T * plan.B * plan.Q;
    low.copy(plan.trace!, low.give(t, low.make(t.name, 'f32', t.shape)), {
      source: k * size,
      count: size,
      label: `${node.label} ${t.name}`,
    });
  }
}

import { byteLength, type Storage } from '../../device/storage.ts';
import { cellBackward } from '../../kernels/cell.ts';
import { aboveRegions, backwardRegions } from '../../kernels/cell_regions.ts';
import { isParted } from '../../kernels/segments.ts';
import { words } from '../../kernels/sizes.ts';
import type { Arrival } from '../arrivals.ts';
import type { Lowering } from '../lowering.ts';
import type { Node } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { replay } from './cell_forward.ts';
import { type CellAttrs, INPUT, outputOf } from './cell_node.ts';
import { type CellPlan, planOf } from './cell_plan.ts';
import { biasGradient, productOf, sumRows } from './linear.ts';
import { spikeWeightGradient } from './spike_weight_gradient.ts';

/** Widest layer whose product the layer below computes inside its own time loop, with all the weights in registers. */
const SMALL_PRODUCT = 16;

/** The layer's adjoint over all its chunks of time, last to first, then the gradients of weights and constants. */
export function cellBackwardCalls(low: Lowering, node: Node<CellAttrs>): void {
  const plan = planOf(low, node);
  const { attrs, def, T, B, N, Q, path, planes, slots, segments, traces, adjoint } = plan;
  const out = outputOf(node);
  const nothing = (): void => giveNoGradient(low, node);
  if (!adjoint) return nothing();
  const dv = low.gradient(out.v);
  const arrival = out.z && !dv ? low.arrival(out.z) : null;
  const product = arrival?.product;
  const above = product && product.weight.shape[0]! <= SMALL_PRODUCT ? product : null;
  // part by part, where this layer's time is gone through so
  const parted = isParted(segments);
  const dzOf = parted && !above && arrival?.parts ? arrival.make : undefined;
  const dz = above?.dy ?? (out.z && !dzOf ? low.gradient(out.z) : null);
  const dFinal = low.gradient(out.final);
  const { recurrent, weight, extras } = attrs;
  if (!dz && !dzOf && !dv && !dFinal && !extras.rate && extras.penalties.length === 0) return nothing();
  const start = node.inputs[INPUT.start] ?? null;

  const carry = plan.backwardCarry();
  if (dFinal) low.copy(dFinal, carry, { offset: Q, count: plan.carried * B * Q, label: `${node.label} final states` });
  let gradOutAll = dz ?? dv;
  if (dz && dv) {
    gradOutAll = low.make(`gradient of ${node.label}`, 'f32', [2, T, B, N]);
    low.copy(dz, gradOutAll, { count: T * B * Q, label: `${node.label} spikes' gradient` });
    low.copy(dv, gradOutAll, { offset: T * B * Q, count: T * B * Q, label: `${node.label} voltages' gradient` });
  }
  const spikesIn = node.inputs[INPUT.spikes] ?? null;
  const current = node.inputs[INPUT.current] ?? null;
  const receivers = [current, spikesIn].filter((x) => low.needs(x));
  // what the layer before takes part by part, it makes part by part
  const kept = low.keeps(out.currentGradient);
  const byParts =
    parted && receivers.length === 1 && !low.needs(start) && !kept && low.takes(receivers[0]!, segments.list);
  // what other operations read must be whole, and what the user reads must stay
  const whole = (receivers.length > 0 && !byParts) || kept;
  const inPlace = traces !== null && !traceKept(low, node, plan) && !(whole && segments.list.length > 1);
  const separate = inPlace ? null : low.make(`${node.label} current gradient`, 'f32', [T, B, N]);
  const weightsAbove = above ? low.weights(above.weight, 'post', 'packed') : 0;
  const params = adjoint.params.length;
  // rows of single neurons are read by single threads, which costs a GPU more than it saves
  const rows = low.limits.software === true && !path.wide;
  const variant = (hasStart: boolean) => ({
    constants: {
      N,
      Q,
      W: words(N),
      WORKGROUP: path.workgroup,
      STATES: def.states.length,
      CARRIED: plan.carried + params,
      W_REC: recurrent ? low.weights(recurrent, rows ? 'pre' : 'post', 'packed') : 0,
      PARAMS: low.constants(attrs.constants, N),
      HAS_START: hasStart,
      HAS_LENGTHS: plan.lengths !== null,
      HAS_GRAD_SPIKES: dz !== null || dzOf !== undefined,
      HAS_GRAD_RECORD: dv !== null,
      HAS_FINAL: dFinal !== null,
      HAS_RATE: extras.rate !== null,
      GRAD_START: low.needs(start),
      RECURRENT: recurrent !== null,
      SPIKES: def.z !== null,
      WIDE: path.wide,
      ROWS: rows ? 1 : 0,
      LATER: rows || path.wide ? 1 : 2 * path.workgroup,
      IN_PLACE: inPlace,
    },
    regions: {
      ...backwardRegions(def, adjoint, planes, slots),
      ...low.packing,
      ...(above ? aboveRegions(above.weight.shape[0]!, weightsAbove) : {}),
    },
  });
  const twin = above ? { ...plan, above: { neurons: above.weight.shape[0]!, weights: weightsAbove } } : plan;
  // the empty chunk at step 0 belongs to the first part
  const call = (i: number, t0: number, t1: number, gradOut = gradOutAll): void => {
    const segment = segments.list[i]!;
    // a later part begins with the states that the forward pass left before it
    const before = i === 0 ? start && low.of(start) : plan.carry;
    low.call(cellBackward, `${node.label} backward`, {
      variant: variant(before !== null),
      dims: {
        T,
        B,
        t0,
        t1,
        row0: segment.t0,
        rows: segment.t1 - segment.t0,
        start_at: i === 0 ? 0 : plan.slot(i),
        last: t1 === T ? 1 : 0,
        grad_record: dz ? T * B * Q : 0,
        grad_first: gradOut === gradOutAll ? 0 : segment.t0 * B * Q,
        surrogate_slot: node.slotBase.surrogate!,
        penalty_slot: node.slotBase.penalties!,
      },
      buffers: {
        effective: low.effective,
        grad_out: gradOut,
        start: before,
        lengths: plan.lengths,
        spikes: plan.spikes,
        trace: traces?.[i] ?? null,
        grad_in: separate,
        carry,
      },
      groups: [B, path.tiles, 1],
      work: path.work * (t1 - t0),
      twin,
    });
  };
  const runPart = (i: number): void => {
    const segment = segments.list[i]!;
    const { t0, t1 } = segment;
    const dzPart = dzOf?.(segment);
    if (segments.replay) replay(low, node, i);
    for (let from = t0 + Math.floor((t1 - t0 - 1) / path.chunk) * path.chunk; from >= t0; from -= path.chunk)
      call(i, from, Math.min(t1, from + path.chunk), dzPart);
    if (inPlace) weightGradients(low, node, { dCurrent: traces![i]!, t0, t1 });
    if (segments.replay) low.pending.flush();
    if (i === 0) constants();
  };
  const constants = (): void =>
    adjoint.params.forEach(({ name }, i) => {
      const p = attrs.constants[Object.keys(def.params).indexOf(name)]!;
      sumRows(low, `${node.label} ${name} gradient`, {
        x: carry,
        source: Q + (plan.carried + i) * B * Q,
        rows: B,
        N,
        p,
        perLayer: p.data.length === 1,
      });
    });
  /** What arrives at one of the inputs, from dI whose first row is that of step row0. */
  const arrivalAt = (x: Tensor, dI: Storage, row0: number): Arrival =>
    x === current ? { make: () => dI } : productOf(low, node.label, { x, dy: dI, weight: weight!, row0 });

  if (byParts) {
    low.addArrival(receivers[0]!, {
      parts: segments.list,
      make(segment) {
        const i = segments.list.findIndex((s) => s.t0 === segment!.t0);
        runPart(i);
        return arrivalAt(receivers[0]!, traces![i]!, segment!.t0).make(segment);
      },
    });
    return;
  }
  for (let i = segments.list.length - 1; i >= 0; i--) runPart(i);
  if (separate) weightGradients(low, node, { dCurrent: separate, t0: 0, t1: T });
  if (low.needs(start)) {
    if (recurrent) call(0, 0, 0);
    const g = low.make(`gradient of ${start.name}`, 'f32', start.shape);
    low.copy(carry, g, { source: Q, count: plan.carried * B * Q, label: `${node.label} initial states` });
    low.addGradient(start, g);
  }
  const dI = separate ?? traces![0]!;
  if (separate || segments.list.length === 1) low.give(out.currentGradient, dI);
  for (const x of receivers) low.addArrival(x, arrivalAt(x, dI, 0));
}

/** Gradients of the weights from the current's gradient over steps t0 to t1, whose first row is step t0. */
function weightGradients(
  low: Lowering,
  node: Node<CellAttrs>,
  { dCurrent, t0, t1 }: { dCurrent: Storage; t0: number; t1: number },
): void {
  const { spikes, T, B, N, def } = planOf(low, node);
  const { weight, recurrent, bias } = node.attrs;
  const spikesIn = node.inputs[INPUT.spikes] ?? null;
  const start = node.inputs[INPUT.start] ?? null;
  const range = { t0, t1, row0: t0 };
  if (spikesIn && weight)
    spikeWeightGradient(low, node.label, {
      spikes: low.of(spikesIn),
      shape: spikesIn.shape,
      dCurrent,
      weight,
      shift: 0,
      start: null,
      z: 0,
      ...range,
    });
  if (recurrent)
    spikeWeightGradient(low, `${node.label} recurrent`, {
      spikes: spikes!,
      shape: [T, B, N],
      dCurrent,
      weight: recurrent,
      shift: 1,
      start: start && low.of(start),
      z: def.states.length,
      ...range,
    });
  if (bias) biasGradient(low, node.label, { dy: dCurrent, M: (t1 - t0) * B, bias });
}

/** What the user reads where the loss does not depend on the layer. */
function giveNoGradient(low: Lowering, node: Node<CellAttrs>): void {
  const { currentGradient: t } = outputOf(node);
  if (!low.keeps(t)) return;
  const zeros = { name: t.name, form: 'f32' as const, shape: t.shape, role: 'constant' as const };
  low.give(t, { ...zeros, data: new Uint32Array(byteLength(zeros) / 4) });
}

/** Whether the user reads what lies in the trace's first plane after the step. */
const traceKept = (low: Lowering, node: Node<CellAttrs>, plan: CellPlan): boolean => {
  const out = outputOf(node);
  const first = plan.planes[0]!.node;
  return (
    (first === plan.def.v && low.keeps(out.v)) ||
    plan.def.states.some((s) => first === plan.def.next[s] && low.keeps(out.states[s]!))
  );
};

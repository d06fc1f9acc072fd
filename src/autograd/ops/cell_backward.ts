import { byteLength } from '../../device/storage.ts';
import { backwardRegions, cellBackward } from '../../kernels/cell.ts';
import { words } from '../../kernels/sizes.ts';
import type { Lowering } from '../lowering.ts';
import type { Node } from '../op.ts';
import { type CellAttrs, INPUT, outputOf } from './cell_node.ts';
import { type CellPlan, planOf } from './cell_plan.ts';
import { biasGradient, inputGradient, spikeWeightGradient, sumRows, weightGradient } from './linear.ts';

/** The layer's adjoint over all its chunks of time, last to first, then the gradients of weights and constants. */
export function cellBackwardCalls(low: Lowering, node: Node<CellAttrs>): void {
  const plan = planOf(low, node);
  const { attrs, def, T, B, N, Q, path, planes, slots, adjoint } = plan;
  const out = outputOf(node);
  const nothing = (): void => giveNoGradient(low, node);
  if (!adjoint) return nothing();
  const dz = out.z && low.gradient(out.z);
  const dv = low.gradient(out.v);
  const dFinal = low.gradient(out.final);
  const { recurrent, weight, bias, extras } = attrs;
  if (!dz && !dv && !dFinal && !extras.rate && extras.penalties.length === 0) return nothing();
  const start = node.inputs[INPUT.start] ?? null;

  const carry = plan.backwardCarry();
  if (dFinal) low.copy(dFinal, carry, { offset: Q, count: plan.carried * B * Q, label: `${node.label} final states` });
  let gradOut = dz ?? dv;
  if (dz && dv) {
    gradOut = low.make(`gradient of ${node.label}`, 'f32', [2, T, B, N]);
    low.copy(dz, gradOut, { count: T * B * Q, label: `${node.label} spikes' gradient` });
    low.copy(dv, gradOut, { offset: T * B * Q, count: T * B * Q, label: `${node.label} voltages' gradient` });
  }
  const inPlace = plan.trace !== null && !traceKept(low, node, plan);
  const gradIn = inPlace ? plan.trace! : low.make(`${node.label} current gradient`, 'f32', [T, B, N]);
  const variant = {
    constants: {
      N,
      Q,
      W: words(N),
      WORKGROUP: path.workgroup,
      STATES: def.states.length,
      W_REC: recurrent ? low.weights(recurrent, 'post') : 0,
      PARAMS: low.constants(attrs.constants, N),
      HAS_START: start !== null,
      HAS_LENGTHS: plan.lengths !== null,
      HAS_GRAD_SPIKES: dz !== null,
      HAS_GRAD_RECORD: dv !== null,
      HAS_FINAL: dFinal !== null,
      HAS_RATE: extras.rate !== null,
      RECURRENT: recurrent !== null,
      SPIKES: def.z !== null,
      WIDE: path.wide,
      IN_PLACE: inPlace,
    },
    regions: backwardRegions(def, adjoint, planes, slots),
  };
  const call = (t0: number, t1: number, last: boolean): void =>
    low.call(cellBackward, `${node.label} backward`, {
      variant,
      dims: {
        T,
        B,
        t0,
        t1,
        last: last ? 1 : 0,
        grad_record: dz ? T * B * Q : 0,
        surrogate_slot: node.slotBase.surrogate!,
        penalty_slot: node.slotBase.penalties!,
      },
      buffers: {
        effective: low.effective,
        grad_out: gradOut,
        start: start && low.of(start),
        lengths: plan.lengths,
        spikes: plan.spikes,
        trace: plan.trace,
        grad_in: inPlace ? null : gradIn,
        carry,
      },
      groups: [B, path.tiles, 1],
      work: path.work * (t1 - t0),
      twin: plan,
    });
  for (let t0 = Math.floor((T - 1) / path.chunk) * path.chunk; t0 >= 0; t0 -= path.chunk) {
    const t1 = Math.min(T, t0 + path.chunk);
    call(t0, t1, t1 === T);
  }
  if (low.needs(start)) {
    if (recurrent) call(0, 0, false);
    const g = low.make(`gradient of ${start.name}`, 'f32', start.shape);
    low.copy(carry, g, { source: Q, count: plan.carried * B * Q, label: `${node.label} initial states` });
    low.addGradient(start, g);
  }

  low.give(out.currentGradient, gradIn);
  const spikesIn = node.inputs[INPUT.spikes] ?? null;
  const current = node.inputs[INPUT.current] ?? null;
  if (low.needs(current)) low.addGradient(current, gradIn);
  if (spikesIn && weight) {
    weightGradient(low, node.label, { x: spikesIn, dy: gradIn, weight });
    if (low.needs(spikesIn))
      low.addGradient(spikesIn, inputGradient(low, node.label, { x: spikesIn, dy: gradIn, weight }));
  }
  if (recurrent) {
    spikeWeightGradient(low, `${node.label} recurrent`, {
      spikes: plan.spikes!,
      shape: [T, B, N],
      dCurrent: gradIn,
      weight: recurrent,
      shift: 1,
      start: start && low.of(start),
      z: def.states.length,
    });
  }
  if (bias) biasGradient(low, node.label, { dy: gradIn, M: T * B, bias });
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

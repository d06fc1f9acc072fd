import { ACTIVITY_ROWS, activity, type RatePenalty, rateRegion, rateTerm, STAT_ROWS } from '../../kernels/activity.ts';
import { backwardRegions, cellBackward, cellForward, forwardRegions, type SlotNames } from '../../kernels/cell.ts';
import { bitsAlongTime, quads, words } from '../../kernels/sizes.ts';
import { chooseTimePath, type TimePath } from '../../kernels/time_path.ts';
import { type Adjoint, deriveAdjoint, type Penalty } from '../../neurons/adjoint.ts';
import type { NeuronDefinition } from '../../neurons/definition.ts';
import type { Expr } from '../../neurons/expr.ts';
import type { Surrogate } from '../../neurons/surrogates.ts';
import type { Lowering } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Parameter } from '../parameter.ts';
import type { Storage } from '../../device/storage.ts';
import type { Tensor } from '../tensor.ts';
import { biasGradient, inputGradient, spikeWeightGradient, sumRows, weightGradient } from './linear.ts';

/** What a layer of neurons is made of. */
export interface CellAttrs {
  readonly definition: NeuronDefinition;
  readonly surrogate: Surrogate | null;
  readonly N: number;
  /** The neuron's constants in the definition's order. */
  readonly constants: readonly Parameter[];
  /** Weights [N, inputs] of spikes that are gathered inside the time loop. */
  readonly weight: Parameter | null;
  readonly recurrent: Parameter | null;
  readonly bias: Parameter | null;
  readonly chunk: number | undefined;
  /** What regularisers and monitors add before the step runs. */
  readonly extras: CellExtras;
}

export interface CellExtras {
  monitored: boolean;
  readonly penalties: { penalty: Penalty; weight: number }[];
  rate: { penalty: RatePenalty; weight: number } | null;
}

/** The inputs of a cell, in the node's order. */
const INPUT = { current: 0, spikes: 1, start: 2 } as const;

/** The outputs of a cell. Those that nobody reads take no memory. */
export interface CellOutputs {
  /** Spikes [T, B, N]; null for a neuron that does not spike. */
  readonly z: Tensor | null;
  /** Recorded voltage [T, B, N]. */
  readonly v: Tensor;
  /** States after the last step, then the last spikes: [states (+ 1), B, N]. */
  readonly final: Tensor;
  /** Sums over the batch, [6, N]: spikes, smallest and largest voltage, voltage penalty, rate penalty, rate. */
  readonly activity: Tensor;
  /** The other states over time, [T, B, N] each. */
  readonly states: Readonly<Record<string, Tensor>>;
}

/** A cell as it was recorded: what regularisers and monitors work with. */
export interface CellRun extends CellOutputs {
  readonly label: string;
  readonly extras: CellExtras;
}

const outputOf = (node: Node<CellAttrs>): CellOutputs => {
  const [z, v, final, act, ...states] = node.outputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const { definition: def } = node.attrs;
  return { z: def.z ? z : null, v, final, activity: act, states: Object.fromEntries(def.states.map((s, i) => [s, states[i]!])) };
};

const op: Op<CellAttrs> = {
  name: 'cell',
  key: (a) =>
    [
      a.definition.key, a.surrogate?.name, a.N, a.weight ? 'w' : '', a.recurrent ? 'r' : '', a.bias ? 'b' : '', a.chunk,
      a.extras.monitored, a.extras.penalties.map((p) => p.penalty.name), a.extras.rate?.penalty.name,
    ].join(';'),
  slots(node) {
    const { surrogate, extras } = node.attrs;
    const steps = validSteps(node);
    return {
      surrogate: Object.values(surrogate?.constants ?? {}),
      penalties: extras.penalties.map((p) => p.weight / steps),
      steps: [1 / steps],
      rate: extras.rate ? [extras.rate.weight, ...Object.values(extras.rate.penalty.constants)] : [],
    };
  },
  forward(low, node) {
    const plan = planOf(low, node);
    const { attrs, def, T, B, N, Q, path, planes, slots } = plan;
    const [current, spikesIn, start] = [node.inputs[INPUT.current] ?? null, node.inputs[INPUT.spikes] ?? null, node.inputs[INPUT.start] ?? null];
    const { weight, recurrent, bias, extras } = attrs;
    const inputs = spikesIn?.shape[2] ?? 0;
    const monitored = isMonitored(low, node);
    const variant = {
      constants: {
        N, Q, W: words(N), WORKGROUP: path.workgroup, STATES: def.states.length,
        IN_WORDS: words(inputs), W_IN: weight ? low.weights(weight, 'pre') : 0, W_REC: recurrent ? low.weights(recurrent, 'pre') : 0,
        BIAS: bias ? low.constants([bias], N) : 0, PARAMS: low.constants(attrs.constants, N),
        HAS_CURRENT: current !== null, HAS_INPUT: weight !== null, HAS_BIAS: bias !== null, HAS_START: start !== null,
        HAS_LENGTHS: plan.lengths !== null, RECURRENT: recurrent !== null, SPIKES: def.z !== null, WIDE: path.wide, STATS: monitored,
      },
      regions: forwardRegions(def, planes, extras.penalties.map((p) => p.penalty), slots),
    };
    const carry = low.scratch(node, 'carry', () => low.make(`${node.label} carry`, 'f32', [plan.carried + (monitored ? STAT_ROWS : 0), B, N]));
    const out = outputOf(node);
    low.give(out.final, carry);
    if (out.z) low.give(out.z, plan.spikes!);
    const dims = {
      T, B, bits_along_time: bitsAlongTime(T, B, N),
      surrogate_slot: node.slotBase.surrogate!, penalty_slot: node.slotBase.penalties!,
    };
    for (let t0 = 0; t0 < T; t0 += path.chunk) {
      low.call(cellForward, `${node.label} forward`, {
        variant,
        dims: { ...dims, t0, t1: Math.min(T, t0 + path.chunk), first: t0 === 0 ? 1 : 0 },
        buffers: {
          effective: low.effective, current: current && low.of(current), in_bits: spikesIn && low.of(spikesIn), start: start && low.of(start),
          lengths: plan.lengths, trace: plan.trace, spikes: plan.spikes, carry,
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
          carry, activity: low.give(out.activity, low.make(`${node.label} activity`, 'f32', [ACTIVITY_ROWS, N])),
          d_rate: term ? plan.backwardCarry() : null,
        },
        groups: [Math.ceil(Q / 32), 1, 1],
        twin: term,
      });
    }
  },
  backward(low, node) {
    const plan = planOf(low, node);
    const { attrs, def, T, B, N, Q, path, planes, slots, adjoint } = plan;
    if (!adjoint) return;
    const out = outputOf(node);
    const dz = out.z && low.gradient(out.z);
    const dv = low.gradient(out.v);
    const dFinal = low.gradient(out.final);
    const { recurrent, weight, bias, extras } = attrs;
    if (!dz && !dv && !dFinal && !extras.rate && extras.penalties.length === 0) return;
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
        N, Q, W: words(N), WORKGROUP: path.workgroup, STATES: def.states.length, LEARNED: adjoint.params.length,
        W_REC: recurrent ? low.weights(recurrent, 'post') : 0, PARAMS: low.constants(attrs.constants, N),
        HAS_START: start !== null, HAS_LENGTHS: plan.lengths !== null, HAS_GRAD_SPIKES: dz !== null, HAS_GRAD_RECORD: dv !== null,
        HAS_FINAL: dFinal !== null, HAS_RATE: extras.rate !== null, RECURRENT: recurrent !== null, SPIKES: def.z !== null,
        WIDE: path.wide, IN_PLACE: inPlace,
      },
      regions: backwardRegions(def, adjoint, planes, slots),
    };
    const call = (t0: number, t1: number, last: boolean): void =>
      low.call(cellBackward, `${node.label} backward`, {
        variant,
        dims: {
          T, B, t0, t1, last: last ? 1 : 0, grad_record: dz ? T * B * Q : 0,
          surrogate_slot: node.slotBase.surrogate!, penalty_slot: node.slotBase.penalties!,
        },
        buffers: {
          effective: low.effective, grad_out: gradOut, start: start && low.of(start), lengths: plan.lengths, spikes: plan.spikes,
          trace: plan.trace, grad_in: inPlace ? null : gradIn, carry,
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

    const spikesIn = node.inputs[INPUT.spikes] ?? null;
    const current = node.inputs[INPUT.current] ?? null;
    if (low.needs(current)) low.addGradient(current, gradIn);
    if (spikesIn && weight) {
      weightGradient(low, node.label, { x: spikesIn, dy: gradIn, weight });
      if (low.needs(spikesIn)) low.addGradient(spikesIn, inputGradient(low, node.label, { x: spikesIn, dy: gradIn, weight }));
    }
    if (recurrent) {
      spikeWeightGradient(low, `${node.label} recurrent`, {
        spikes: plan.spikes!, shape: [T, B, N], dCurrent: gradIn, weight: recurrent, shift: 1, start: start && low.of(start), z: def.states.length,
      });
    }
    if (bias) biasGradient(low, node.label, { dy: gradIn, M: T * B, bias });
    adjoint.params.forEach(({ name }, i) => {
      const p = attrs.constants[Object.keys(def.params).indexOf(name)]!;
      sumRows(low, `${node.label} ${name} gradient`, { x: carry, source: Q + (plan.carried + i) * B * Q, rows: B, N, p, perLayer: p.data.length === 1 });
    });
  },
};

/** What forward, backward and the reference share of one node. */
export interface CellPlan {
  readonly attrs: CellAttrs;
  readonly def: NeuronDefinition;
  readonly T: number;
  readonly B: number;
  readonly N: number;
  readonly Q: number;
  /** Rows of states that are carried: all states, and the last spikes. */
  readonly carried: number;
  readonly path: TimePath;
  readonly adjoint: Adjoint | null;
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  readonly slots: SlotNames;
  readonly lengths: Storage | null;
  readonly trace: Storage | null;
  readonly spikes: Storage | null;
  readonly backwardCarry: () => Storage;
}

const plans = new WeakMap<Lowering, Map<Node<CellAttrs>, CellPlan>>();

function planOf(low: Lowering, node: Node<CellAttrs>): CellPlan {
  const ofTape = plans.get(low) ?? new Map<Node<CellAttrs>, CellPlan>();
  plans.set(low, ofTape);
  let plan = ofTape.get(node);
  if (!plan) ofTape.set(node, (plan = makePlan(low, node)));
  return plan;
}

function makePlan(low: Lowering, node: Node<CellAttrs>): CellPlan {
  const { attrs } = node;
  const { definition: def, surrogate, N, extras } = attrs;
  const out = outputOf(node);
  const [T, B] = out.v.shape as [number, number, number];
  const learned = Object.keys(def.params).filter((_, i) => attrs.constants[i]!.trainable);
  const backward = low.training && (out.z ?? out.v).requiresGrad;
  // a voltage that another operation reads may get a gradient; one that is merely kept does not
  const adjoint = backward
    ? deriveAdjoint(def, { surrogate, learned, penalties: extras.penalties.map((p) => p.penalty), recordGradient: low.used(out.v) || !def.z })
    : null;
  const planes: { name: string; node: Expr }[] = [];
  const want = (name: string, e: Expr): void => {
    if (!planes.some((p) => p.node === e)) planes.push({ name, node: e });
  };
  // the recorded voltage comes first: it is what other operations read, and a buffer is bound from its beginning
  if (low.used(out.v)) want('v', def.v);
  for (const s of def.states) if (low.used(out.states[s]!)) want(s, def.next[s]!);
  for (const p of adjoint?.planes ?? []) want(p.name, p.node);

  const carried = def.states.length + (def.z ? 1 : 0);
  const inputs = node.inputs[INPUT.spikes]?.shape[2] ?? 0;
  const lengths = out.v.lengths ? low.of(out.v.lengths.tensor) : null;
  return {
    attrs, def, T, B, N, Q: quads(N), carried, adjoint, planes, lengths,
    path: chooseTimePath({ N, B, T, inputs, recurrent: attrs.recurrent !== null }, low.limits, attrs.chunk),
    slots: { surrogate: Object.keys(surrogate?.constants ?? {}), penalties: extras.penalties.map((p) => p.penalty.name) },
    trace: planes.length ? low.make(`${node.label} trace`, 'f32', [planes.length, T, B, N]) : null,
    spikes: def.z ? low.make(`${node.label} spikes`, 'bits', [T, B, N]) : null,
    backwardCarry: () => low.scratch(node, 'backward carry', () => low.make(`${node.label} backward carry`, 'f32', [1 + (carried + (adjoint?.params.length ?? 0)) * B, N])),
  };
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
    low.copy(plan.trace!, low.give(t, low.make(t.name, 'f32', t.shape)), { source: k * size, count: size, label: `${node.label} ${t.name}` });
  }
}

/** Whether the user reads what lies in the trace's first plane after the step. */
const traceKept = (low: Lowering, node: Node<CellAttrs>, plan: CellPlan): boolean => {
  const out = outputOf(node);
  const first = plan.planes[0]!.node;
  return (first === plan.def.v && low.keeps(out.v)) || plan.def.states.some((s) => first === plan.def.next[s] && low.keeps(out.states[s]!));
};

const validSteps = (node: Node<CellAttrs>): number => {
  const { v } = outputOf(node);
  const [T, B] = v.shape as [number, number, number];
  return Math.max(1, v.lengths ? v.lengths.values.reduce((a, b) => a + b, 0) : T * B);
};

/**
 * Runs a layer of neurons over all time steps.
 *
 * @param inputs `current` [T, B, N] dense; `spikes` [T, B, inputs] gathered through `weight`; `start` [states (+ 1), B, N],
 *   zeros by default
 */
export function cell(
  inputs: { current?: Tensor | null; spikes?: Tensor | null; start?: Tensor | null },
  attrs: Omit<CellAttrs, 'extras'>,
  label: string,
): CellRun {
  const { definition: def, N, constants, weight, recurrent, bias } = attrs;
  const { current = null, spikes = null, start = null } = inputs;
  const source = current ?? spikes;
  if (!source) throw new Error(`${label}: needs a current or spikes`);
  const [T, B] = source.shape as [number, number, number];
  const check = (t: Tensor | null, what: string, form: 'f32' | 'bits', shape: readonly number[]): void => {
    if (t && (t.form !== form || t.shape.join() !== shape.join())) throw new Error(`${label}: ${what} must be ${form}[${shape.join(', ')}], got ${t}`);
  };
  check(current, 'the current', 'f32', [T, B, N]);
  check(start, 'the initial state', 'f32', [def.states.length + (def.z ? 1 : 0), B, N]);
  if (spikes) check(spikes, 'the input spikes', 'bits', [T, B, weight?.shape[1] ?? 0]);
  if (recurrent && !def.z) throw new Error(`${label}: a ${def.name} does not spike and cannot be recurrent`);

  const extras: CellExtras = { monitored: false, penalties: [], rate: null };
  const params = [...constants, ...[weight, recurrent, bias].filter((p) => p !== null)];
  const requiresGrad = params.some((p) => p.trainable) || [current, spikes, start].some((t) => t?.requiresGrad);
  const trace = (name: string) => ({ form: 'f32' as const, shape: [T, B, N], requiresGrad, name: `${label} ${name}`, lengths: source.lengths });
  const node = {
    outputs: source.tape.record(op, [current, spikes, start], params, { ...attrs, extras }, [
      { form: 'bits', shape: [T, B, N], requiresGrad, name: `${label} spikes`, lengths: source.lengths },
      trace('v'),
      { form: 'f32', shape: [def.states.length + (def.z ? 1 : 0), B, N], requiresGrad, name: `${label} final state` },
      { form: 'f32', shape: [ACTIVITY_ROWS, N], requiresGrad: false, name: `${label} activity` },
      ...def.states.map(trace),
    ], label),
    attrs,
  } as unknown as Node<CellAttrs>;
  const run: CellRun = { label, ...outputOf(node), extras };
  source.tape.cells.push(run);
  return run;
}

import type { NirNode } from '../file/graph.ts';
import { numbersOf } from '../file/values.ts';
import type { Form } from '../form/form.ts';
import { isNeuron, type Rule, ruleOf } from '../run/rules.ts';
import type { Semantics } from '../run/semantics.ts';
import type { FlatEdge, FlatGraph } from './flat.ts';

/** Nodes that together are a layer of neurons. */
export interface Cell {
  readonly form: Form;
  /** Spikes among its neurons, [N, N], and what their matrix adds from the second step on. */
  readonly recurrent: Float64Array | null;
  readonly recurrentBias: Float64Array | null;
  /** It fires for the voltage that the step before left. */
  readonly late: boolean;
  /** The node that fires or puts out, and the one that takes the input. */
  readonly exit: string;
  readonly entry: string;
}

interface Setting {
  readonly flat: FlatGraph;
  readonly s: Semantics;
  /** Seconds. */
  readonly dt: number;
}

const given = 'the graph itself can be run all the same, by runNir';

/** Neurons that may be read by themselves alone, which a layer's matrix [N, N] holds. */
const MOST_ALONE = 4096;

/** @throws that no layer of ours computes this, and what does */
export function unfit(place: string, node: { readonly type: string }, why: string): never {
  throw new Error(`NIR node '${place}' (${node.type}): ${why}; ${given}`);
}

/** A single node of neurons, or a Threshold, as a form. */
function plainForm(place: string, node: NirNode, { s, dt }: Setting): { form: Form; late: boolean } {
  if (node.type === 'Threshold') {
    const theta = numbersOf(place, node, 'threshold').data;
    const [none, one] = [new Float64Array(theta.length), new Float64Array(theta.length).fill(1)];
    return {
      form: { ...bare(theta.length), alpha: none, gain: one, offset: none, threshold: theta },
      late: false,
    };
  }
  return formOfRule(place, node, ruleOf(place, node, s, dt));
}

const bare = (
  N: number,
): Pick<Form, 'N' | 'synapse' | 'late' | 'test' | 'reset' | 'trace' | 'record' | 'refractory' | 'lost'> => ({
  N,
  synapse: null,
  late: false,
  test: '>',
  reset: { kind: 'none' },
  trace: null,
  record: 'before',
  refractory: 0,
  lost: [],
});

function formOfRule(place: string, node: NirNode, rule: Rule): { form: Form; late: boolean } {
  const { N, membrane, synapse, threshold, resetTo } = rule;
  if (rule.several) unfit(place, node, 'may fire several times in a step, which no layer does');
  if (rule.again) unfit(place, node, 'is reset in a way that no layer has');
  if (rule.afterDecay) unfit(place, node, 'lets its input decay in the step in which it comes, which no layer does');
  const starts = membrane.start.some((x) => x !== 0) || synapse?.start.some((x) => x !== 0);
  if (starts && (synapse || !threshold)) unfit(place, node, 'begins at another voltage than 0, which no layer does');
  if (synapse?.offset.some((x) => x !== 0))
    unfit(place, node, 'has a synaptic current that rests at another value than 0');
  // voltages counted from that at which they begin
  const from = membrane.start;
  const offset = membrane.offset.map((o, n) => o - (1 - membrane.decay[n]!) * from[n]!);
  const theta = threshold?.map((x, n) => x - from[n]!) ?? null;
  const to = resetTo?.map((x, n) => x - from[n]!);
  return {
    late: rule.late,
    form: {
      ...bare(N),
      alpha: membrane.decay,
      gain: membrane.gain,
      offset,
      synapse: synapse && { alpha: synapse.decay, gain: synapse.gain },
      threshold: theta,
      test: rule.test,
      reset: !theta
        ? { kind: 'none' }
        : to
          ? { kind: 'value', to }
          : { kind: 'subtract', amount: theta.map((x, n) => x * (rule.late ? 1 : membrane.decay[n]!)) },
    },
  };
}

/** The matrix of a node, [N, N]; a diagonal of it alone where it has no more. */
function matrixOf(
  place: string,
  node: NirNode,
  N: number,
): { dense: Float64Array | null; diagonal: Float64Array } | null {
  if (node.type === 'Scale') return { dense: null, diagonal: numbersOf(place, node, 'scale').data };
  if (node.type !== 'Linear' && node.type !== 'Affine') return null;
  const { data, shape } = numbersOf(place, node, 'weight');
  if (shape.length !== 2 || shape[0] !== N || shape[1] !== N) return null;
  const diagonal = Float64Array.from({ length: N }, (_, n) => data[n * N + n]!);
  const only = data.every((w, i) => w === 0 || Math.floor(i / N) === i % N);
  return { dense: only ? null : data, diagonal };
}

const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, n) => x * b[n]!);

/**
 * Nodes on a common cycle as a layer: neurons and their matrix, with a slow current of their spikes (AHP), or a leaky
 * integrator, a Threshold and what its spikes take off again. They are known by their structure.
 *
 * @param members names of the nodes, one for a single node
 * @throws naming the nodes, when they are nothing that a layer computes
 */
export function cellOf(members: readonly string[], setting: Setting): Cell {
  const { flat } = setting;
  const within = new Set(members);
  const nodeOf = (name: string): NirNode => flat.nodes.get(name)!;
  const into = (name: string): FlatEdge[] => flat.edges.filter((e) => e.to === name && within.has(e.from));
  const outside = members.filter((m) => flat.edges.some((e) => e.to === m && !within.has(e.from)));
  const spiking = members.filter((m) => ['LIF', 'IF', 'CubaLIF', 'Threshold'].includes(nodeOf(m).type));
  const integrators = members.filter((m) => nodeOf(m).type === 'LI');
  const first = spiking[0] ?? integrators[0] ?? members[0]!;
  const fail = (why: string): never =>
    unfit(
      first,
      nodeOf(first),
      `stands together with ${members
        .filter((m) => m !== first)
        .map((m) => `'${m}'`)
        .join(', ')}, and ${why}`,
    );
  if (members.length === 1 && !flat.edges.some((e) => e.from === first && e.to === first)) {
    return {
      ...plainForm(first, nodeOf(first), setting),
      recurrent: null,
      recurrentBias: null,
      exit: first,
      entry: first,
    };
  }
  if (spiking.length + (spiking.length ? 0 : integrators.length) !== 1)
    fail(`${spiking.length} of them fire; a layer has one kind of neurons`);
  const used = new Set<FlatEdge>();
  const use = (e: FlatEdge, delayed: boolean): string => {
    if (e.delayed !== delayed)
      fail(
        `the edge from '${e.from}' to '${e.to}' carries the value of ${e.delayed ? 'the step before' : 'the same step'}`,
      );
    used.add(e);
    return e.from;
  };
  const single = (name: string): string => {
    const edges = into(name);
    if (edges.length !== 1) fail(`'${name}' has ${edges.length} inputs among them, where one was expected`);
    return use(edges[0]!, false);
  };
  const exit = first;
  const soft = nodeOf(exit).type === 'Threshold';
  const membrane = soft
    ? (into(exit).find((e) => !e.delayed && nodeOf(e.from).type === 'LI')?.from ??
      fail('a Threshold needs a leaky integrator before it'))
    : exit;
  if (soft) used.add(into(exit).find((e) => e.from === membrane)!);
  const base = plainForm(membrane, nodeOf(membrane), setting);
  const { N } = base.form;
  let form: Form = soft
    ? { ...base.form, threshold: numbersOf(exit, nodeOf(exit), 'threshold').data, reset: { kind: 'none' } }
    : base.form;
  let entry = membrane;
  let recurrent: Float64Array | null = null;
  let recurrentBias: Float64Array | null = null;
  let amount: Float64Array | null = null;

  const addTrace = (integrator: string, through: Float64Array, target: 'voltage' | 'threshold'): void => {
    const slow = plainForm(integrator, nodeOf(integrator), setting).form;
    if (slow.offset.some((x) => x !== 0)) fail(`'${integrator}' rests at another value than 0`);
    let [jump, coupling]: [Float64Array, Float64Array | null] = [new Float64Array(N), null];
    for (const e of into(integrator)) {
      const name = use(e, false);
      const m = name === exit || name === membrane ? null : matrixOf(name, nodeOf(name), N);
      if (name === membrane && soft) coupling = slow.gain;
      else if (name === exit) jump = jump.map((x, n) => x + slow.gain[n]!);
      else if (m && !m.dense) {
        const source = single(name);
        if (source === exit) jump = jump.map((x, n) => x + slow.gain[n]! * m.diagonal[n]!);
        else if (source === membrane) coupling = times(slow.gain, m.diagonal);
        else fail(`'${name}' is read by '${integrator}'`);
      } else fail(`'${name}' is read by '${integrator}'`);
    }
    const weight = target === 'voltage' ? times(base.form.gain, through) : through.map((x) => -x);
    form = { ...form, trace: merged(form.trace, { decay: slow.alpha, target, weight, jump, coupling }) };
  };

  const merged = (a: Form['trace'], b: Exclude<Form['trace'], null>): Form['trace'] => {
    if (!a) return b;
    if (a.target !== 'voltage' || b.target !== 'voltage' || a.decay.some((d, n) => Math.abs(d - b.decay[n]!) > 1e-9))
      fail('two traces of the spikes come back to them');
    // of one decay they are one, of all that they take
    const sum = (x: Float64Array | null, y: Float64Array | null): Float64Array =>
      b.weight.map((w, n) => a.weight[n]! * (x?.[n] ?? 0) + w * (y?.[n] ?? 0));
    const coupling = a.coupling || b.coupling ? sum(a.coupling, b.coupling) : null;
    return { ...b, weight: new Float64Array(N).fill(1), jump: sum(a.jump, b.jump), coupling };
  };

  const feedback = (e: FlatEdge): void => {
    const name = use(e, true);
    const node = nodeOf(name);
    const target = soft && e.to === exit ? 'threshold' : 'voltage';
    if (node.type === 'LI') return addTrace(name, new Float64Array(N).fill(1), target);
    const m = name === exit ? { dense: null, diagonal: new Float64Array(N).fill(1) } : matrixOf(name, node, N);
    if (!m) return fail(`'${name}' (${node.type}) comes back to them`);
    const source = name === exit ? exit : single(name);
    if (nodeOf(source).type === 'LI' && source !== membrane && !m.dense) return addTrace(source, m.diagonal, target);
    if (source !== exit || target === 'threshold') fail(`'${source}' comes back to them by '${name}'`);
    const bias = node.type === 'Affine' ? numbersOf(name, node, 'bias').data : null;
    const takes = soft && e.to === membrane && !m.dense && !bias && m.diagonal.every((x) => x <= 0);
    if (takes && !amount) {
      amount = times(base.form.gain, m.diagonal).map((x) => -x);
      return;
    }
    if (e.to !== entry) fail(`'${name}' does not come back to where the input comes, '${entry}'`);
    if (!m.dense && N > MOST_ALONE) fail(`'${name}' would be a matrix of ${N} by ${N} as a layer`);
    const all = recurrent ?? new Float64Array(N * N);
    if (m.dense) for (let i = 0; i < all.length; i++) all[i]! += m.dense[i]!;
    else for (let n = 0; n < N; n++) all[n * N + n]! += m.diagonal[n]!;
    recurrent = all;
    if (bias?.some((x) => x !== 0)) recurrentBias = bias;
  };

  // what comes to the membrane in the step itself is a synaptic current, or a delay before it
  const back: FlatEdge[] = [];
  for (let at = membrane; ; ) {
    const forward = into(at).filter((e) => !e.delayed);
    for (const e of into(at)) if (e.delayed) back.push(e);
    if (!forward.length) {
      entry = at;
      break;
    }
    if (forward.length > 1) fail(`'${at}' has several inputs among them in the same step`);
    const name = use(forward[0]!, false);
    const node = nodeOf(name);
    const m = matrixOf(name, node, N);
    if (node.type === 'Delay' && !form.late) {
      if (numbersOf(name, node, 'delay').data.some((d) => Math.round(d / setting.dt) !== 1))
        fail(`'${name}' delays by other than a step`);
      form = { ...form, late: true };
    } else if (m && !m.dense && soft && node.type !== 'Affine') form = { ...form, gain: times(form.gain, m.diagonal) };
    else if (node.type === 'LI' && soft && !form.synapse) {
      const slow = plainForm(name, node, setting).form;
      if (slow.offset.some((x) => x !== 0)) fail(`'${name}' rests at another value than 0`);
      form = { ...form, synapse: { alpha: slow.alpha, gain: slow.gain } };
    } else fail(`'${name}' (${node.type}) stands before them`);
    at = name;
  }
  for (const e of back) feedback(e);
  if (soft) for (const e of into(exit)) if (e.from !== membrane) feedback(e);
  if (amount) form = { ...form, reset: { kind: 'subtract', amount } };
  const others = outside.filter((m) => m !== entry);
  if (others.length) fail(`the input comes to '${others[0]}'`);
  const leads = members.filter((m) => m !== exit && flat.edges.some((e) => e.from === m && !within.has(e.to)));
  if (leads.length) fail(`'${leads[0]}' is read from outside`);
  const left = flat.edges.filter((e) => within.has(e.from) && within.has(e.to) && !used.has(e));
  if (left.length) fail(`the edge from '${left[0]!.from}' to '${left[0]!.to}' is none that a layer has`);
  return { form, recurrent, recurrentBias, late: base.late, exit, entry };
}

export const isCell = (node: NirNode): boolean => isNeuron(node) || node.type === 'Threshold';

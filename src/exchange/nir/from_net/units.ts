import type { NirNode, NirValue } from '../file/graph.ts';
import type { Form } from '../form/form.ts';
import { NoForm } from '../form/no_form.ts';
import { KEYS } from './metadata.ts';
import { cubaLif, delay, diagonal, integrateAndFire, li, lif, matrix, scale, threshold } from './nodes.ts';
import type { NirOptions } from './options.ts';

/**
 * Nodes that together are a layer of neurons, by the part that each plays. Readers go through the nodes as a file has
 * them, and a file that Python has read and written again has them by name. So parts are called what sorts them, from
 * `input` on, into the order of a step.
 */
export interface Unit {
  readonly nodes: Map<string, NirNode>;
  readonly edges: (readonly [from: string, to: string])[];
  /** The part that takes the input, and the one that fires. */
  readonly entry: string;
  readonly exit: string;
  /** What the input is to be multiplied by before it arrives: what `matrices` are multiplied by too. */
  readonly factor: Float64Array;
  /**
   * Whether a part beside the entry has several inputs, all of them parts: a reader runs it before they have had their
   * turn if what leads to the entry is still to come. Within a graph of its own nothing is.
   */
  readonly nested: boolean;
}

/** Weights among a layer's neurons, [N, N], and a current that begins in the second step. */
export interface Recurrent {
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
}

type Options = Required<NirOptions>;

/** A leaky state in Euler steps: tau, r, and what a unit of input adds to it. */
interface Leaky {
  readonly tau: Float64Array;
  readonly r: Float64Array;
  readonly gain: Float64Array;
}

/**
 * A layer's form as nodes.
 *
 * @param folded whether the factor can be put into what comes before; otherwise r has it
 * @throws NoForm
 */
export function unitOf(
  form: Form,
  shape: readonly number[],
  recurrent: Recurrent | null,
  folded: (factor: Float64Array) => boolean,
  options: Options,
): Unit {
  const { N, reset } = form;
  const nodes = new Map<string, NirNode>();
  const edges: [string, string][] = [];
  const put = (part: string, node: NirNode, from: readonly string[] = []): string => {
    nodes.set(part, node);
    for (const f of from) edges.push([f, part]);
    return part;
  };
  // a matrix takes vectors, and neurons may stand in planes
  const own = (values: Float64Array): NirNode => (shape.length > 1 ? scale(shape, values) : diagonal(values));
  const inverse = (values: Float64Array): Float64Array => values.map((x) => 1 / x);
  const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, n) => x * b[n]!);
  const product = (...factors: Float64Array[]): Float64Array => factors.reduce(times);

  const integrates = form.alpha.every((a) => a === 1);
  const soft = form.threshold !== null && reset.kind !== 'value';
  if (!integrates) requireLeak(form.alpha);
  if (form.synapse) requireLeak(form.synapse.alpha);
  const membrane = leakyOf(form.alpha, options);
  const synapse = form.synapse && leakyOf(form.synapse.alpha, options);

  // the factor on the input with which r (and w_in) are the usual ones
  const cuba = synapse !== null && !soft;
  const usual = !integrates
    ? cuba
      ? product(form.gain, form.synapse!.gain)
      : product(form.gain, inverse(membrane.gain), ...(synapse ? [form.synapse!.gain, inverse(synapse.gain)] : []))
    : form.gain;
  const ok = folded(usual);
  const factor = ok ? usual : new Float64Array(N).fill(1);
  const rest = form.offset.map((x, n) => (integrates ? 0 : x / (1 - form.alpha[n]!)));
  if (integrates && form.offset.some((x) => x !== 0)) throw new NoForm('it does not leak, and has a constant current');
  const theta =
    form.threshold && (form.test === '>=' ? form.threshold.map((x) => below(x, options.precision)) : form.threshold);

  let entry = '';
  const late = form.late ? put('input_late', delay(shape, options.dt)) : null;
  let exit: string;
  if (integrates) {
    if (soft || form.trace || synapse || !theta)
      throw new NoForm('it does not leak, and NIR has such neurons with a reset to a value alone');
    const r = (ok ? form.gain.map(() => 1) : form.gain).map((g) => g / options.dt);
    exit = put('if', integrateAndFire(shape, { r, v_threshold: theta }, resetValue(reset)));
    entry = exit;
  } else if (cuba) {
    if (form.trace || !theta) throw new NoForm('NIR has synaptic currents with a reset to a value alone');
    const [one, other] = [inverseShare(form.alpha), inverseShare(form.synapse!.alpha)];
    exit = put(
      'lif',
      cubaLif(
        shape,
        {
          tau_syn: synapse.tau,
          tau_mem: membrane.tau,
          r: ok ? one : product(form.gain, one),
          v_leak: rest,
          w_in: ok ? other : product(form.synapse!.gain, other),
          v_threshold: theta,
        },
        resetValue(reset),
      ),
    );
    entry = exit;
  } else if (!soft) {
    const r = ok ? membrane.r : product(form.gain, inverseShare(form.alpha));
    const gain = ok ? membrane.gain : form.gain;
    if (!theta) entry = exit = put('li', li(shape, { tau: membrane.tau, r, v_leak: rest }));
    else {
      entry = exit = put(
        'lif',
        lif(shape, { tau: membrane.tau, r, v_leak: rest, v_threshold: theta }, resetValue(reset)),
      );
      if (form.trace) {
        const { trace } = form;
        if (trace.target !== 'voltage' || trace.coupling)
          throw new NoForm(
            'the voltage that its spikes reset drives another state, and no primitive gives that voltage',
          );
        requireLeak(trace.decay);
        const slow = leakyOf(trace.decay, options);
        put('ahp', li(shape, { tau: slow.tau, r: slow.r, v_leak: new Float64Array(N) }), ['lif']);
        put('ahp_w', own(product(trace.weight, trace.jump, inverse(slow.gain), inverse(gain))), ['ahp']);
        edges.push(['ahp_w', 'lif']);
      }
    }
  } else {
    const r = ok || synapse ? membrane.r : product(form.gain, inverseShare(form.alpha));
    const gain = ok || synapse ? membrane.gain : form.gain;
    if (synapse) {
      const w = ok ? synapse.r : product(form.synapse!.gain, inverseShare(form.synapse!.alpha));
      entry = put('isyn', li(shape, { tau: synapse.tau, r: w, v_leak: new Float64Array(N) }));
      if (!ok) put('isyn_w', own(product(form.gain, inverse(gain))), ['isyn']);
    }
    put('mem', li(shape, { tau: membrane.tau, r, v_leak: rest }), synapse ? [ok ? 'isyn' : 'isyn_w'] : []);
    entry ||= 'mem';
    exit = put('spike', threshold(shape, theta!), ['mem']);
    if (reset.kind === 'subtract') {
      put('reset', own(product(reset.amount, inverse(gain)).map((x) => -x)), ['spike']);
      edges.push(['reset', 'mem']);
    }
    if (form.trace) {
      const { trace } = form;
      requireLeak(trace.decay);
      const slow = leakyOf(trace.decay, options);
      const still = new Float64Array(N);
      const add = (part: string, from: string, jump: Float64Array): void => {
        put(part, li(shape, { tau: slow.tau, r: slow.r, v_leak: still }), [from]);
        const onward = product(trace.weight, inverse(slow.gain), jump);
        const raises = trace.target === 'threshold';
        put(`${part}_w`, own(raises ? onward.map((x) => -x) : product(onward, inverse(gain))), [part]);
        edges.push([`${part}_w`, raises ? 'spike' : 'mem']);
      };
      add('trace', 'spike', trace.jump);
      // apart from that of the spikes: a node with two inputs on a cycle is run too early by readers that sort by name
      if (trace.coupling) add('trace_v', 'mem', trace.coupling);
    }
  }
  if (late) {
    edges.push([late, entry]);
    entry = late;
  }
  if (recurrent) {
    const weight = recurrent.weight.map((w, i) => w * factor[Math.floor(i / N)]!);
    const alone = weight.every((w, i) => w === 0 || Math.floor(i / N) === i % N);
    if (shape.length > 1 && !(alone && !recurrent.bias))
      throw new NoForm(
        'its neurons stand in planes, and the matrix between them takes vectors: a Flatten before them helps',
      );
    const diagonalOf = (): Float64Array => form.gain.map((_, n) => weight[n * N + n]!);
    const flat = (): NirNode => matrix(weight, [N, N], recurrent.bias && times(recurrent.bias, factor));
    put('w_rec', shape.length > 1 ? own(diagonalOf()) : flat(), [exit]);
    edges.push(['w_rec', entry]);
  }
  const inputs = (part: string): number => edges.filter(([, to]) => to === part).length;
  const nested = [...nodes.keys()].some((part) => part !== entry && inputs(part) > 1);
  return { nodes, edges, entry, exit, factor, nested };
}

/** A state that shrinks to `alpha` in a step. */
function leakyOf(alpha: Float64Array, { dt, gain }: Options): Leaky {
  const tau = alpha.map((a) => dt / (1 - a));
  return gain === 'unit'
    ? { tau, r: alpha.map(() => 1), gain: alpha.map((a) => 1 - a) }
    : { tau, r: inverseShare(alpha), gain: alpha.map(() => 1) };
}

const inverseShare = (alpha: Float64Array): Float64Array => alpha.map((a) => 1 / (1 - a));

const resetValue = (reset: Form['reset']): Float64Array | null => (reset.kind === 'value' ? reset.to : null);

function requireLeak(alpha: Float64Array): void {
  const bad = alpha.findIndex((a) => !(a < 1));
  if (bad >= 0) throw new NoForm(`neuron ${bad} does not leak, and others of the layer do`);
}

/** The next number below: v > below(x) is v >= x. */
export function below(x: number, precision: Options['precision']): number {
  const view = new DataView(new ArrayBuffer(8));
  if (precision === 'float32') {
    view.setFloat32(0, x);
    view.setUint32(0, view.getUint32(0) - 1);
    return view.getFloat32(0);
  }
  view.setFloat64(0, x);
  view.setBigUint64(0, view.getBigUint64(0) - 1n);
  return view.getFloat64(0);
}

/** The metadata of a unit's parts. */
export function mark(unit: Unit, form: Form, layer: Record<string, NirValue>): void {
  for (const [part, node] of unit.nodes) {
    const fires = part === unit.exit;
    const voltage = form.trace?.target === 'threshold' ? 'none' : form.record;
    const own = fires ? { ...layer, [KEYS.voltage]: voltage } : {};
    const composed: Record<string, NirValue> = unit.nodes.size > 1 ? { [KEYS.part]: part } : {};
    unit.nodes.set(part, { ...node, metadata: { ...own, ...composed } });
  }
}

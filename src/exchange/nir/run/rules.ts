import type { NirNode } from '../file/graph.ts';
import { map, numbersOf, perNeuron, uniform } from '../file/values.ts';
import type { Semantics } from './semantics.ts';

/**
 * A node of neurons as the update of a step, numbers for each neuron:
 *
 *     i <- decay i + gain x + offset             (synapse; otherwise i is the input x)
 *     v <- decay v + gain i + offset ;  z = [v > threshold] ;  then v is reset
 */
export interface Rule {
  /** As the node's parameters have it. */
  readonly shape: readonly number[];
  readonly N: number;
  readonly synapse: Leaky | null;
  /** i <- decay (i + x): the input decays in the step in which it comes. */
  readonly afterDecay: boolean;
  readonly membrane: Leaky;
  readonly threshold: Float64Array | null;
  readonly test: '>' | '>=';
  readonly several: boolean;
  readonly late: boolean;
  /** v becomes this; null if the threshold is taken off it. */
  readonly resetTo: Float64Array | null;
  /** With `late`: the threshold is taken off before the leak too. */
  readonly twice: boolean;
  /**
   * A voltage that is above the threshold after its reset loses another one before it is compared, and no more then.
   */
  readonly again: boolean;
  /** Below which v does not fall. */
  readonly lowest: Float64Array | null;
}

export interface Leaky {
  readonly decay: Float64Array;
  readonly gain: Float64Array;
  readonly offset: Float64Array;
  readonly start: Float64Array;
}

/** Node types that a rule is made of. */
const NEURON_TYPES = ['I', 'IF', 'LI', 'LIF', 'CubaLI', 'CubaLIF'] as const;
export const isNeuron = (node: { readonly type: string }): boolean =>
  (NEURON_TYPES as readonly string[]).includes(node.type);

/** How NumPy's allclose tells equal numbers. */
const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-8 + 1e-5 * Math.abs(b);

/**
 * The update that a program makes of a node.
 *
 * @param dt seconds
 * @throws what the program refuses, and why
 */
export function ruleOf(place: string, node: NirNode, s: Semantics, dt: number): Rule {
  const fail = (why: string): never => {
    throw new Error(`NIR node '${place}' (${node.type}): ${s.title} refuses it: ${why}`);
  };
  const first = { I: 'r', IF: 'r', LI: 'tau', LIF: 'tau', CubaLI: 'tau_mem', CubaLIF: 'tau_mem' }[node.type];
  if (!first) return fail('it is no node of neurons');
  const { shape, data } = numbersOf(place, node, first);
  const N = data.length;
  const get = (field: string, absent?: number): Float64Array => perNeuron(place, node, field, N, absent);
  const each = (f: (n: number) => number): Float64Array => Float64Array.from({ length: N }, (_, n) => f(n));
  const [ones, zeros] = [new Float64Array(N).fill(1), new Float64Array(N)];

  const fires = node.type.endsWith('IF');
  const resetTo = get('v_reset', 0);
  const leaks = first !== 'r';
  const vLeak = leaks ? get('v_leak', 0) : zeros;
  const fields =
    s.uniform === 'all' ? Object.keys(node.fields) : s.uniform.filter((f) => Object.hasOwn(node.fields, f));
  for (const f of fields)
    if (uniform(get(f)) === null) fail(`${f} must be the same for all neurons, got several values`);
  if (leaks && s.leak === 'zero' && !vLeak.every((x) => close(x, 0))) fail('v_leak must be 0');
  if (leaks && s.leak === 'reset' && fires && !vLeak.every((x, n) => close(x, node.type === 'LIF' ? resetTo[n]! : 0)))
    fail(node.type === 'LIF' ? 'v_leak must equal v_reset' : 'v_leak must be 0');

  const step = rockpoolStep(s, node, N, place) ?? dt;
  const decayOf = (tau: number): number => {
    if (s.decay === 'euler') return 1 - step / tau;
    return Math.exp(-(s.decay === 'exponential in steps' ? 1 : step) / tau);
  };
  const r = get('r');
  let threshold = fires ? get('v_threshold') : null;
  let synapse: Leaky | null = null;
  let membrane: Leaky;
  let twice = false;

  if (!leaks) {
    if (s.integratorGain === 'r is 1' && !r.every((x) => x === 1)) fail('r must be 1');
    if (s.integratorGain === 'r is 1/dt' && !r.every((x) => Math.abs(x * step - 1) <= 1e-6))
      fail(`r must be 1/dt, ${1 / step}`);
    // what makes r 1 there is a leaky neuron all the same
    const decay = s.integratorGain === 'r is 1' ? new Float64Array(N).fill(0.9) : ones;
    const gain = s.integratorGain === 'r dt' ? map(r, (x) => x * step) : ones;
    membrane = { decay, gain, offset: zeros, start: s.start === 'reset' && fires ? resetTo : zeros };
  } else {
    const tau = get(first);
    const bad = tau.findIndex((x) => !(x > 0));
    if (bad >= 0) fail(`${first} must be above 0, got ${tau[bad]} at neuron ${bad}`);
    const decay = map(tau, decayOf);
    const share = s.decay === 'euler' ? map(tau, (t) => step / t) : map(decay, (d) => 1 - d);
    const leak = s.leak === 'added' ? vLeak : s.leak === 'ignored' ? zeros : each((n) => share[n]! * vLeak[n]!);
    const start = s.start === 'leak' ? vLeak : s.start === 'reset' ? resetTo : zeros;
    let gain: Float64Array;
    if (node.type.startsWith('Cuba')) {
      const made = synapseOf();
      gain = made.gain;
      synapse = made.synapse;
      threshold = made.threshold;
      twice = s.late;
    } else if (s.gain === 'r dt/tau') gain = each((n) => share[n]! * r[n]!);
    else if (s.gain === 'dt/tau') gain = share;
    else if (s.gain === 'one') {
      gain = ones;
      if (node.type === 'LI' && !r.every((x) => x === 1)) fail('r must be 1');
    } else if (s.gain === 'in threshold') {
      gain = ones;
      const scale = each((n) => (r[n]! * step) / tau[n]!);
      const smallest = scale.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      if (!scale.every((x) => close(x, 1))) threshold = threshold && map(threshold, (x) => x / smallest);
    } else {
      const [t, one] = [tau[0]! / step, Math.abs(r[0]! - 1) <= 1e-6];
      if (!(Number.isFinite(t) && t > 1)) fail(`tau must be above dt, ${step}, got ${tau[0]}`);
      if (!one && Math.abs(r[0]! - t) > 1e-6 * t) fail(`r must be 1 or tau/dt, ${t}, got ${r[0]}`);
      gain = one ? share : ones;
    }
    membrane = { decay, gain, offset: leak, start };
  }

  function synapseOf(): { synapse: Leaky; gain: Float64Array; threshold: Float64Array | null } {
    const [tauSyn, tauMem, wIn] = [get('tau_syn'), get('tau_mem'), get('w_in', 1)];
    const bad = tauSyn.findIndex((x) => !(x > 0));
    if (bad >= 0) fail(`tau_syn must be above 0, got ${tauSyn[bad]} at neuron ${bad}`);
    const decay = map(tauSyn, decayOf);
    const plain = { synapse: { decay, gain: ones, offset: zeros, start: zeros }, gain: ones, threshold };
    if (s.synapse === 'ignored' || s.synapse === 'after decay') return plain;
    if (s.synapse === 'used') {
      // Norse's synapse rests at v_leak as well
      const rest = s.start === 'leak' ? vLeak : zeros;
      const share = map(tauSyn, (t) => step / t);
      return {
        synapse: {
          decay,
          gain: each((n) => share[n]! * wIn[n]!),
          offset: each((n) => share[n]! * rest[n]!),
          start: rest,
        },
        gain: each((n) => (step / tauMem[n]!) * r[n]!),
        threshold,
      };
    }
    const exact = s.synapse === 'r is tau/dt' ? 1e-6 : 1e-5;
    const off = r.findIndex((x, n) => Math.abs(x - tauMem[n]! / step) > exact * (tauMem[n]! / step) + 1e-8);
    if (off >= 0) fail(`r must be tau_mem/dt, ${tauMem[off]! / step}, got ${r[off]}`);
    if (s.synapse === 'in threshold') {
      const scale = each((n) => (wIn[n]! * step) / tauSyn[n]!);
      if (scale.every((x) => close(x, 1)) || !threshold) return plain;
      const scaled = each((n) => threshold![n]! / scale[n]!);
      if (uniform(scaled) === null) fail('v_threshold over w_in dt/tau_syn must be the same for all neurons');
      return { ...plain, threshold: scaled };
    }
    const odd = wIn.findIndex((x, n) => Math.abs(x - tauSyn[n]! / step) > 1e-6 * (tauSyn[n]! / step));
    if (odd >= 0) fail(`w_in must be tau_syn/dt, ${tauSyn[odd]! / step}, got ${wIn[odd]}`);
    return plain;
  }

  const subtract = s.reset === 'subtract' || (node.type === 'IF' && s.integratorGain === 'r is 1');
  return {
    shape,
    N,
    synapse,
    afterDecay: s.synapse === 'after decay',
    membrane,
    threshold,
    test: s.test,
    several: s.several,
    late: s.late,
    resetTo: subtract ? null : s.reset === 'zero' ? zeros : resetTo,
    twice,
    // snnTorch's IF, whose reset is by subtraction
    again: !leaks && s.integratorGain === 'r is 1',
    lowest: s.decay === 'exponential in steps' && node.type === 'IF' ? map(get('v_threshold'), (x) => -x) : null,
  };
}

/** Rockpool infers its step from tau_mem and r. */
function rockpoolStep(s: Semantics, node: NirNode, N: number, place: string): number | null {
  if (s.synapse !== 'after decay' || !Object.hasOwn(node.fields, 'tau_mem')) return null;
  const [tau, r] = [perNeuron(place, node, 'tau_mem', N), perNeuron(place, node, 'r', N)];
  return tau.reduce((least, t, n) => Math.min(least, t / (1 + r[n]!)), Number.POSITIVE_INFINITY);
}

/** @throws naming the node when the program has none of its type */
export function requireKnown(place: string, node: { readonly type: string }, s: Semantics): void {
  if (['Input', 'Output', 'NIRGraph'].includes(node.type) || s.nodes.includes(node.type)) return;
  throw new Error(`NIR node '${place}' (${node.type}): ${s.title} has no ${node.type}; it reads ${s.nodes.join(', ')}`);
}

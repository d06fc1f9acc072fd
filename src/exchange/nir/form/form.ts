import { GLIF } from '../../../layers/glif.ts';
import type { Neurons } from '../../../layers/neurons.ts';
import { NoForm } from './no_form.ts';
import { type Probe, probe, type Row, rowsEqual } from './probe.ts';

/**
 * What a layer of neurons does in a step, in the terms in which NIR can say it. Numbers for each neuron; z is the spike
 * of the step before, y a trace of those spikes, y <- trace y + z, of which the last step's value counts.
 *
 *     v <- alpha v + gain I + offset          v being what the reset left
 */
export interface Form {
  readonly N: number;
  readonly alpha: Float64Array;
  readonly gain: Float64Array;
  readonly offset: Float64Array;
  /** A synaptic current in place of I: i <- alpha i + gain I. */
  readonly synapse: { readonly alpha: Float64Array; readonly gain: Float64Array } | null;
  /** I arrives a step late. */
  readonly late: boolean;
  /** null for a neuron that does not spike. */
  readonly threshold: Float64Array | null;
  readonly test: '>' | '>=';
  /** v becomes `to`; loses `amount` in the step after a spike, after the leak; nothing happens. */
  readonly reset:
    | { readonly kind: 'value'; readonly to: Float64Array }
    | { readonly kind: 'subtract'; readonly amount: Float64Array }
    | { readonly kind: 'none' };
  /** A trace of the spikes that adds to v (AHP), or to the threshold (ALIF); with coupling also v is traced (AdLIF). */
  readonly trace: {
    readonly decay: Float64Array;
    readonly target: 'voltage' | 'threshold';
    readonly weight: Float64Array;
    /** What the trace takes of a spike and of the voltage: (0 of it, as a rule). */
    readonly jump: Float64Array;
    readonly coupling: Float64Array | null;
  } | null;
  /** The voltage that the layer records. */
  readonly record: 'before' | 'after';
  /** Steps without a spike after one, which no form has. */
  readonly refractory: number;
  /** What the form leaves out of the neuron's equations. */
  readonly lost: readonly string[];
}

/**
 * The form of a layer's equations, found by evaluating them: with spikes given, they are affine in the states and the
 * input, and their coefficients say which of the forms it is.
 *
 * @throws NoForm
 */
export function formOf(layer: Neurons): Form {
  if (layer instanceof GLIF) throw new NoForm('its gate on the input changes from step to step');
  const p = probe(layer);
  const common = { N: p.N, test: p.test, record: p.record, refractory: p.refractory } as const;
  if (!p.pre) return { ...common, ...integrator(p), threshold: null, reset: { kind: 'none' }, trace: null, lost: [] };
  const made = p.states.length === 1 ? single(p) : pair(p);
  return { ...common, ...made };
}

type Shaped = Omit<Form, 'N' | 'test' | 'record' | 'refractory'>;

const zeros = (p: Probe): Float64Array => new Float64Array(p.N);
const sub = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, n) => x - b[n]!);
const isZero = (a: Float64Array): boolean => a.every((x) => Math.abs(x) <= 1e-12);
const same = (a: Float64Array, b: Float64Array): boolean =>
  a.every((x, n) => Math.abs(x - b[n]!) <= 1e-10 * (1 + Math.abs(x)));

/** A neuron that does not spike: one state, or one and the input that waits. */
function integrator(p: Probe): Pick<Form, 'alpha' | 'gain' | 'offset' | 'synapse' | 'late'> {
  const v = p.next(0, 0, 0);
  if (p.states.length === 1)
    return { alpha: v.states[0]!, gain: v.input, offset: v.constant, synapse: null, late: false };
  if (p.states.length === 2 && isZero(v.input)) {
    const i = p.next(1, 0, 0);
    if (isZero(i.states[0]!) && isZero(i.states[1]!) && isZero(i.constant) && i.input.every((x) => x === 1))
      return { alpha: v.states[0]!, gain: v.states[1]!, offset: v.constant, synapse: null, late: true };
  }
  throw new NoForm('its equations are not those of a leaky integrator');
}

/**
 * The voltage before the reset as a row, and the threshold: their difference, in whatever unit, is what is compared.
 */
function membrane(p: Probe): { pre: Row; compared: readonly [Row, Row]; threshold: Float64Array } {
  const pre = p.next(0, 0, 0);
  // CubaLIF with a delay sees no input at once
  const seen = (row: Row): Float64Array => (isZero(pre.input) ? row.states.at(-1)! : row.input);
  const own = seen(pre);
  const unit = seen(p.pre!(0)).map((x, n) => x / own[n]!);
  const inUnit = (row: Row): Row => {
    const by = (a: Float64Array): Float64Array => a.map((x, n) => x / unit[n]!);
    return { states: row.states.map(by), input: by(row.input), constant: by(row.constant) };
  };
  const usual = unit.every((u) => u > 0 && Number.isFinite(u));
  const compared = usual ? ([inUnit(p.pre!(0)), inUnit(p.pre!(1))] as const) : ([p.pre!(0), p.pre!(1)] as const);
  if (!rowsEqual(pre, { ...compared[0], constant: pre.constant }))
    throw new NoForm('what it compares with the threshold is not the voltage that it integrates');
  return { pre, compared, threshold: sub(pre.constant, compared[0].constant) };
}

/** What a spike does to v, as the row of v shows it. */
function resetOf(p: Probe, { pre, compared }: ReturnType<typeof membrane>): Form['reset'] {
  const [atOnce, later] = [p.next(0, 0, 1), p.next(0, 1, 0)];
  const kept = (row: Row): boolean => rowsEqual(row, { ...pre, constant: row.constant });
  const emptied = (row: Row): boolean => row.states.every(isZero) && isZero(row.input);
  if (rowsEqual(later, pre) && rowsEqual(compared[1], compared[0])) {
    if (emptied(atOnce)) return { kind: 'value', to: atOnce.constant };
    if (rowsEqual(atOnce, pre)) return { kind: 'none' };
    // what is taken off at once has leaked by the next step
    if (kept(atOnce))
      return { kind: 'subtract', amount: pre.states[0]!.map((a, n) => a * (pre.constant[n]! - atOnce.constant[n]!)) };
  } else if (rowsEqual(atOnce, pre)) {
    const [before, after] = [compared[0].constant, compared[1].constant];
    if (kept(later) && same(sub(before, after), sub(pre.constant, later.constant)))
      return { kind: 'subtract', amount: sub(pre.constant, later.constant) };
    const others = { ...later, states: [pre.states[0]!, ...later.states.slice(1)], constant: pre.constant };
    if (isZero(later.states[0]!) && rowsEqual(others, pre) && rowsEqual(compared[1], { ...later, constant: after })) {
      const gone = sub(later.constant, pre.constant);
      return { kind: 'value', to: gone.map((x, n) => (pre.states[0]![n] ? x / pre.states[0]![n]! : 0)) };
    }
  }
  throw new NoForm('NIR has no such reset: v becomes v_reset, and nothing else, in the step of the spike');
}

function single(p: Probe): Shaped {
  const seen = membrane(p);
  const { pre, threshold } = seen;
  return {
    alpha: pre.states[0]!,
    gain: pre.input,
    offset: pre.constant,
    synapse: null,
    late: false,
    threshold,
    reset: resetOf(p, seen),
    trace: null,
    lost: [],
  };
}

function pair(p: Probe): Shaped {
  if (p.states.length !== 2) throw new NoForm(`it has ${p.states.length} states, and no node of NIR has more than two`);
  const other = p.next(1, 0, 0);
  const spikes = [p.next(1, 1, 0), p.next(1, 0, 1)] as const;
  if (rowsEqual(other, spikes[0]) && rowsEqual(other, spikes[1]) && isZero(other.states[0]!) && isZero(other.constant))
    return filtered(p, other);
  if (!isZero(other.input) || !rowsEqual(other, spikes[1]) || !isZero(other.constant))
    throw new NoForm(`NIR has no node with the state '${p.states[1]}'`);
  const traced = sub(spikes[0].constant, other.constant);
  if (!rowsEqual(spikes[0], { ...other, constant: traced }))
    throw new NoForm(`NIR has no node with the state '${p.states[1]}'`);
  if (p.name === 'ALIF') return adaptive(p, other.states[1]!, traced);
  return currentOfSpikes(p, other, traced);
}

/** A synaptic current before the membrane. */
function filtered(p: Probe, current: Row): Shaped {
  const seen = membrane(p);
  const { pre, threshold } = seen;
  const [decay, gain] = [current.states[1]!, current.input];
  const late = isZero(pre.input);
  const onward = late ? pre.states[1]! : pre.input.map((x, n) => x / gain[n]!);
  if (
    !late &&
    !same(
      pre.states[1]!,
      onward.map((g, n) => g * decay[n]!),
    )
  )
    throw new NoForm('its membrane does not see the synaptic current of one step alone');
  return {
    alpha: pre.states[0]!,
    gain: onward,
    offset: pre.constant,
    synapse: { alpha: decay, gain },
    late,
    threshold,
    reset: resetOf(p, seen),
    trace: null,
    lost: [],
  };
}

/** A current of the neuron's own spikes, and perhaps of its voltage: AHP, AdLIF. */
function currentOfSpikes(p: Probe, row: Row, jump: Float64Array): Shaped {
  const seen = membrane(p);
  const { pre, threshold } = seen;
  const [decay, coupling] = [row.states[1]!, row.states[0]!];
  // v sees the current of its own step: weight times (decay w + coupling v + jump z)
  const bad = decay.indexOf(0);
  if (bad >= 0) throw new NoForm(`the state '${p.states[1]}' of neuron ${bad} lasts no step`);
  const weight = pre.states[1]!.map((x, n) => x / decay[n]!);
  const without = (r: Row, spiked: 0 | 1): Row => ({
    states: [r.states[0]!.map((x, n) => x - weight[n]! * coupling[n]!), zeros(p)],
    input: r.input,
    constant: r.constant.map((x, n) => x - spiked * weight[n]! * jump[n]!),
  });
  const alone: Probe = {
    ...p,
    states: [p.states[0]!],
    next: (_, z, spiked) => without(p.next(0, z, spiked), z),
    pre: (z) => without(p.pre!(z), z),
  };
  const bare = membrane(alone);
  return {
    alpha: bare.pre.states[0]!,
    gain: pre.input,
    offset: pre.constant,
    synapse: null,
    late: false,
    threshold,
    reset: resetOf(alone, bare),
    trace: { decay, target: 'voltage', weight, jump, coupling: isZero(coupling) ? null : coupling },
    lost: [],
  };
}

/** ALIF: the trace raises the threshold, and the reset takes off the raised one, which is a product of two states. */
function adaptive(p: Probe, decay: Float64Array, jump: Float64Array): Shaped {
  const v = p.next(0, 0, 0);
  const [rest, spiked] = [p.pre!(0).constant, p.pre!(1).constant];
  const threshold = rest.map((x) => -x);
  // compared after a spike: -theta - beta jump for the threshold, and as much for the reset
  const raise = spiked.map((x, n) => (-x - 2 * threshold[n]!) / 2);
  return {
    alpha: v.states[0]!,
    gain: v.input,
    offset: v.constant,
    synapse: null,
    late: false,
    threshold,
    reset: { kind: 'subtract', amount: threshold },
    trace: { decay, target: 'threshold', weight: raise.map((x, n) => x / (jump[n] || 1)), jump, coupling: null },
    lost: [
      'the reset takes the threshold at rest off v, not the moving one: no primitive multiplies a spike by a voltage',
    ],
  };
}

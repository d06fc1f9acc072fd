import { suggest } from '../../../neurons/nearest.ts';

/**
 * How a program reads the neurons of a NIR file, which fixes differential equations and no time step. Its columns say
 * what becomes of the fields; `rules.ts` makes the update of a step from them.
 */
export interface Semantics {
  /** What it is, with the version that the row was read from. */
  readonly title: string;
  /** Whether the row was checked against the program itself; otherwise it was read from its source. */
  readonly checked: boolean;
  /** The time step in seconds that it takes, by default or always. */
  readonly dt: number;
  /** Whether the step can be chosen. */
  readonly dtFixed: boolean;
  /** Nodes that it reads, apart from Input, Output and nested graphs. */
  readonly nodes: readonly string[];
  /** Cycles between nodes: all of them, none, or those of a neuron and one matrix in a graph of their own. */
  readonly cycles: 'any' | 'none' | 'nested';
  /** A decay from its time constant: 1 - dt/tau, or e^{-dt/tau}; of sinabs tau is a number of steps. */
  readonly decay: 'euler' | 'exponential' | 'exponential in steps';
  /**
   * What is made of r for LI and LIF: the factor dt/tau r on the input; dt/tau, r ignored; 1, r ignored; 1, and
   * thresholds are divided by dt/tau r of the first neuron; 1/tau or 1 where r is 1 or tau/dt, refused otherwise.
   */
  readonly gain: 'r dt/tau' | 'dt/tau' | 'one' | 'in threshold' | 'r is 1 or tau/dt';
  /** What is made of r for I and IF: dt r; 1, r ignored; 1 and r must be 1; 1 and r must be 1/dt. */
  readonly integratorGain: 'r dt' | 'one' | 'r is 1' | 'r is 1/dt';
  /** CubaLIF: dt/tau_mem r and dt/tau_syn w_in; 1 and 1, with r and w_in ignored, or checked to be that. */
  readonly synapse: 'used' | 'in threshold' | 'r is tau/dt' | 'ignored' | 'after decay';
  /** v_leak: used, must be 0, must be v_reset, ignored, or added to v at each step. */
  readonly leak: 'used' | 'zero' | 'reset' | 'ignored' | 'added';
  /** The voltage before the first step. */
  readonly start: 'zero' | 'leak' | 'reset';
  /** v becomes v_reset, 0 whatever v_reset is, or loses the threshold. */
  readonly reset: 'v_reset' | 'zero' | 'subtract';
  readonly test: '>' | '>=';
  /** Several spikes a step, as many as thresholds fit in v. */
  readonly several: boolean;
  /** The spike of a step is that of the voltage which the step before left. */
  readonly late: boolean;
  /** Neuron parameters that must be the same for all neurons of a node. */
  readonly uniform: readonly string[] | 'all';
}

const NEURONS = ['I', 'IF', 'LI', 'LIF', 'CubaLI', 'CubaLIF'];
const SYNAPSES = ['Affine', 'Linear', 'Scale', 'Conv1d', 'Conv2d', 'SumPool2d', 'AvgPool2d', 'Flatten', 'Delay'];

/** The equations of the specification in Euler steps, forward, with nothing left out. */
const euler = {
  dt: 1e-4,
  dtFixed: false,
  cycles: 'any',
  decay: 'euler',
  gain: 'r dt/tau',
  integratorGain: 'r dt',
  synapse: 'used',
  leak: 'used',
  start: 'zero',
  reset: 'v_reset',
  test: '>',
  several: false,
  late: false,
  uniform: [],
} as const;

export const semantics = {
  nir: {
    ...euler,
    title: 'NIR: Euler steps of the equations in the specification',
    checked: true,
    nodes: [...NEURONS, ...SYNAPSES, 'Threshold'],
  },
  /** Release 1.1.0 leaves out LI and AvgPool2d; the development version has them. */
  norse: {
    ...euler,
    title: 'Norse (from_nir; release 1.1.0 has no LI and no AvgPool2d)',
    checked: true,
    dt: 1e-3,
    nodes: ['Affine', 'Linear', 'Conv1d', 'Conv2d', 'Flatten', 'SumPool2d', 'AvgPool2d', 'IF', 'LI', 'LIF', 'CubaLIF'],
    gain: 'dt/tau',
    integratorGain: 'one',
    start: 'leak',
    reset: 'zero',
  },
  /** Flat recurrence is rewritten on the way in (`snntorch_rewrite.ts`). IF becomes a leaky neuron with beta 0.9. */
  snntorch: {
    ...euler,
    title: 'snnTorch 1.0.0 (import_from_nir)',
    checked: true,
    dtFixed: true,
    nodes: ['Affine', 'Linear', 'Conv1d', 'Conv2d', 'SumPool2d', 'AvgPool2d', 'Flatten', 'IF', 'LIF', 'CubaLIF'],
    gain: 'in threshold',
    integratorGain: 'r is 1',
    synapse: 'in threshold',
    leak: 'zero',
    reset: 'zero',
    uniform: ['v_threshold'],
  },
  spikingjelly: {
    ...euler,
    title: 'SpikingJelly 2.0.0 (nir_exchange.import_from_nir)',
    checked: true,
    nodes: ['Affine', 'Linear', 'Conv1d', 'Conv2d', 'SumPool2d', 'AvgPool2d', 'Flatten', 'IF', 'LIF', 'CubaLIF'],
    gain: 'r is 1 or tau/dt',
    integratorGain: 'r is 1/dt',
    synapse: 'r is tau/dt',
    leak: 'reset',
    start: 'reset',
    test: '>=',
    uniform: 'all',
  },
  sinabs: {
    ...euler,
    title: 'sinabs (from_nir)',
    checked: false,
    dt: 1,
    dtFixed: true,
    nodes: ['Affine', 'Conv1d', 'Conv2d', 'LI', 'LIF', 'IF', 'SumPool2d', 'Flatten'],
    cycles: 'none',
    decay: 'exponential in steps',
    gain: 'one',
    integratorGain: 'one',
    leak: 'zero',
    reset: 'subtract',
    test: '>=',
    several: true,
  },
  spyx: {
    ...euler,
    title: 'spyx 1.0 (from_nir)',
    checked: false,
    dt: 1,
    nodes: ['Affine', 'Linear', 'Conv2d', 'SumPool2d', 'Flatten', 'IF', 'LIF', 'CubaLIF'],
    // its recurrent layers see their own spikes a step earlier than others do, which is not modelled here
    cycles: 'none',
    gain: 'one',
    integratorGain: 'one',
    synapse: 'ignored',
    leak: 'ignored',
    reset: 'subtract',
    late: true,
  },
  /** Its step follows from tau_mem and r of each node. */
  rockpool: {
    ...euler,
    title: 'Rockpool (from_nir)',
    checked: false,
    dtFixed: true,
    nodes: ['Affine', 'Linear', 'CubaLIF'],
    cycles: 'nested',
    decay: 'exponential',
    synapse: 'after decay',
    leak: 'added',
    reset: 'subtract',
    test: '>=',
    several: true,
  },
  /** The script of the NIR repository, without lava's integer arithmetic. */
  lava: {
    ...euler,
    title: 'lava-dl (nir_to_lava.py), before its quantisation',
    checked: false,
    nodes: ['Affine', 'Linear', 'Conv2d', 'SumPool2d', 'Flatten', 'IF', 'CubaLIF'],
    cycles: 'nested',
    integratorGain: 'one',
    synapse: 'r is tau/dt',
    leak: 'zero',
    reset: 'zero',
    test: '>=',
    uniform: 'all',
  },
} as const satisfies Record<string, Semantics>;

/** A program whose way of reading a file can be asked for. */
export type SemanticsName = keyof typeof semantics;
export const semanticsNames = Object.keys(semantics) as SemanticsName[];

/** @throws on a name that is none, with the nearest that is */
export function semanticsOf(name: string): Semantics {
  if (typeof name !== 'string' || !Object.hasOwn(semantics, name))
    throw new Error(`semantics is unknown: '${String(name)}'${suggest(String(name), semanticsNames)}`);
  return semantics[name as SemanticsName];
}

/** The step in seconds. @throws when another is asked for than the program takes, or one that is none */
export function stepOf(name: SemanticsName, dt: number | undefined): number {
  const s = semanticsOf(name);
  if (dt === undefined) return s.dt;
  if (!(dt > 0 && Number.isFinite(dt))) throw new Error(`dt must be a finite number of seconds above 0, got ${dt}`);
  if (s.dtFixed && dt !== s.dt) throw new Error(`semantics '${name}' has its own dt, ${s.dt}; got dt ${dt}`);
  return dt;
}

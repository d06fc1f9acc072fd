import { suggest } from './nearest.ts';

/**
 * The points on which frameworks differ. Every neuron takes those that its equations allow, and says its defaults.
 */
export interface Semantics {
  /** Whether a voltage at the threshold fires. */
  spikeTest: '>' | '>=';
  /** 'subtract' takes the threshold off v, 'zero' sets it to 0, 'value' to `resetTo`, 'none' leaves it. */
  reset: 'subtract' | 'zero' | 'value' | 'none';
  /**
   * When the reset acts: in the spike's own step, or in the step after it, on v when it has leaked and taken its input in,
   * or on v before that.
   */
  resetMoment: 'same step' | 'next step after leak' | 'next step before leak';
  /** The voltage that is recorded: that which was compared with the threshold, or what the reset made of it. */
  record: 'before reset' | 'after reset';
  /** Leave the reset out of the gradient. */
  detachReset: boolean;
  /** The factor on the input. */
  inputGain: 'one' | 'one minus alpha' | 'dt/tau';
  /** How a time constant becomes a decay: e^{-dt/tau}, or 1 - dt/tau. */
  decay: 'exponential' | 'euler';
  /** Steps by which a readout's input arrives late. */
  delay: 0 | 1;
  /** The factor on what a synaptic current takes in. */
  synapticGain: 'one' | 'one minus alpha' | 'dt/tau';
  /** Steps by which the membrane sees the synaptic current late. */
  synapticDelay: 0 | 1;
}

/** Each option's values. */
export const values: { readonly [K in keyof Semantics]: readonly Semantics[K][] } = {
  spikeTest: ['>', '>='],
  reset: ['subtract', 'zero', 'value', 'none'],
  resetMoment: ['same step', 'next step after leak', 'next step before leak'],
  record: ['before reset', 'after reset'],
  detachReset: [false, true],
  inputGain: ['one', 'one minus alpha', 'dt/tau'],
  decay: ['exponential', 'euler'],
  delay: [0, 1],
  synapticGain: ['one', 'one minus alpha', 'dt/tau'],
  synapticDelay: [0, 1],
};

const common = { delay: 0, synapticGain: 'one', synapticDelay: 0 } as const;
const resetInPlace = {
  spikeTest: '>',
  reset: 'zero',
  resetMoment: 'same step',
  record: 'after reset',
  detachReset: false,
  inputGain: 'dt/tau',
  decay: 'euler',
} as const;

/** What each framework does, by its documentation. */
export const presets = {
  /**
   * snnTorch's Leaky, Synaptic and Alpha: the reset, one step late and detached, acts on the new voltage. So its
   * documentation has it; releases of Leaky whose code resets to zero before the leak are resetMoment 'next step before leak'.
   */
  snntorch: {
    ...common,
    spikeTest: '>',
    reset: 'subtract',
    resetMoment: 'next step after leak',
    record: 'before reset',
    detachReset: true,
    inputGain: 'one',
    decay: 'exponential',
  },
  /** SpikingJelly's IFNode and LIFNode with their defaults: charge with x/tau, fire at the threshold, hard reset to 0. */
  spikingjelly: { ...common, ...resetInPlace, spikeTest: '>=' },
  /** Norse's LIFBox and LIF: Euler steps; LIF's voltage sees the current of the step before. */
  norse: { ...common, ...resetInPlace, detachReset: true, synapticDelay: 1 },
  /** lava.proc.lif: u and v lose the shares du and dv, inputs count in full. It has no gradient; the reset's is kept. */
  lava: { ...common, ...resetInPlace, inputGain: 'one' },
  /** NIR's equations in Euler steps, as its importers take them; they fix no gradient, and the reset's is kept. */
  nir: { ...common, ...resetInPlace, synapticGain: 'dt/tau' },
} as const satisfies Readonly<Record<string, Semantics>>;

/** A framework whose semantics can be asked for by name. */
export type Framework = keyof typeof presets;

/** Options of which some are given; those that are not come from the framework named by `semantics`, then from defaults. */
export type SemanticOptions<K extends keyof Semantics> = { -readonly [P in K]?: Semantics[P] | undefined } & {
  /** Sets all of them as a framework does. What is given beside it wins. */
  semantics?: Framework | undefined;
};

/**
 * The semantics of a neuron, complete.
 *
 * @param defaults of the options that the neuron has
 * @param frameworks that have the neuron; where one of them differs for this neuron from its usual rule, with what it does
 * @throws on a value or a framework that is not known, and on two that do not go together
 */
export function complete<D extends Partial<Semantics>>(
  neuron: string,
  defaults: D,
  options: SemanticOptions<keyof D & keyof Semantics>,
  frameworks: Partial<Record<Framework, Partial<Semantics>>> = {},
): { readonly [P in keyof D & keyof Semantics]: Semantics[P] } {
  const given = options as Partial<Semantics>;
  const { semantics } = options;
  if (semantics !== undefined && !Object.hasOwn(frameworks, semantics)) {
    throw new Error(
      `${neuron}: semantics is unknown: '${semantics}'${suggest(String(semantics), Object.keys(frameworks))}`,
    );
  }
  const preset: Partial<Semantics> = semantics === undefined ? {} : { ...presets[semantics], ...frameworks[semantics] };
  const result = Object.keys(defaults).map((key) => {
    const name = key as keyof Semantics;
    const value = given[name] ?? preset[name] ?? defaults[name];
    const known: readonly unknown[] = values[name];
    if (!known.includes(value))
      throw new Error(
        typeof known[0] === 'string'
          ? `${neuron}: ${name} is unknown: '${value}'${suggest(String(value), known as string[])}`
          : `${neuron}: ${name} must be ${known.join(' or ')}, got ${JSON.stringify(value)}`,
      );
    return [name, value];
  });
  const whole = Object.fromEntries(result) as Partial<Semantics>;
  if (whole.record === 'after reset' && whole.resetMoment === 'next step after leak') {
    throw new Error(
      `${neuron}: record 'after reset' has no meaning with resetMoment 'next step after leak', where the reset is a part of the next step's update`,
    );
  }
  return whole as { [P in keyof D & keyof Semantics]: Semantics[P] };
}

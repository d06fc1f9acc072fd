import type { Neurons } from '../../layers/neurons.ts';
import { parameter } from '../../neurons/definition.ts';
import { compile } from '../../neurons/evaluate.ts';
import type { Expr } from '../../neurons/expr.ts';
import { type Leak, leak } from '../../neurons/leak.ts';
import { FIRING, withValue } from '../../neurons/reset.ts';
import { complete, type Framework, type SemanticOptions, type Semantics } from '../../neurons/semantics.ts';
import type { Timing } from '../../neurons/timing.ts';
import { effectiveWeights } from '../weights.ts';

/** Kinds of neurons that snnTorch has, with the options that their semantics consist of. */
const KINDS: Readonly<Record<string, { defaults: Partial<Semantics>; snntorch?: Partial<Semantics> }>> = {
  IF: { defaults: FIRING },
  LIF: { defaults: { ...FIRING, inputGain: 'one', decay: 'exponential' } },
  CubaLIF: {
    defaults: { ...FIRING, inputGain: 'one', decay: 'exponential', synapticGain: 'one', synapticDelay: 0 },
  },
  Alpha: { defaults: { ...FIRING, reset: 'zero', decay: 'exponential' }, snntorch: { reset: 'zero' } },
  Readout: { defaults: { delay: 0, inputGain: 'one', decay: 'exponential' } },
};

/** Whether snnTorch has neurons of this kind. */
export const isKnown = (kind: string): boolean => Object.hasOwn(KINDS, kind);

/** What a layer of one of these kinds does, each option said. */
export function semanticsOf(layer: Neurons): Partial<Semantics> {
  const { kind } = layer.config;
  const { defaults, snntorch = {} } = KINDS[kind]!;
  const all = ['snntorch', 'spikingjelly', 'norse', 'lava', 'nir'] as const satisfies readonly Framework[];
  const frameworks = Object.fromEntries(all.map((f) => [f, f === 'snntorch' ? snntorch : {}]));
  const options = withValue(kind, layer.options as SemanticOptions<keyof Semantics>);
  return complete(kind, defaults, options, frameworks);
}

/** Decays and gains of a layer, one value or one for each neuron, from its equations in float64. */
export interface Leaks {
  /** Of the membrane, or of the rise of an Alpha. */
  readonly beta: Float64Array;
  /** Of the synaptic current, or of the fall of an Alpha; null where there is none. */
  readonly alpha: Float64Array | null;
  /** What the input is to be multiplied with so that each step takes it in as snnTorch does. */
  readonly gain: Float64Array;
}

export function leaksOf(layer: Neurons, s: Partial<Semantics>): Leaks {
  const { kind } = layer.config;
  if (kind === 'IF') return { beta: Float64Array.of(1), alpha: null, gain: Float64Array.of(1) };
  const { dt = 1 } = layer.options as Timing;
  const timing: Timing = { dt, decay: s.decay! };
  const of = (tau: string, decay: string, gain: Semantics['inputGain'] = 'one'): Leak =>
    leak(kind, timing, [tau, decay], 20, '', { given: Object.keys(layer.params), gain });
  const value = (e: (p: Readonly<Record<string, Expr>>) => Expr): Float64Array => evaluate(layer, e);
  const membrane = kind === 'Alpha' ? of('tauRise', 'beta') : of('tau', 'beta', s.inputGain);
  const synapse =
    kind === 'Alpha' ? of('tauDecay', 'alpha') : kind === 'CubaLIF' ? of('tauSyn', 'alpha', s.synapticGain) : null;
  return {
    beta: value(membrane.decay),
    alpha: synapse && value(synapse.decay),
    gain: value((p) => (synapse ? membrane.gain(p).mul(synapse.gain(p)) : membrane.gain(p))),
  };
}

/** An expression over a layer's constants, for each neuron; one value where every constant in it has one. */
function evaluate(layer: Neurons, make: (p: Readonly<Record<string, Expr>>) => Expr): Float64Array {
  const names = Object.keys(layer.definition.params).filter((n) => layer.params[n]);
  const e = make(Object.fromEntries(names.map((n) => [n, parameter(n)])));
  const used = names.filter((n) => contains(e, parameter(n)));
  const data = used.map((n) => effectiveWeights(layer, n));
  const program = compile([e], used.map(parameter), () => Number.NaN);
  return Float64Array.from({ length: Math.max(1, ...data.map((d) => d.length)) }, (_, i) => {
    used.forEach((n, k) => {
      program.set(parameter(n), data[k]![i % data[k]!.length]!);
    });
    program.run();
    return program.get(e);
  });
}

const contains = (e: Expr, what: Expr): boolean => e === what || e.args.some((a) => contains(a, what));

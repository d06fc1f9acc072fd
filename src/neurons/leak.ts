import { decay, lost, type ParameterSpec } from './definition.ts';
import { type Expr, expr, log, max } from './expr.ts';
import type { Semantics } from './semantics.ts';
import { decayConstant, type Timing, timeConstant } from './timing.ts';

type Param = Readonly<Record<string, Expr>>;

/** How a state leaks: its parameter, a time constant or the decay itself, and what follows from it. */
export interface Leak {
  /** The parameter, by its name. */
  readonly params: Readonly<Record<string, ParameterSpec>>;
  /** The factor by which the state shrinks in a step. */
  readonly decay: (param: Param) => Expr;
  /** The factor on what flows in. */
  readonly gain: (param: Param) => Expr;
  /** The logarithm of the decay; finite. */
  readonly log: (param: Param) => Expr;
}

/**
 * @param names of the time constant, and of the decay that may stand in its place
 * @param tau default time constant in ms
 * @param given names of the decays that are parameters
 * @throws when the gain cannot be had from a decay
 */
export function leak(
  neuron: string,
  timing: Timing,
  names: readonly [tau: string, decay: string],
  tau: number,
  meaning: string,
  { given = [], gain = 'one' }: { given?: readonly string[] | undefined; gain?: Semantics['inputGain'] } = {},
): Leak {
  const { dt = 1, decay: form = 'exponential' } = timing;
  const [byTime, byDecay] = names;
  if (!given.includes(byDecay)) {
    const decayOf = (p: Param): Expr => decay(p[byTime]!, dt, form);
    return {
      params: { [byTime]: timeConstant(timing, tau, `time constant of ${meaning}`) },
      decay: decayOf,
      gain: (p) =>
        gain === 'one' ? expr(1) : gain === 'dt/tau' ? expr(dt).div(p[byTime]!) : lost(p[byTime]!, dt, form),
      log: (p) => (form === 'exponential' ? expr(-dt).div(p[byTime]!) : finiteLog(decayOf(p))),
    };
  }
  // an exponential decay of 0 has no finite dt/tau
  if (gain === 'dt/tau' && form === 'exponential')
    throw new Error(`${neuron}: a gain of dt/tau needs ${byTime}, or decay 'euler'; got ${byDecay}`);
  return {
    params: { [byDecay]: decayConstant(timing, tau, `decay of ${meaning}`) },
    decay: (p) => p[byDecay]!,
    gain: (p) => (gain === 'one' ? expr(1) : expr(1).sub(p[byDecay]!)),
    log: (p) => finiteLog(p[byDecay]!),
  };
}

const finiteLog = (x: Expr): Expr => log(max(x, 1e-9));

import { type Expr, expm1, expr, leaf, type Operand, topological, written } from './expr.ts';

/** A constant of a neuron; one value for the layer or one per neuron, fixed or learned. */
export interface ParameterSpec {
  readonly default: number;
  readonly unit: string;
  /** The range in which the kernels keep the value that they read. */
  readonly min: number;
  readonly max: number;
  readonly meaning: string;
}

/** One time step, as expressions over the leaves `input`, `state.*`, `state.z` and `param.*`. */
export interface Equations {
  /** The states after the step. */
  readonly next: Readonly<Record<string, Expr>>;
  /** The spike, made by `spike(x)`; null for a neuron that does not spike. */
  readonly z: Expr | null;
  /** The recorded membrane voltage; what a neuron without spikes puts out. */
  readonly v: Expr;
}

export interface Symbols<P extends string, S extends string> {
  /** The current that arrives in this step. */
  readonly I: Expr;
  /** The spike of the step before. */
  readonly z: Expr;
  readonly param: Readonly<Record<P, Expr>>;
  /** The states as the step before left them. */
  readonly state: Readonly<Record<S, Expr>>;
}

/**
 * A neuron as data. Forward kernel, backward kernel and float64 reference all come from it, and so do the list of what
 * must be saved for the backward pass and the names that a saved model uses.
 */
export interface NeuronDefinition extends Equations {
  readonly name: string;
  /** Identifies the equations: two definitions with one key have the same kernels. */
  readonly key: string;
  readonly params: Readonly<Record<string, ParameterSpec>>;
  readonly states: readonly string[];
}

const identifier = /^[A-Za-z][A-Za-z0-9]*$/;

/**
 * Makes a definition from equations written with `Expr`.
 *
 * @throws when the equations leave a state without a next value, use a symbol that is not declared, or name one badly
 */
export function defineNeuron<P extends string, S extends string>(source: {
  name: string;
  params: Record<P, ParameterSpec>;
  states: readonly S[];
  equations: (symbols: Symbols<P, S>) => { next: Record<S, Expr>; z?: Expr | null; v: Expr };
}): NeuronDefinition {
  const { name, params, states } = source;
  const fail = (what: string): never => {
    throw new Error(`defineNeuron('${name}'): ${what}`);
  };
  for (const n of [...Object.keys(params), ...states]) {
    if (!identifier.test(n)) fail(`'${n}' is no identifier; use letters and digits, a letter first`);
  }
  if (new Set<string>(states).size !== states.length || (states as readonly string[]).includes('z')) {
    fail(
      `states must be distinct and none of them 'z' (the spike of the step before is always there); got ${states.join(', ')}`,
    );
  }
  const {
    next,
    z = null,
    v,
  } = source.equations({
    I: input,
    z: lastSpike,
    param: Object.fromEntries(Object.keys(params).map((p) => [p, parameter(p)])) as Record<P, Expr>,
    state: Object.fromEntries(states.map((s) => [s, state(s)])) as Record<S, Expr>,
  });
  for (const s of states) if (!next[s]) fail(`state '${s}' has no next value`);
  for (const s of Object.keys(next))
    if (!(states as readonly string[]).includes(s))
      fail(`'${s}' is given a next value but is not among the states ${states.join(', ')}`);
  if (z && z.op !== 'spike') fail('z must be made by spike(x)');

  const roots = [...states.map((s) => next[s]), v, ...(z ? [z] : [])];
  const known = new Set<Expr>([input, lastSpike, ...states.map(state), ...Object.keys(params).map(parameter)]);
  for (const e of topological(roots)) {
    if (e.op === 'leaf' && !known.has(e))
      fail(`the equations use '${e.name}', which is neither a parameter, a state nor the input`);
    if (e.op === 'leaf' && e === lastSpike && !z)
      fail('the equations use the last spike, but the neuron does not spike');
    if (e.op === 'spike' && e !== z) fail('the equations have a second spike; one a neuron is what the kernels carry');
  }
  return { name, params, states, next, z, v, key: `${name}:${written(roots)}:${Object.keys(params).join(' ')}` };
}

export const input = leaf('input');
/** The spike of the step before. */
export const lastSpike = leaf('state.z');
export const parameter = (name: string): Expr => leaf(`param.${name}`);
export const state = (name: string): Expr => leaf(`state.${name}`);

/**
 * The factor by which a state with time constant tau shrinks in a step of dt (both ms).
 *
 * Made from what is lost, because a device's exp may be some units in the last place off. For a slow state, with a decay
 * close to 1, that is a thousand times as much of 1 - decay, which sets where the state settles.
 */
export const decay = (tau: Operand, dt: number, form: 'exponential' | 'euler' = 'exponential'): Expr =>
  form === 'exponential' ? expm1(expr(-dt).div(tau)).add(1) : expr(1).sub(expr(dt).div(tau));

/** The share of such a state that a step takes away: 1 - decay, without the rounding of that difference. */
export const lost = (tau: Operand, dt: number, form: 'exponential' | 'euler' = 'exponential'): Expr =>
  form === 'exponential' ? expm1(expr(-dt).div(tau)).neg() : expr(dt).div(tau);

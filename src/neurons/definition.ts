import { Expr, expm1, expr, leaf, type Operand, topological, written } from './expr.ts';
import { suggest } from './nearest.ts';

/** A constant of a neuron; one value for the layer or one per neuron, fixed or learned. */
export interface ParameterSpec {
  readonly default: number;
  readonly unit: string;
  /** The range in which the value is kept, by training as well. */
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

/** Names that something else has: of states, in kernels and among adjoints; of parameters, in a layer. */
const RESERVED = { state: ['z', 'input', 'last', 'record'], parameter: ['weight', 'bias'] } as const;

/**
 * Makes a definition from equations written with `Expr`.
 *
 * @param source `equations` gets the step's input `I`, the last spike `z`, parameters and states by name, and returns the
 *   states' next values, the spike as `spike(x)` (or nothing for a neuron that does not spike) and the recorded voltage
 * @throws when the equations leave a state without a next value or use a symbol that is not declared, when a name is no
 *   identifier or is taken, or when a parameter's default is outside its range
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
  if (typeof name !== 'string' || name === '') fail('needs a name');
  for (const [what, part, type] of [
    ['params', params, 'object'],
    ['states', states, 'object'],
    ['equations', source.equations, 'function'],
  ] as const)
    if (!part || typeof part !== type) fail(`needs ${what}${part === undefined ? '' : `, got ${String(part)}`}`);
  checkNames('parameter', Object.keys(params), fail);
  checkNames('state', states, fail);
  for (const [n, spec] of Object.entries<ParameterSpec>(params)) checkRange(n, spec, fail);

  // asked for and not there: an error only if the equations cannot do without
  const misses: string[] = [];
  const named = { parameter: Object.keys(params) as P[], state: states };
  const { next, z = null, v } = equationsOf(source.equations, named, misses, fail);
  for (const s of states) if (!next[s]) fail(`state '${s}' has no next value${because(misses)}`);
  for (const s of Object.keys(next))
    if (!(states as readonly string[]).includes(s))
      fail(`'${s}' is given a next value but is not among the states${suggest(s, states)}`);
  if (!v) fail(`there is no recorded voltage v${because(misses)}`);
  const given: [string, unknown][] = [...Object.entries(next), ['z', z ?? v], ['v', v]];
  for (const [what, e] of given)
    if (!(e instanceof Expr)) fail(`'${what}' must be an expression, got ${String(e)}; wrap a number in expr(...)`);
  if (z && z.op !== 'spike') fail('z must be made by spike(x)');

  const roots = [...states.map((s) => next[s]), v, ...(z ? [z] : [])];
  const known = new Set<Expr>([input, lastSpike, ...states.map(state), ...Object.keys(params).map(parameter)]);
  const symbols = ['I', 'z', ...states, ...Object.keys(params)];
  for (const e of topological(roots)) {
    if (e.op === 'leaf' && !known.has(e))
      fail(
        `the equations use '${e.name}', which is neither a parameter, a state nor the input${suggest(e.name.replace(/^.*\./, ''), symbols)}`,
      );
    if (e.op === 'leaf' && e === lastSpike && !z)
      fail('the equations use the last spike, but the neuron does not spike');
    if (e.op === 'spike' && e !== z) fail('the equations have a second spike; one a neuron is what the kernels carry');
    if (e.op === 'const' && !Number.isFinite(e.value))
      fail(`the equations have a constant that is not finite, ${e.value}`);
    if (e.op === 'const' && !Number.isFinite(Math.fround(e.value)))
      fail(`the equations have a constant that float32 cannot hold, ${e.value}`);
    if (e.op === 'erf') fail('the equations use erf, which a kernel cannot compute');
  }
  return { name, params, states, next, z, v, key: `${name}:${written(roots)}:${Object.keys(params).join(' ')}` };
}

type Fail = (what: string) => never;

function checkNames(kind: 'parameter' | 'state', names: readonly string[], fail: Fail): void {
  for (const n of names) {
    if (!identifier.test(n)) fail(`'${n}' is no identifier; use letters and digits, a letter first`);
    if ((RESERVED[kind] as readonly string[]).includes(n))
      fail(`a ${kind} cannot be called '${n}'; reserved are ${RESERVED[kind].join(', ')}`);
  }
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) fail(`there are two ${kind}s '${twice}'`);
}

function checkRange(name: string, spec: ParameterSpec, fail: Fail): void {
  const { default: value, min, max } = spec;
  for (const [what, x] of Object.entries({ default: value, min, max }))
    if (!Number.isFinite(x)) fail(`parameter '${name}': ${what} must be a finite number, got ${x}`);
  if (min > max) fail(`parameter '${name}': min ${min} is above max ${max}`);
  if (value < min || value > max) fail(`parameter '${name}': default ${value} is outside ${min} .. ${max}`);
}

const because = (misses: readonly string[]): string => (misses.length ? `; ${misses[0]}` : '');

/** What the equations return; names that they ask for and that were not declared are noted in `misses`. */
function equationsOf<P extends string, S extends string, R>(
  equations: (symbols: Symbols<P, S>) => R,
  names: { readonly parameter: readonly P[]; readonly state: readonly S[] },
  misses: string[],
  fail: Fail,
): R {
  const symbols = <N extends string>(kind: string, known: readonly N[], make: (name: string) => Expr) =>
    new Proxy(Object.fromEntries(known.map((n) => [n, make(n)])) as Record<N, Expr>, {
      get(target, key) {
        if (typeof key === 'string' && !Object.hasOwn(target, key))
          misses.push(`the equations use the ${kind} '${key}', which is not declared${suggest(key, known)}`);
        return Object.hasOwn(target, key) ? target[key as N] : undefined;
      },
    });
  try {
    const made = equations({
      I: input,
      z: lastSpike,
      param: symbols('parameter', names.parameter, parameter),
      state: symbols('state', names.state, state),
    });
    if (typeof made === 'object' && made !== null) return made;
  } catch (error) {
    if (misses.length) fail(misses[0]!);
    throw error;
  }
  return fail('the equations must return { next, z, v }');
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

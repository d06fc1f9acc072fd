import { abs, atan, type Expr, erf, exp, expr, leaf, max, min, tanh, where, written } from './expr.ts';
import { described, onlyKnown, suggest } from './nearest.ts';
import { checkSurrogate, constant, type Surrogate } from './surrogate.ts';

export { defineSurrogate, type Surrogate } from './surrogate.ts';

// Every derivative here is finite in float32 for every finite x: |x| is bounded before it is multiplied or squared, where
// the value has long been 0 to all intents. Products of x and its constants then stay below 1e36.

/** |x|, at most 1e30. */
const size = (x: Expr): Expr => min(abs(x), 1e30);
/** e^-u for u >= 0; from 86 on, where float32 ends, it stays 4e-38. */
const vanishing = (u: Expr): Expr => exp(min(u, 86).neg());

/** gamma max(0, 1 - |x|): Bellec et al. 2018; gamma 0.3. */
export function triangle(options: { gamma?: number } = {}): Surrogate {
  const gamma = constant('gamma');
  return {
    name: 'triangle',
    constants: constantsOf('triangle', options, { gamma: 0.3 }),
    derivative: (x) => gamma.mul(max(expr(1).sub(abs(x)), 0)),
    // the integral from -1: (1 + x)^2/2 below 0, 1 - (1 - x)^2/2 above it
    primitive: (x) => {
      const c = max(min(x, 1), -1);
      return gamma.mul(c.add(where(c.ge(0), c.mul(c).mul(-0.5), c.mul(c).mul(0.5))).add(0.5));
    },
  };
}

/** 1/(1 + slope |x|)^2: SuperSpike, Zenke & Ganguli 2018; slope 25. */
export function fastSigmoid(options: { slope?: number } = {}): Surrogate {
  const slope = constant('slope');
  return {
    name: 'fast_sigmoid',
    constants: constantsOf('fast_sigmoid', options, { slope: 25 }),
    derivative: (x) => {
      const r = expr(1).div(slope.mul(size(x)).add(1));
      return r.mul(r);
    },
    primitive: (x) => x.div(slope.mul(abs(x)).add(1)),
  };
}

/** (a/2)/(1 + (pi a x/2)^2): the arctangent of Fang et al. 2021; a 2. */
export function atanSurrogate(options: { a?: number } = {}): Surrogate {
  const a = constant('a');
  return {
    name: 'atan',
    constants: constantsOf('atan', options, { a: 2 }),
    derivative: (x) => {
      const u = min(a.mul(Math.PI / 2).mul(size(x)), 1e18);
      return a.mul(0.5).div(u.mul(u).add(1));
    },
    primitive: (x) =>
      atan(a.mul(Math.PI / 2).mul(x))
        .div(Math.PI)
        .add(0.5),
  };
}

/** slope s (1 - s) with s = 1/(1 + e^(-slope x)): the logistic function; slope 25. */
export function sigmoid(options: { slope?: number } = {}): Surrogate {
  const slope = constant('slope');
  return {
    name: 'sigmoid',
    constants: constantsOf('sigmoid', options, { slope: 25 }),
    // symmetric in x, so e^(-slope |x|) serves both sides and nothing overflows
    derivative: (x) => {
      const e = vanishing(slope.mul(size(x)));
      const d = e.add(1);
      return slope.mul(e).div(d.mul(d));
    },
    primitive: (x) => tanh(slope.mul(x).mul(0.5)).mul(0.5).add(0.5),
  };
}

/** `height` inside |x| <= `width`, 0 outside; both 0.5. */
export function boxcar(options: { height?: number; width?: number } = {}): Surrogate {
  const [height, width] = [constant('height'), constant('width')];
  return {
    name: 'boxcar',
    constants: constantsOf('boxcar', options, { height: 0.5, width: 0.5 }),
    derivative: (x) => where(width.ge(abs(x)), height, 0),
    primitive: (x) => height.mul(max(min(x, width), width.neg()).add(width)),
  };
}

/** scale/(2 tau) e^(-|x|/tau): SLAYER, Shrestha & Orchard 2018; scale 1, tau 1 (in thresholds). */
export function exponential(options: { scale?: number; tau?: number } = {}): Surrogate {
  const [scale, tau] = [constant('scale'), constant('tau')];
  return {
    name: 'exponential',
    constants: constantsOf('exponential', options, { scale: 1, tau: 1 }),
    derivative: (x) =>
      scale
        .mul(0.5)
        .div(tau)
        .mul(vanishing(size(x).div(tau))),
    primitive: (x) => {
      const e = exp(abs(x).div(tau).neg()).mul(0.5);
      return scale.mul(where(x.ge(0), expr(1).sub(e), e));
    },
  };
}

/** The normal density of x around `mean` with standard deviation `sigma`, for the derivatives. */
function density(x: Expr, mean: Expr, sigma: Expr): Expr {
  // the exponent is -u^2/2: 13 is where `vanishing` ends
  const u = min(size(x.sub(mean)).div(sigma), 13.2);
  return vanishing(u.mul(u).mul(0.5)).div(sigma.mul(Math.sqrt(2 * Math.PI)));
}

/** Its integral, for the primitives. */
const cumulative = (x: Expr, mean: Expr, sigma: Expr): Expr =>
  erf(x.sub(mean).div(sigma.mul(Math.SQRT2)))
    .mul(0.5)
    .add(0.5);

/** gamma N(0, sigma): the normal density; gamma 1, sigma 0.5. */
export function gaussian(options: { gamma?: number; sigma?: number } = {}): Surrogate {
  const [gamma, sigma] = [constant('gamma'), constant('sigma')];
  return {
    name: 'gaussian',
    constants: constantsOf('gaussian', options, { gamma: 1, sigma: 0.5 }),
    derivative: (x) => gamma.mul(density(x, expr(0), sigma)),
    primitive: (x) => gamma.mul(cumulative(x, expr(0), sigma)),
  };
}

/**
 * gamma ((1 + h) N(0, sigma) - h N(sigma, spread sigma) - h N(-sigma, spread sigma)): a peak between two shallow
 * troughs, Yin, Corradi & Bohte 2021; h 0.15, sigma 0.5, spread 6, gamma 1 (theirs is 0.5).
 */
export function multiGaussian(
  options: { gamma?: number; h?: number; sigma?: number; spread?: number } = {},
): Surrogate {
  const [gamma, h, sigma, spread] = [constant('gamma'), constant('h'), constant('sigma'), constant('spread')];
  const sum = (part: (mean: Expr, sigma: Expr) => Expr): Expr => {
    const wide = sigma.mul(spread);
    const sides = part(sigma, wide).add(part(sigma.neg(), wide));
    return gamma.mul(
      h
        .add(1)
        .mul(part(expr(0), sigma))
        .sub(h.mul(sides)),
    );
  };
  return {
    name: 'multi_gaussian',
    constants: constantsOf('multi_gaussian', options, { gamma: 1, h: 0.15, sigma: 0.5, spread: 6 }, [
      'sigma',
      'spread',
    ]),
    derivative: (x) => sum((mean, s) => density(x, mean, s)),
    primitive: (x) => sum((mean, s) => cumulative(x, mean, s)),
  };
}

/** 1 everywhere: the straight-through estimator, Bengio et al. 2013. Grows without bound in a recurrent net. */
export function straightThrough(options: object = {}): Surrogate {
  return {
    name: 'straight_through',
    constants: constantsOf('straight_through', options, {}),
    derivative: () => expr(1),
    primitive: (x) => x,
  };
}

const byName: Readonly<Record<string, (constants?: Record<string, number>) => Surrogate>> = {
  triangle,
  fast_sigmoid: fastSigmoid,
  atan: atanSurrogate,
  sigmoid,
  boxcar,
  exponential,
  gaussian,
  multi_gaussian: multiGaussian,
  straight_through: straightThrough,
};

/** The names that layers take as their `surrogate`. */
export const surrogateNames: readonly string[] = Object.keys(byName);

/** What a layer takes as its surrogate: a name, a name and constants (as models are saved), or a surrogate. */
export type SurrogateChoice = string | Surrogate | { name: string; constants?: Record<string, number> };

/**
 * A surrogate by what a layer is given.
 *
 * @throws when the name or a constant's is not known; when an object of one's own fails the check of `defineSurrogate`, or
 *   has the name of one of these and is another
 */
export function surrogate(choice: SurrogateChoice): Surrogate {
  if (typeof choice === 'object' && 'derivative' in choice) {
    const known = Object.hasOwn(byName, choice.name) ? byName[choice.name]!() : null;
    if (!known) return checkSurrogate(choice);
    // it would be saved by its name, and loaded as the one that has it
    if (textOf(choice) !== textOf(known))
      throw new Error(`surrogate: '${choice.name}' is the name of another one; choose a name of your own`);
    return choice;
  }
  if (typeof choice !== 'string' && typeof choice !== 'object')
    throw new Error(
      `surrogate: must be a name or a Surrogate, such as 'atan' or fastSigmoid(), got ${described(choice)}`,
    );
  const { name, constants = {}, ...more } = typeof choice === 'object' ? choice : { name: choice };
  const make = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (!make) throw new Error(`surrogate: unknown name '${name}'${suggest(String(name), surrogateNames)}`);
  onlyKnown(`surrogate '${name}'`, more, ['name', 'constants']);
  return make(constants);
}

const textOf = (s: Surrogate): string => written([s.derivative(leaf('x')), s.primitive(leaf('x'))]);

/**
 * Constants with their defaults.
 *
 * @param narrow those of which two are multiplied
 * @throws on an unknown one, and on a value outside the range in which the expressions above stay finite
 */
function constantsOf<C extends string>(
  owner: string,
  given: Partial<Record<C, number>>,
  defaults: Readonly<Record<C, number>>,
  narrow: readonly C[] = [],
): Record<C, number> {
  const names = Object.keys(defaults) as C[];
  onlyKnown(owner, given, names);
  const entries = names.map((name) => {
    const value = given[name] ?? defaults[name];
    const [low, high] = narrow.includes(name) ? [1e-3, 1e3] : [1e-6, 1e6];
    if (!(value >= low && value <= high))
      throw new Error(`${owner}: ${name} must be in ${low} .. ${high}, got ${value}`);
    return [name, value];
  });
  return Object.fromEntries(entries);
}

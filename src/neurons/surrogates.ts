import { abs, type Expr, expr, leaf, max, min, where } from './expr.ts';
import { suggest } from './nearest.ts';

/**
 * A surrogate derivative of the spike, as a function of the dimensionless distance x from the threshold (1 is a whole
 * threshold above it), with the primitive that stands for the step in the smooth mode.
 *
 * Its constants are leaves named `surrogate.NAME`: they travel in the uniform block of the step and are never compiled in,
 * so they may change from step to step.
 */
export interface Surrogate {
  readonly name: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly derivative: (x: Expr) => Expr;
  readonly primitive: (x: Expr) => Expr;
}

const constant = (name: string): Expr => leaf(`surrogate.${name}`);

/** gamma max(0, 1 - |x|): Bellec et al. 2018; gamma 0.3. */
export function triangle(options: { gamma?: number } = {}): Surrogate {
  const gamma = constant('gamma');
  return {
    name: 'triangle',
    constants: { gamma: positive('triangle', 'gamma', options.gamma ?? 0.3) },
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
    constants: { slope: positive('fast_sigmoid', 'slope', options.slope ?? 25) },
    derivative: (x) => {
      const d = slope.mul(abs(x)).add(1);
      return expr(1).div(d.mul(d));
    },
    primitive: (x) => x.div(slope.mul(abs(x)).add(1)),
  };
}

const byName: Record<string, (constants: Record<string, number>) => Surrogate> = {
  triangle,
  fast_sigmoid: fastSigmoid,
};

/** A surrogate by its name, by name and constants (as models are saved), or as it is. */
export function surrogate(choice: string | Surrogate | { name: string; constants: Record<string, number> }): Surrogate {
  if (typeof choice === 'object' && 'derivative' in choice) return choice;
  const { name, constants } = typeof choice === 'string' ? { name: choice, constants: {} } : choice;
  const make = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (!make) throw new Error(`surrogate: unknown name '${name}'${suggest(name, Object.keys(byName))}`);
  return make(constants);
}

function positive(owner: string, name: string, value: number): number {
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`${owner}: ${name} must be a finite number above 0, got ${value}`);
  return value;
}

import { type Draw, type Init, normal, type WeightShape } from '../autograd/parameter.ts';
import { suggest } from '../neurons/nearest.ts';

/** One of the named ways to draw weights, see `Initializer`. */
export interface NamedInitializer {
  readonly name: 'normal' | 'xavier' | 'kaiming' | 'orthogonal';
  /** What is drawn from, at one standard deviation; not for 'orthogonal'. Default normal for 'normal', else uniform. */
  readonly distribution?: 'normal' | 'uniform';
  /** Factor on all weights: 1 by default, sqrt(2) for 'kaiming'. */
  readonly gain?: number;
  /** What 'kaiming' keeps the size of: activity (fan_in, the default) or gradients. */
  readonly mode?: 'fan_in' | 'fan_out';
}

/**
 * How a matrix of weights begins. By name, with the standard deviation of
 * - 'normal': gain/sqrt(fan_in), Gaussian
 * - 'xavier': gain sqrt(2/(fan_in + fan_out)), uniform (Glorot & Bengio 2010)
 * - 'kaiming': gain/sqrt(fan_in) with gain sqrt(2), uniform (He et al. 2015)
 * - 'orthogonal': gain Q, where Q has orthonormal rows, or columns if there are fewer of them (Saxe et al. 2014)
 *
 * as PyTorch defines them, with a convolution's fans times the size of its kernel; or by a function of the shape and the
 * fans, called with a source of uniform numbers in [0, 1). The fan-in of a masked matrix is the mean number of
 * connections into a neuron. Masks and signs are applied afterwards: an orthogonal matrix that is masked is none.
 */
export type Initializer = NamedInitializer['name'] | NamedInitializer | Draw;

const NAMES = ['normal', 'xavier', 'kaiming', 'orthogonal'] as const;
const OPTIONS = ['name', 'distribution', 'gain', 'mode'];

/**
 * How a layer's weights begin, from its options.
 *
 * @param owner the layer, for messages
 * @param option which option it is
 * @param factor on whatever is drawn: the layer's gain
 * @throws when the initialiser or one of its options is not known, or does not go with it
 */
export function initializer(
  owner: string,
  option: 'init' | 'recurrentInit',
  init: Initializer = 'normal',
  factor = 1,
): Init {
  if (!Number.isFinite(factor)) {
    const gain = option === 'init' ? 'weightGain' : 'recurrentGain';
    throw new Error(`${owner}: ${gain} must be a finite number, got ${factor}`);
  }
  if (typeof init === 'function')
    return { draw: (weight, random) => Float64Array.from(init(weight, random), (x) => factor * x) };
  const fail = (what: string): never => {
    throw new Error(`${owner}: ${option}${what}`);
  };
  const given: NamedInitializer = typeof init === 'string' ? { name: init } : init;
  if (typeof given !== 'object' || given === null)
    fail(` must be a name, an object with a name, or a function, got ${JSON.stringify(init)}`);
  const { name, distribution = name === 'normal' ? 'normal' : 'uniform', mode = 'fan_in' } = given;
  const { gain = name === 'kaiming' ? Math.SQRT2 : 1 } = given;
  if (!NAMES.includes(name)) fail(` names '${name}'${suggest(String(name), NAMES)}`);
  const unknown = Object.keys(given).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) fail(` has no '${unknown}'${suggest(unknown, OPTIONS)}`);
  if (given.mode !== undefined && name !== 'kaiming') fail(`: mode is an option of 'kaiming', not of '${name}'`);
  if (given.distribution !== undefined && name === 'orthogonal') fail(`: 'orthogonal' has no distribution`);
  if (distribution !== 'normal' && distribution !== 'uniform')
    fail(`: distribution must be 'normal' or 'uniform', got '${distribution}'`);
  if (mode !== 'fan_in' && mode !== 'fan_out') fail(`: mode must be 'fan_in' or 'fan_out', got '${mode}'`);
  if (!Number.isFinite(gain)) fail(`: gain must be a finite number, got ${gain}`);
  if (name === 'orthogonal') return { draw: (weight, random) => orthogonal(weight, gain * factor, random) };
  return {
    draw({ shape, fanIn, fanOut }, random) {
      const size = name === 'xavier' ? (fanIn + fanOut) / 2 : mode === 'fan_in' ? fanIn : fanOut;
      const deviation = (gain * factor) / Math.sqrt(size);
      const one = distribution === 'normal' ? normal : uniform;
      return Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => deviation * one(random));
    },
  };
}

/** Uniform with deviation 1. */
const uniform = (random: () => number): number => Math.sqrt(3) * (2 * random() - 1);

/**
 * The shorter of rows and columns as orthonormal vectors: Gram-Schmidt in its modified form on Gaussian ones, which is the
 * QR decomposition whose R has a positive diagonal.
 */
function orthogonal({ shape }: WeightShape, gain: number, random: () => number): Float64Array {
  const rows = shape[0]!;
  const columns = shape.slice(1).reduce((a, b) => a * b, 1);
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const v = Float64Array.from({ length }, () => normal(random));
    for (const u of vectors) {
      const along = dot(u, v);
      for (let k = 0; k < length; k++) v[k]! -= along * u[k]!;
    }
    const size = Math.sqrt(dot(v, v));
    vectors.push(v.map((x) => x / size));
  }
  return Float64Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return gain * (rows <= columns ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

// a loop: reduce takes several times as long, which is seconds for a matrix of 1,000 x 1,000
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

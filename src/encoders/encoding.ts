import type { EncodingPlan } from '../kernels/encode.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';

/** An encoding: how values become spikes. Plain data, so that a net with one in it can be saved. */
export interface Encoding {
  readonly name: keyof typeof encodings;
  readonly options: Readonly<Record<string, unknown>>;
  /** Time steps that come out; undefined where the input's own steps are kept. */
  readonly steps: number | undefined;
  readonly plan: EncodingPlan;
}

/** Codes one value with several neurons, each with a preferred value of its own (Gaussian tuning curves). */
export interface Population {
  /** Neurons per input, at least 2. */
  cells: number;
  /** The preferred values of the first and the last of them (0 to 1). */
  range?: readonly [number, number];
  /** Width of a tuning curve, its standard deviation (the distance of two preferred values). */
  width?: number;
}

const none = { gain: 1, threshold: 0, low: 0, high: 1, width: 1 };
/** Larger than any value, and a float32. */
const TOP = Math.fround(3e38);
/** The smallest number that a device does not take for 0. */
const SMALLEST = 2 ** -126;

/**
 * Rate code: at every step a neuron fires with probability gain * value, independently (Bernoulli).
 *
 * @param options steps for a value that stands still ([1, B, N] becomes [steps, B, N]); without them a value a step
 *   ([T, B, N] stays [T, B, N]); gain (1); population, for several neurons per value
 */
export function rate(options: { steps?: number; gain?: number; population?: Population } = {}): Encoding {
  onlyKnown('encode.rate', options, ['steps', 'gain', 'population']);
  const gain = number('rate', 'gain', options.gain ?? 1, 0);
  const cells = populationOf('rate', options.population);
  return make(
    'rate',
    options,
    { kind: 'rate', table: new Float32Array(1), numbers: { ...none, gain, ...cells.tuning } },
    cells.count,
  );
}

/**
 * Latency code: one spike per value, the earlier the larger the value; nothing for values up to `threshold`.
 *
 * linear: t = (steps - 1) (1 - x). logarithmic: t = tau ln(x/(x - threshold)), the time at which a leaky membrane with the
 * constant current x reaches the threshold. Rounded to steps; what would come later than the last step comes there.
 *
 * @param options steps (of [1, B, N], which becomes [steps, B, N]); curve 'linear' (default) | 'logarithmic'; threshold (0.01);
 *   tau in steps, of the logarithmic curve (the last step is for a value 1 % above the threshold); population, for several neurons per value
 */
export function latency(options: {
  steps: number;
  curve?: 'linear' | 'logarithmic';
  threshold?: number;
  tau?: number;
  population?: Population;
}): Encoding {
  const { steps, curve = 'linear' } = options;
  onlyKnown('encode.latency', options, ['steps', 'curve', 'threshold', 'tau', 'population']);
  wholeSteps('latency', steps);
  // there is a table of them
  if (steps > 2 ** 20) throw new Error(`encode.latency: steps must be at most 2^20, got ${steps}`);
  if (curve !== 'linear' && curve !== 'logarithmic')
    throw new Error(`encode.latency: unknown curve '${curve}'${suggest(String(curve), ['linear', 'logarithmic'])}`);
  if (curve === 'linear' && options.tau !== undefined)
    throw new Error('encode.latency: tau belongs to the logarithmic curve');
  const threshold = number(
    'latency',
    'threshold',
    options.threshold ?? 0.01,
    curve === 'linear' ? 0 : Number.MIN_VALUE,
  );
  const tau = options.tau ?? Math.max(1, steps - 1) / Math.log(101);
  if (!(tau > 0 && Number.isFinite(tau))) throw new Error(`encode.latency: tau must be above 0 steps, got ${tau}`);
  const valueAt = (t: number): number =>
    curve === 'linear' ? 1 - t / (steps - 1) : threshold / (1 - Math.exp(-t / tau));
  // the values between two half steps round to the step between them; the last step takes all that come later
  const table = new Float32Array(steps + 1);
  table[0] = TOP;
  for (let t = 1; t < steps; t++) table[t] = Math.max(threshold, valueAt(t - 0.5));
  table[steps] = threshold;
  const cells = populationOf('latency', options.population);
  return make('latency', options, { kind: 'latency', table, numbers: { ...none, ...cells.tuning } }, cells.count);
}

/**
 * Delta modulation: [T, B, N] to [T, B, 2N]; output 2n fires when value n has risen by at least `threshold` since the step
 * before, output 2n + 1 when it has fallen by as much. The first step has no step before and is silent.
 *
 * @param options threshold, above 0; ahead: report a change at the step before it instead of the step after (false)
 */
export function delta(options: { threshold: number; ahead?: boolean }): Encoding {
  onlyKnown('encode.delta', options, ['threshold', 'ahead']);
  const threshold = number('delta', 'threshold', options.threshold, SMALLEST);
  return make('delta', options, { kind: 'delta', table: new Float32Array(1), numbers: { ...none, threshold } });
}

/**
 * Level crossing: [T, B, N] to [T, B, 2 N L] for L levels; output 2(nL + l) fires when value n has risen to or above level l
 * since the step before, the output after it when the value has fallen below that level.
 *
 * @param options levels, rising; ahead: report a crossing at the step before it instead of the step after (false), as
 *   sequential MNIST is encoded for LSNN and AHP nets
 */
export function levelCrossing(options: { levels: readonly number[]; ahead?: boolean }): Encoding {
  onlyKnown('encode.levelCrossing', options, ['levels', 'ahead']);
  const levels = [...(options.levels ?? [])];
  if (levels.length === 0) throw new Error('encode.levelCrossing: levels must have at least one entry');
  levels.forEach((x, i) => {
    if (!Number.isFinite(x) || (i > 0 && !(x > levels[i - 1]!)))
      throw new Error(`encode.levelCrossing: levels must be finite and rising, got ${x} at ${i}`);
  });
  return make(
    'levelCrossing',
    { ...options, levels },
    { kind: 'crossing', table: Float32Array.from(levels), numbers: none },
  );
}

/** Every encoding by its name, as saved nets name them. */
export const encodings = { rate, latency, delta, levelCrossing } as const;

/** @throws when there is no encoding of this name */
export function encodingOf(name: string, options: Readonly<Record<string, unknown>>): Encoding {
  if (!Object.hasOwn(encodings, name))
    throw new Error(`encode: unknown encoding '${name}'${suggest(name, Object.keys(encodings))}`);
  return (encodings as Record<string, (o: never) => Encoding>)[name]!(options as never);
}

function make(
  name: Encoding['name'],
  options: { readonly steps?: number; readonly ahead?: boolean; readonly levels?: readonly number[] },
  plan: Omit<EncodingPlan, 'cells' | 'ahead'>,
  cells = 1,
): Encoding {
  if (options.steps !== undefined) wholeSteps(name, options.steps);
  return {
    name,
    options: { ...options },
    steps: options.steps,
    plan: { ...plan, cells, ahead: options.ahead ?? false },
  };
}

function populationOf(
  owner: string,
  population: Population | undefined,
): { count: number; tuning: { low?: number; high?: number; width?: number } } {
  if (!population) return { count: 1, tuning: {} };
  onlyKnown(`encode.${owner}: population`, population, ['cells', 'range', 'width']);
  const { cells, range = [0, 1] } = population;
  if (!(Number.isInteger(cells) && cells >= 2))
    throw new Error(`encode.${owner}: population.cells must be a whole number of at least 2, got ${cells}`);
  const [low, high] = range;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high))
    throw new Error(`encode.${owner}: population.range must be two rising numbers, got ${low}, ${high}`);
  const width = population.width ?? (high - low) / (cells - 1);
  if (!(width > 0 && Number.isFinite(width)))
    throw new Error(`encode.${owner}: population.width must be above 0, got ${width}`);
  return { count: cells, tuning: { low, high, width } };
}

export function wholeSteps(owner: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps > 0))
    throw new Error(`encode.${owner}: steps must be a whole number above 0, got ${steps}`);
}

function number(owner: string, name: string, value: number, low: number): number {
  if (!(value >= low && Number.isFinite(value)))
    throw new Error(`encode.${owner}: ${name} must be a finite number from ${low} on, got ${value}`);
  return value;
}

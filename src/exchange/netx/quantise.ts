import { SLAYER_SCALE, unstorable } from './layers.ts';
import { type LoihiNeurons, RANGES, SHIFT, UNITY } from './loihi.ts';

/** A layer in numbers of any size, before it is brought on Loihi's grid. */
export interface FloatLayer {
  /** [post, pre] */
  readonly weight: Float64Array;
  readonly recurrent: Float64Array | null;
  readonly bias: Float64Array | null;
  readonly threshold: number;
  /** Decays of current and voltage; alpha null where there is no synaptic memory. */
  readonly alpha: number | null;
  readonly beta: number;
}

export interface Quantised {
  readonly weight: Int32Array;
  readonly recurrent: Int32Array | null;
  readonly bias: Int32Array | null;
  readonly neurons: LoihiNeurons;
  readonly scale: number;
  /** What differs from the layer given, in words. */
  readonly lost: readonly string[];
}

/** Thresholds beyond leave v too little room: it ends at 2^23, 32 of these. */
const ROOMY = 4095;
/** Scales that are used, and that a file may say. */
export const SCALES = [2 ** -20, 2 ** 20] as const;
/** Below 2^-10 of a weight unit it is rounding of float32, not of the grid. */
const EXACT = 2 ** -10;

/**
 * Brings a layer on the integers of Loihi. Weights become even integers from -256 to 254, threshold and bias whole numbers, all in the same unit, of which
 * `scale` make 1; decays become 4096ths.
 *
 * By default there are 64 units in 1, as lava-dl's trainer has it, if nothing is rounded then: weights are multiples of 1/32, threshold and biases of 1/64. Otherwise
 * the unit is the smallest power of two at which everything fits, and then as near to 1/64 as the same integers allow. What was read from a file so gives
 * the same integers again (odd weights, which lava-dl's trainer does not make, in half the unit).
 *
 * @param scale units in 1, in place of these rules
 * @returns what is lost in words; a text where it does not fit
 */
export function quantise(layer: FloatLayer, scale?: number): Quantised | string {
  const found = scale === undefined ? chosen(layer) : onGrid(layer, scale);
  if (typeof found === 'string') return found;
  const decayOf = (decay: number, [least, most]: readonly [number, number]): number =>
    Math.min(most, Math.max(least, rounded(UNITY * (1 - decay))));
  const neurons = {
    iDecay: layer.alpha === null ? UNITY : decayOf(layer.alpha, RANGES.iDecay),
    vDecay: decayOf(layer.beta, RANGES.vDecay),
    vThMant: found.vThMant,
  };
  return { ...found, neurons, lost: lostIn(layer, found, neurons) };
}

interface OnGrid {
  readonly weight: Int32Array;
  readonly recurrent: Int32Array | null;
  readonly bias: Int32Array | null;
  readonly vThMant: number;
  readonly scale: number;
  /** Largest roundings, in units. */
  readonly error: { readonly weight: number; readonly bias: number; readonly threshold: number };
}

function chosen(layer: FloatLayer): OnGrid | string {
  const fits = (s: number): boolean =>
    s <= SCALES[1] && s * layer.threshold < ROOMY + 0.5 && typeof onGrid(layer, s, true) !== 'string';
  const slayers = exactly(layer, SLAYER_SCALE);
  // odd weights are written as even ones of half the unit, if they fit so
  const odd = slayers && [slayers.weight, slayers.recurrent].some((x) => x?.some((w) => w % 2 !== 0));
  if (slayers && !(odd && fits(2 * SLAYER_SCALE))) return slayers;
  let scale = SLAYER_SCALE;
  while (fits(2 * scale)) scale *= 2;
  while (scale > SCALES[0] && typeof onGrid(layer, scale, true) === 'string') scale /= 2;
  const first = onGrid(layer, scale, true);
  if (typeof first === 'string') return first;
  // as near to 64 as the same integers allow, so that one net has one file
  let nearest = first;
  while (nearest.scale !== SLAYER_SCALE) {
    const next = rescaled(nearest, nearest.scale > SLAYER_SCALE ? 0.5 : 2);
    if (!next) break;
    nearest = next;
  }
  return nearest;
}

/** The layer at a scale at which nothing is rounded; weights may be odd where Loihi stores such. */
function exactly({ weight, recurrent, bias, threshold }: FloatLayer, scale: number): OnGrid | null {
  const whole = (x: Float64Array | null): Int32Array | null | false => {
    if (!x) return null;
    const units = Int32Array.from(x, (w) => rounded(w * scale));
    return x.every((w, i) => Math.abs(w * scale - units[i]!) < EXACT) && units;
  };
  const [w, r, b, t] = [whole(weight), whole(recurrent), whole(bias), whole(Float64Array.of(threshold))];
  if (!w || r === false || b === false || !t) return null;
  const inRange = checkRanges(t[0]!, b) === null && unstorable(w) === null && (!r || unstorable(r) === null);
  const error = { weight: 0, bias: 0, threshold: 0 };
  return inRange ? { weight: w, recurrent: r, bias: b, vThMant: t[0]!, scale, error } : null;
}

/**
 * @param symmetric leaves out -256, so that a scale at which rounded weights fit twice is one at which the weights did
 * @returns why it does not fit, if it does not
 */
function onGrid({ weight, recurrent, bias, threshold }: FloatLayer, scale: number, symmetric = false): OnGrid | string {
  const error = { weight: 0, bias: 0, threshold: 0 };
  const note = (name: keyof typeof error, x: number, units: number): number => {
    error[name] = Math.max(error[name], Math.abs(x * scale - units));
    return units;
  };
  const even = (w: number): number => note('weight', w, 2 * rounded((w * scale) / 2));
  const largest = [weight, recurrent].reduce(
    (most, x) => (x ? x.reduce((a, w) => Math.max(a, Math.abs(w)), most) : most),
    0,
  );
  // before they are integers of 32 bits
  if (!(largest * scale < 2 ** 20)) return tooLarge('weight', largest, scale);
  const w = Int32Array.from(weight, even);
  const r = recurrent && Int32Array.from(recurrent, even);
  for (const ints of [w, r]) {
    const outside = ints?.find((x) => x > 254 || x < (symmetric ? -254 : -256));
    if (outside !== undefined) return tooLarge('weight', outside / scale, scale);
  }
  const b = bias && Float64Array.from(bias, (x) => note('bias', x, rounded(x * scale)));
  const vThMant = note('threshold', threshold, rounded(threshold * scale));
  const wrong = checkRanges(vThMant, b);
  if (wrong) return `${wrong} at a scale of ${scale}`;
  return { weight: w, recurrent: r, bias: b && Int32Array.from(b), vThMant, scale, error };
}

const tooLarge = (what: string, size: number, scale: number): string =>
  `a ${what} of ${figure(size)} is beyond -256 .. 254 at a scale of ${scale}`;

function checkRanges(vThMant: number, bias: ArrayLike<number> | null): string | null {
  const [least, most] = RANGES.bias;
  const outside = bias && Array.from(bias).find((b) => !(b >= least && b <= most));
  if (outside !== null && outside !== undefined) return `a bias of ${outside} is beyond ${least} .. ${most}`;
  if (vThMant < 1) return 'the threshold is below 1';
  return vThMant <= RANGES.vThMant[1] ? null : `the threshold of ${vThMant} is above ${RANGES.vThMant[1]}`;
}

/** The same layer in other units, if its integers stay integers that Loihi stores. */
function rescaled({ weight, recurrent, bias, vThMant, scale, error }: OnGrid, factor: 0.5 | 2): OnGrid | null {
  const times = (x: Int32Array, step: number): Int32Array | null =>
    x.every((w) => (w * factor) % step === 0) ? x.map((w) => w * factor) : null;
  const [w, r, b] = [times(weight, 2), recurrent && times(recurrent, 2), bias && times(bias, 1)];
  const threshold = vThMant * factor;
  if (!w || (recurrent && !r) || (bias && !b) || threshold % 1 !== 0) return null;
  if (unstorable(w) !== null || (r && unstorable(r) !== null) || checkRanges(threshold, b) !== null) return null;
  const by = { weight: error.weight * factor, bias: error.bias * factor, threshold: error.threshold * factor };
  return { weight: w, recurrent: r, bias: b, vThMant: threshold, scale: scale * factor, error: by };
}

function lostIn(layer: FloatLayer, { error, scale, vThMant }: OnGrid, { iDecay, vDecay }: LoihiNeurons): string[] {
  const lost: string[] = [];
  const unit = 1 / scale;
  if (error.weight > EXACT)
    lost.push(`weights are rounded to multiples of ${figure(2 * unit)}, by up to ${figure(error.weight * unit)}`);
  if (error.bias > EXACT)
    lost.push(`biases are rounded to multiples of ${figure(unit)}, by up to ${figure(error.bias * unit)}`);
  if (error.threshold > EXACT)
    lost.push(
      `the threshold ${figure(layer.threshold)} becomes ${figure(vThMant * unit)}, the nearest multiple of ${figure(unit)}`,
    );
  const decay = (what: string, wanted: number, units: number): void => {
    const kept = (UNITY - units) / UNITY;
    if (Math.abs(kept - wanted) > 2 ** -24)
      lost.push(`the ${what}'s decay ${figure(wanted)} becomes ${figure(kept)}, ${UNITY - units} of ${UNITY}`);
  };
  decay('voltage', layer.beta, vDecay);
  if (layer.alpha !== null) decay('current', layer.alpha, iDecay);
  const off = truncationOf({ iDecay, vDecay, vThMant }, scale);
  if (off !== null)
    lost.push(
      `Loihi drops what is below ${figure(unit / SHIFT)} whenever a state decays: v is off by ${Number.isFinite(off) ? `up to ${off.toPrecision(2)}` : 'more and more until it spikes'}`,
    );
  return lost;
}

/**
 * The most by which v in integers is off, for dropping fractions towards 0: less than a unit whenever a state decays, of which the decay leaves the
 * sum of a geometric series.
 *
 * @returns in units of 1; null where nothing is ever dropped; infinite where v forgets nothing and the errors of u add up
 */
export function truncationOf({ iDecay, vDecay }: LoihiNeurons, scale: number): number | null {
  const partial = (units: number): boolean => units > 0 && units < UNITY;
  const current = partial(iDecay) ? UNITY / iDecay : 0;
  const each = current + (partial(vDecay) ? 1 : 0);
  return each === 0 ? null : (each * UNITY) / vDecay / (scale * SHIFT);
}

/** To the nearest whole number, of two the even one. */
export const rounded = (x: number): number => x + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;

const figure = (x: number): string => String(Number(x.toPrecision(6)));

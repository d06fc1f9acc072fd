export type FindingKind =
  | 'not finite'
  | 'dead'
  | 'saturated'
  | 'bursting'
  | 'voltage'
  | 'no gradient'
  | 'vanishing'
  | 'exploding'
  | 'vanishing over time'
  | 'exploding over time';

/** Something about a net that usually keeps it from learning. */
export interface Finding {
  readonly kind: FindingKind;
  /** The layer, as `0 AHP`, or the operation or parameter. */
  readonly where: string;
  /** The number that was seen. */
  readonly value: number;
  /** What was seen, in words. */
  readonly text: string;
  /** What usually helps. */
  readonly help: string;
  /** The neurons that are meant, where some are. */
  readonly neurons?: readonly number[];
}

/** From where on something is a finding. */
export const LIMITS = {
  /** Share of a layer's neurons. */
  share: 0.1,
  /** Spikes per step of a saturated neuron. */
  saturated: 0.9,
  /** Share of a neuron's spikes that follow another at once, and how many spikes and how few steps make that a burst. */
  burst: { share: 0.5, spikes: 8, rate: 0.5 },
  /** Voltage in thresholds. */
  voltage: 20,
  /** When `fit` warns: share of a layer's neurons that are dead or saturated, voltage in thresholds, norm over its bound. */
  warning: { share: 0.5, voltage: 100, norm: 1e3 },
  /** Gradient of one layer over that of the layer nearer the loss. */
  layer: 1e3,
  /** Gradient of the first tenth of the steps over that of the last tenth. */
  time: { vanishing: 1e-4, exploding: 1e3 },
} as const;

const HELP: Record<FindingKind, string> = {
  'not finite': 'lower the learning rate, clip gradients, or look for extreme values in the data and the weights',
  dead: 'larger weightGain (an inputGain of 1 - alpha or dt/tau needs weights larger by its inverse), a lower threshold, or regularize.rate with a lower bound; a wider surrogate lets gradients reach neurons far below the threshold',
  saturated: 'smaller weightGain or recurrentGain, a higher threshold, or regularize.rate with an upper bound',
  bursting:
    'a reset by subtraction needs smaller weights; a refractory period, adaptation (ALIF, AHP) or smaller recurrentGain spread the spikes',
  voltage: 'regularize.voltage, smaller weights or a smaller learning rate',
  'no gradient':
    'look for a layer whose output is not used, a surrogate too narrow for the voltages, or inputs that never come',
  vanishing: 'a wider surrogate, larger weightGain, normalisation or a residual connection around the layer',
  exploding: 'smaller weightGain, a surrogate with a smaller slope or gamma, or clipping by norm',
  'vanishing over time': 'longer time constants or neurons with a slow current (AHP, ALIF), or a loss at more steps',
  'exploding over time':
    'smaller recurrentGain, a surrogate with a smaller slope or gamma, a detached reset, clipping by norm, or shorter windows (truncate)',
};

export const finding = (
  kind: FindingKind,
  where: string,
  value: number,
  text: string,
  neurons?: readonly number[],
): Finding => ({ kind, where, value, text, help: HELP[kind], ...(neurons ? { neurons } : {}) });

/** `3, 5, 8 and 21 more` */
export function listed(neurons: readonly number[], most = 8): string {
  const shown = neurons.slice(0, most).join(', ');
  return neurons.length > most ? `${shown} and ${neurons.length - most} more` : shown;
}

/** A number with three digits. */
export const digits = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(3))) : String(x));

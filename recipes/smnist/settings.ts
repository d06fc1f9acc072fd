import { type NetSettings, published } from './net.ts';

/** What is trained, and on how much. */
export interface Settings extends NetSettings {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  /** Training samples at most, once validation is cut from them; 0: all. */
  readonly limit: number;
  /** Pixels along a side that are averaged into one. */
  readonly pool: number;
  /** Steps of the cue. */
  readonly cue: number;
  /** Weight of the rate's regulariser, its target in spikes per step, and the voltage's weight. */
  readonly rate: number;
  readonly rateTarget: number;
  readonly voltage: number;
}

interface Given {
  readonly quick: boolean;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly limit: number;
  readonly neurons: number;
}

/** Batch, rates and regularisers after Bellec et al. 2018, whose task it is; the neurons as published. */
const whole: Settings = {
  ...published,
  epochs: 40,
  batch: 256,
  lr: 0.01,
  limit: 0,
  pool: 1,
  cue: 56,
  rate: 0.1,
  rateTarget: 0.01,
  voltage: 1e-4,
};

/** A sequence of 57 steps instead of 840: a slow current that is as much faster, and weights that make a small net fire. */
const quick: Settings = {
  ...whole,
  neurons: 128,
  adaptive: 53,
  tauAdaptive: 57,
  beta: 0.05,
  gamma: 0.5,
  weightGain: 2,
  recurrentGain: 0.5,
  epochs: 10,
  batch: 32,
  limit: 2400,
  pool: 4,
  cue: 8,
  rate: 1,
  rateTarget: 0.05,
};

/** The usual settings, with what was given in their place. */
export function settingsOf(given: Given): Settings {
  const usual = given.quick ? quick : whole;
  const neurons = given.neurons || usual.neurons;
  return {
    ...usual,
    neurons,
    adaptive: Math.round((neurons * usual.adaptive!) / usual.neurons),
    epochs: given.epochs || usual.epochs,
    batch: given.batch || usual.batch,
    lr: given.lr || usual.lr,
    limit: given.limit || usual.limit,
  };
}

import type { HiddenOptions } from '../common/neurons.ts';

/** What is trained, and on what. */
export interface Settings extends HiddenOptions {
  /** 'mel': bands as numbers; 'delta': spikes where they change. */
  readonly input: 'mel' | 'delta';
  readonly neurons: number;
  readonly adaptive: number;
  /** Time constant of the readout in steps. */
  readonly tauReadout: number;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  /** Training clips at most, and a sixth as many of the others; 0: all. */
  readonly limit: number;
  /** From frame to frame, and a frame's length, in milliseconds. A frame is a time step. */
  readonly hop: number;
  readonly window: number;
  readonly bands: number;
  /** Longer clips are cut: a second, which one in a hundred of the digits exceeds. */
  readonly steps: number;
  /** Whether each clip's mean is taken off its bands: done for voices that training does not hear. */
  readonly centred: boolean;
  /** Change of a band that makes a spike, in standard deviations. */
  readonly threshold: number;
  /** Weight of the rate's regulariser, its target in spikes per step, and the voltage's weight. */
  readonly rate: number;
  readonly rateTarget: number;
  readonly voltage: number;
}

interface Given {
  readonly quick: boolean;
  readonly input: 'mel' | 'delta';
  readonly speaker: string;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly limit: number;
  readonly neurons: number;
}

const whole: Settings = {
  input: 'mel',
  neurons: 240,
  adaptive: 100,
  tau: 10,
  tauAdaptive: 100,
  beta: 0.05,
  gamma: 0.5,
  weightGain: 1,
  recurrentGain: 0.5,
  tauReadout: 10,
  epochs: 30,
  batch: 64,
  lr: 0.005,
  limit: 0,
  hop: 10,
  window: 25,
  bands: 40,
  steps: 101,
  centred: false,
  threshold: 0.35,
  rate: 1,
  rateTarget: 0.03,
  voltage: 1e-4,
};

/** Half the frames, bands and neurons. */
const quick: Settings = {
  ...whole,
  neurons: 96,
  adaptive: 40,
  tau: 5,
  tauAdaptive: 50,
  tauReadout: 5,
  epochs: 8,
  batch: 32,
  lr: 0.01,
  limit: 1200,
  hop: 20,
  window: 32,
  bands: 20,
  steps: 51,
};

/** The usual settings, with what was given in their place. */
export function settingsOf(given: Given): Settings {
  const usual = given.quick ? quick : whole;
  const neurons = given.neurons || usual.neurons;
  return {
    ...usual,
    input: given.input,
    centred: given.speaker !== '',
    neurons,
    adaptive: Math.round((neurons * usual.adaptive) / usual.neurons),
    epochs: given.epochs || usual.epochs,
    batch: given.batch || usual.batch,
    lr: given.lr || usual.lr,
    limit: given.limit || usual.limit,
  };
}

/** What --quick makes smaller, in a line. */
export function smaller(settings: Settings): string {
  const { limit, bands, hop, neurons, epochs } = settings;
  return (
    `--quick: at most ${limit} clips to train and a sixth as many to test, ${bands} bands every ${hop} ms instead of ${whole.bands} every ${whole.hop} ms, ` +
    `${neurons} neurons instead of ${whole.neurons}, ${epochs} epochs instead of ${whole.epochs}`
  );
}

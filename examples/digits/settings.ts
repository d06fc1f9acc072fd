/** What is trained, for each way of showing a digit. */
export interface Settings {
  readonly neurons: number;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  /** Time constant of the AHP current in ms: a few times as long as a digit lasts, or it forgets, or never settles. */
  readonly tauAhp: number;
  /** Height of the surrogate derivative. */
  readonly gamma: number;
  /** Factors on the initial weights. */
  readonly weightGain: number;
  readonly recurrentGain: number;
  /** Weights of the regularisers. */
  readonly rate: number;
  readonly voltage: number;
}

const common = { neurons: 128, seed: 1 };

export const defaults: Record<'rows' | 'pixels', Settings> = {
  rows: {
    ...common,
    epochs: 16,
    batch: 32,
    lr: 0.01,
    tauAhp: 700,
    gamma: 0.6,
    weightGain: 2,
    recurrentGain: 0.5,
    rate: 1,
    voltage: 1e-3,
  },
  pixels: {
    ...common,
    epochs: 30,
    batch: 16,
    lr: 0.004,
    tauAhp: 200,
    gamma: 0.4,
    weightGain: 3,
    recurrentGain: 1,
    rate: 0.1,
    voltage: 1e-4,
  },
};

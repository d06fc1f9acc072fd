import { AHP, ALIF, BRF, type Layer, LIF, triangle } from 'spiketape';
import { GRU, LSTM } from 'spiketape/gated';

/** The hidden layers that recipes compare. */
export const NEURONS = ['ahp', 'lif', 'alif', 'brf', 'lstm', 'gru'] as const;
export type NeuronName = (typeof NEURONS)[number];

/** Whether a layer of the kind has spikes and voltages to regularise. */
export const spiking = (name: NeuronName): boolean => name !== 'lstm' && name !== 'gru';

/** The threshold to be drawn among a layer's voltages; none where it moves, or there are no voltages. */
export const thresholdOf = (name: NeuronName): { threshold?: number } =>
  name === 'ahp' || name === 'lif' ? { threshold: 1 } : {};

export interface HiddenOptions {
  /** How many neurons have the slow current, or the threshold that moves; the published share by default, 100 of 240. */
  readonly adaptive?: number;
  /** Time constant of the slow current or threshold, in steps (700). */
  readonly tauAdaptive?: number;
  /** What a spike takes off the slow current, in thresholds (0.0118, that of the published net). */
  readonly beta?: number;
  readonly tau?: number;
  readonly gamma?: number;
  readonly weightGain?: number;
  readonly recurrentGain?: number;
}

/**
 * A recurrent layer of the kind. AHP: Rao, Plank, Wild & Maass 2022. ALIF: Bellec et al. 2018, the
 * LSNN, without its refractory period. BRF: Higuchi et
 * al. 2024, whose frequencies and damping are drawn for each neuron and learned, as there. LSTM and GRU do not spike.
 */
export function hiddenLayer(name: NeuronName, inputs: number, N: number, options: HiddenOptions = {}): Layer {
  const { adaptive = Math.round((N * 100) / 240), tauAdaptive = 700, beta = 0.0118, tau = 20 } = options;
  const { gamma = 0.3, weightGain = 1, recurrentGain = 1 } = options;
  const common = { recurrent: true, surrogate: triangle({ gamma }), weightGain, recurrentGain } as const;
  switch (name) {
    case 'ahp':
      return new AHP(inputs, N, { ...common, adaptive, tau, tauAhp: tauAdaptive, beta });
    case 'lif':
      return new LIF(inputs, N, { ...common, tau });
    case 'alif': {
      const strengths = Array.from({ length: N }, (_, i) => (i < N - adaptive ? 0 : 1.8));
      return new ALIF(inputs, N, { ...common, tau, tauAdaptation: tauAdaptive, beta: strengths, threshold: 0.01 });
    }
    case 'brf':
      return new BRF(inputs, N, {
        recurrent: true,
        learn: ['omega', 'bOffset'],
        omega: { uniform: [15, 50] },
        bOffset: { uniform: [0.1, 1] },
        weightGain,
        recurrentGain,
      });
    case 'lstm':
      return new LSTM(inputs, N);
    case 'gru':
      return new GRU(inputs, N);
  }
}

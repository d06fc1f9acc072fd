import { Readout, Sequential } from 'spiketape';
import { type HiddenOptions, hiddenLayer, type NeuronName } from '../common/neurons.ts';

export interface NetSettings extends HiddenOptions {
  readonly neurons: number;
  /** Time constant of the readout in steps. */
  readonly tauReadout: number;
}

/**
 * As published: 240 neurons, the last 100 of which have the slow current (tau 700 ms, 0.0118 thresholds a spike), membrane
 * and readout 20 ms, surrogate 0.3.
 */
export const published: NetSettings = {
  neurons: 240,
  adaptive: 100,
  tau: 20,
  tauAdaptive: 700,
  beta: 0.0118,
  gamma: 0.3,
  tauReadout: 20,
};

/** A recurrent layer of the kind, and leaky integrators that hear of it a step late, as published. */
export function netOf(neuron: NeuronName, inputs: number, classes: number, settings: NetSettings): Sequential {
  return new Sequential(
    hiddenLayer(neuron, inputs, settings.neurons, settings),
    new Readout(settings.neurons, classes, { tau: settings.tauReadout, delay: 1 }),
  );
}

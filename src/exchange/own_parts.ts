import type { OwnParts } from '../io/own.ts';
import { walk } from '../layers/container.ts';
import { Neurons } from '../layers/neurons.ts';
import { Neuron } from '../layers/own.ts';
import type { Sequential } from '../layers/sequential.ts';

/** The definitions and surrogates that a net has from its user, which no file of it contains. */
export function ownPartsOf(net: Sequential): OwnParts {
  const layers = [...walk(net)].map(([, layer]) => layer);
  return {
    neurons: layers.flatMap((layer) => (layer instanceof Neuron ? [layer.given] : [])),
    surrogates: layers.flatMap((layer) => (layer instanceof Neurons && layer.surrogate ? [layer.surrogate] : [])),
  };
}

import type { LayerConfig } from '../layers/layer.ts';
import { Neuron, type NeuronLayerOptions } from '../layers/own.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { suggest } from '../neurons/nearest.ts';
import { type Surrogate, surrogateNames } from '../neurons/surrogates.ts';

/** What a saved net names and does not contain: its user's own neurons and surrogates. */
export interface OwnParts {
  readonly neurons?: readonly NeuronDefinition[];
  readonly surrogates?: readonly Surrogate[];
}

/** A layer of a user's own neurons, from its config. @throws when the definition was not passed */
export function ownNeuron(config: LayerConfig, own: OwnParts): Neuron {
  const { definition: name, sizes, options } = config as { definition?: string; sizes?: number[]; options?: object };
  const given = own.neurons ?? [];
  const definition = given.find((d) => d.name === name);
  if (!definition) {
    const passed = given.map((d) => d.name);
    throw new Error(
      `the net has neurons of a definition '${name}', which is not saved with it; pass the definition: loadModel(saved, { neurons: [definition] })${passed.length ? suggest(String(name), passed) : ''}`,
    );
  }
  return new Neuron(definition, ...([...(sizes ?? []), options] as [number, number, NeuronLayerOptions]));
}

/** A config with the user's own surrogate in place of its name. @throws when it was not passed */
export function withOwnSurrogate(config: LayerConfig, own: OwnParts): LayerConfig {
  const options = config.options as { surrogate?: { name: string; constants: Record<string, number> } } | undefined;
  const saved = options?.surrogate;
  if (typeof saved !== 'object' || saved === null || surrogateNames.includes(saved.name)) return config;
  const found = own.surrogates?.find((s) => s.name === saved.name);
  if (!found)
    throw new Error(
      `the net has a surrogate '${saved.name}', which is not saved with it; pass it: loadModel(saved, { surrogates: [surrogate] })`,
    );
  return { ...config, options: { ...options, surrogate: { ...found, constants: saved.constants } } };
}

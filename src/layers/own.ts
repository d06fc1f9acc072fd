import type { NeuronDefinition } from '../neurons/definition.ts';
import { suggest } from '../neurons/nearest.ts';
import { type Constant, type NeuronOptions, Neurons, plainData, savedOptions, sizesAndOptions } from './neurons.ts';

export interface NeuronLayerOptions extends NeuronOptions {
  /** Values of the neuron's parameters that differ from the definition's defaults. */
  constants?: Readonly<Record<string, Constant | undefined>>;
}

type Args = [inputs: number, N: number, options?: NeuronLayerOptions] | [N: number, options?: NeuronLayerOptions];

/**
 * Neurons of one's own definition:
 *
 *     const leaky = defineNeuron({ name: 'Leaky', ... });
 *     new Neuron(leaky, 80, 240, { recurrent: true, learn: ['tau'], constants: { tau: 30 } });
 *     new Neuron(leaky, 240);                       after a layer that makes a current
 *
 * [T, B, inputs] spikes or dense values to [T, B, N] spikes, or voltages if the neuron does not spike. A saved net is
 * loaded with `loadModel(saved, { neurons: [leaky] })`: equations are code, and code is not saved.
 */
export class Neuron extends Neurons {
  /** @param definition as it was given: the layer's own has the last spike among its inputs if it is recurrent one to one */
  constructor(
    readonly given: NeuronDefinition,
    ...args: Args
  ) {
    const definition = given;
    if (typeof definition !== 'object' || typeof definition?.key !== 'string')
      throw new Error('Neuron: the first argument must be a definition, as defineNeuron makes it');
    const { name, params } = definition;
    const { sizes, options } = sizesAndOptions<NeuronLayerOptions>(args, name, { constants: true });
    const { constants = {} } = options;
    const unknown = Object.keys(constants).find((n) => !Object.hasOwn(params, n));
    if (unknown !== undefined)
      throw new Error(`${name}: there is no constant '${unknown}'${suggest(unknown, Object.keys(params))}`);
    const plain = Object.entries(constants)
      .filter(([, value]) => value !== undefined)
      .map(([n, value]) => [n, plainData(value)]);
    const { constants: _, ...saved } = savedOptions(options);
    super(definition, sizes, constants, options, {
      kind: 'Neuron',
      definition: name,
      sizes,
      options: { ...saved, ...(plain.length ? { constants: Object.fromEntries(plain) } : {}) },
    });
  }
}

import { input, lastSpike, type NeuronDefinition, parameter } from './definition.ts';
import { rewrite } from './rewrite.ts';

/** The parameter of a neuron's weight on its own last spike. */
export const OWN_WEIGHT = 'recurrentWeight';

/** The same neuron with its own last spike, times a weight, added to its input. */
export function oneToOne(def: NeuronDefinition): NeuronDefinition {
  if (!def.z) throw new Error(`${def.name}: does not spike and cannot be recurrent`);
  if (Object.hasOwn(def.params, OWN_WEIGHT))
    throw new Error(
      `${def.name}: a parameter called '${OWN_WEIGHT}' cannot be had with recurrent 'one-to-one', whose weight it is`,
    );
  return rewrite(def, new Map([[input, input.add(parameter(OWN_WEIGHT).mul(lastSpike))]]), {
    params: {
      [OWN_WEIGHT]: { default: 0, unit: '', min: -1e38, max: 1e38, meaning: "weight on the neuron's own last spike" },
    },
  });
}

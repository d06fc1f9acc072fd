import { lastSpike, type NeuronDefinition, state } from './definition.ts';
import { detach, type Expr, expr, max, spike, where } from './expr.ts';
import { rewrite } from './rewrite.ts';

/** Steps that are left to wait; the name of the state. */
const WAITING = 'refractory';

/**
 * The same neuron with a refractory period: a spike at step t bars steps t+1 .. t+steps. The membrane goes on integrating,
 * and no gradient passes through a barred spike. Longer than one step it costs a state, which is saved for the backward
 * pass.
 *
 * @throws unless `steps` is a whole number, 0 or more
 */
export function refractory(def: NeuronDefinition, steps = 0): NeuronDefinition {
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new Error(`${def.name}: refractory must be a whole number of steps, 0 or more, got ${steps}`);
  if (steps === 0) return def;
  if (!def.z) throw new Error(`${def.name}: does not spike and has no refractory period`);
  const { z } = def;
  // in the smooth mode a spike is a number between 0 and 1, of which these make a yes or no without derivative
  const barred = steps === 1 ? lastSpike.gt(0.5) : state(WAITING).gt(0);
  const allowed = spike(where(barred, -1, z.args[0]!), z.name as '>' | '>=');
  return rewrite(def, new Map([[z, allowed]]), {
    states: (spiked): Record<string, Expr> =>
      steps === 1 ? {} : { [WAITING]: where(spiked.gt(0.5), expr(steps), detach(max(state(WAITING).sub(1), 0))) },
  });
}

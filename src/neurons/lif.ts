import { decay, defineNeuron, lost, type NeuronDefinition } from './definition.ts';
import { detach, expr, spike } from './expr.ts';
import type { Timing } from './timing.ts';

export interface LIFOptions extends Timing {
  /** 'subtract' takes the threshold off (default), 'zero' sets v to 0, 'none' leaves it. */
  reset?: 'subtract' | 'zero' | 'none';
  /** Leave the reset out of the gradient (default false). */
  detachReset?: boolean;
  /** When the reset acts: in the spike's own step (default), or one step later after the leak, as snnTorch does. */
  resetMoment?: 'same step' | 'next step';
  /** The voltage that is recorded: before the reset (default) or after it. */
  record?: 'before reset' | 'after reset';
  /** The factor on the input: 1 (default) or 1 - alpha (dt/tau with the Euler decay). */
  inputGain?: 'one' | 'one minus alpha';
}

/**
 * Leaky integrate-and-fire.
 *
 *     v_t = alpha v_{t-1} + g I_t ;  z_t = [v_t > theta] ;  then v_t loses theta (or becomes 0)
 *     x_t = (v_t - theta)/theta
 */
export function lif(options: LIFOptions = {}): NeuronDefinition {
  const {
    reset = 'subtract',
    detachReset = false,
    resetMoment = 'same step',
    record = 'before reset',
    inputGain = 'one',
  } = options;
  return defineNeuron({
    name: 'LIF',
    params: {
      tau: { default: 20, unit: 'ms', min: 1e-3, max: 1e9, meaning: 'membrane time constant' },
      threshold: { default: 1, unit: '', min: 1e-6, max: 1e9, meaning: 'firing threshold' },
    },
    states: ['v'],
    equations({ I, z, param, state }) {
      const alpha = decay(param.tau, options.dt ?? 1, options.decay);
      const current = inputGain === 'one' ? I : lost(param.tau, options.dt ?? 1, options.decay).mul(I);
      const without = (v: typeof I, spiked: typeof I) =>
        reset === 'subtract' ? v.sub(param.threshold.mul(spiked)) : reset === 'zero' ? v.mul(expr(1).sub(spiked)) : v;
      const held = (spiked: typeof I) => (detachReset ? detach(spiked) : spiked);

      const leaked = alpha.mul(state.v).add(current);
      const v = resetMoment === 'next step' ? without(leaked, held(z)) : leaked;
      const spiked = spike(v.sub(param.threshold).div(param.threshold));
      const after = resetMoment === 'next step' ? v : without(v, held(spiked));
      return { next: { v: after }, z: spiked, v: record === 'before reset' ? v : after };
    },
  });
}

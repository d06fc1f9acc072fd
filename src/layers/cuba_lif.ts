import { cubaLif, type CubaLIFOptions as Equations } from '../neurons/cuba_lif.ts';
import { withValue } from '../neurons/reset.ts';
import { type Constant, decaysOf, type NeuronOptions, Neurons, savedOptions, sizesAndOptions } from './neurons.ts';

export interface CubaLIFOptions extends NeuronOptions, Omit<Equations, 'decays'> {
  /** Membrane time constant in ms (20). */
  tau?: Constant;
  /** The membrane's decay per step, in [0, 1), in place of tau. */
  beta?: Constant;
  /** Time constant of the synaptic current in ms (5). */
  tauSyn?: Constant;
  /** The synaptic current's decay per step, in [0, 1), in place of tauSyn. */
  alpha?: Constant;
  /** 1. */
  threshold?: Constant;
  /** What v becomes at a spike; asks for reset 'value' (0). */
  resetTo?: Constant;
}

const OPTIONS = {
  tau: true,
  beta: true,
  tauSyn: true,
  alpha: true,
  threshold: true,
  resetTo: true,
  dt: true,
  decay: true,
  semantics: true,
  spikeTest: true,
  reset: true,
  resetMoment: true,
  record: true,
  detachReset: true,
  inputGain: true,
  synapticGain: true,
  synapticDelay: true,
  refractory: true,
} as const;

/** Leaky integrate-and-fire neurons with a synaptic current. Equations, defaults and states in `src/neurons/cuba_lif.ts`. */
export class CubaLIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options?: CubaLIFOptions] | [N: number, options?: CubaLIFOptions]) {
    const { sizes, options } = sizesAndOptions<CubaLIFOptions>(args, 'CubaLIF', OPTIONS);
    const { tau, beta, tauSyn, alpha, threshold, resetTo } = options;
    const decays = decaysOf('CubaLIF', options, [
      ['tau', 'beta'],
      ['tauSyn', 'alpha'],
    ]);
    super(
      cubaLif({ ...withValue('CubaLIF', options), decays }),
      sizes,
      { tau, beta, tauSyn, alpha, threshold, resetTo },
      options,
      { kind: 'CubaLIF', sizes, options: savedOptions(options) },
    );
  }
}

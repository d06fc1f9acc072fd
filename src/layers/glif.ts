import { gate } from '../autograd/ops/gate.ts';
import { linear } from '../autograd/ops/linear.ts';
import { lengthOf, Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type GLIFOptions as Equations, glif, LOGIT, logit } from '../neurons/glif.ts';
import { positiveInteger } from './layer.ts';
import { learnedOf, type NeuronOptions, Neurons, type PerNeuron, savedOptions, sizesAndOptions } from './neurons.ts';

export interface GLIFOptions extends NeuronOptions, Equations {
  /** Time steps of the longest sequence: the input's gate has a value for each. */
  steps: number;
  /** Share of the exponential leak, the rest is linear (0.5). This and all that follow but the threshold: in (0, 1). */
  a?: PerNeuron;
  /** How much the input's gate counts (0.5). */
  b?: PerNeuron;
  /** Share of the reset to 0, the rest is by subtraction (0.5). */
  c?: PerNeuron;
  /** Decay of the exponential leak (0.25). */
  tau?: PerNeuron;
  /** Linear leak of a step (threshold/(2 steps)). */
  l?: PerNeuron;
  /** What a reset by subtraction takes off (0.5). */
  r?: PerNeuron;
  /** How far the input's gate is open at the start (0.5), at every step. */
  g?: PerNeuron;
  /** 0.5. */
  threshold?: PerNeuron;
}

const OPTIONS = {
  steps: true,
  a: true,
  b: true,
  c: true,
  tau: true,
  l: true,
  r: true,
  g: true,
  threshold: true,
  spikeTest: true,
  detachReset: true,
} as const;
const LEARNED = ['a', 'b', 'c', 'tau', 'l', 'r', 'g', 'threshold'] as const;

/**
 * Gated LIF neurons, Yao et al. 2022. Equations in `src/neurons/glif.ts`; before them the current that arrives from outside
 * is gated, x (1 - b (1 - g_t)), with one g for each step and neuron. Recurrent input is not. Everything is learned by
 * default, as in the paper, one value for each neuron; values are given as they are, parameters hold their logits (`g`
 * [steps, N]). Step t counts from the beginning of what `forward` is given.
 */
export class GLIF extends Neurons {
  constructor(...args: [inputs: number, N: number, options: GLIFOptions] | [N: number, options: GLIFOptions]) {
    const { sizes, options } = sizesAndOptions<GLIFOptions>(args, 'GLIF', OPTIONS);
    const N = sizes.at(-1)!;
    const { steps, learn = true, threshold = 0.5 } = options;
    positiveInteger('GLIF', 'N', N);
    positiveInteger('GLIF', 'steps', steps);
    lengthOf([steps, N]);
    const lowest = typeof threshold === 'number' ? threshold : Math.min(...threshold);
    if (!(lowest > 0)) throw new Error(`GLIF: threshold must be above 0, got ${lowest}`);
    const small = Math.min(0.5, lowest / (2 * steps));
    const { a = 0.5, b = 0.5, c = 0.5, tau = 0.25, l = small, r = 0.5, g = 0.5 } = options;
    const names = learnedOf('GLIF', learn, LEARNED);
    super(
      glif(options),
      sizes,
      {
        a: logits('a', a, N),
        c: logits('c', c, N),
        tau: logits('tau', tau, N),
        l: logits('l', l, N),
        r: logits('r', r, N),
        threshold: typeof threshold === 'number' ? new Array<number>(N).fill(threshold) : threshold,
      },
      { ...options, learn: names.filter((n) => n !== 'b' && n !== 'g') },
      { kind: 'GLIF', sizes, options: savedOptions(options) },
    );
    const range = { min: -LOGIT, max: LOGIT };
    const open = logits('g', g, N);
    (this.params as Record<string, Parameter>).b = new Parameter(
      [N],
      { fill: logits('b', b, N) },
      { trainable: names.includes('b'), ...range },
    );
    (this.params as Record<string, Parameter>).g = new Parameter(
      [steps, N],
      { fill: Array.from({ length: steps }, () => open).flat() },
      { trainable: names.includes('g'), ...range },
    );
  }

  /** The gate's input, which its own gradient needs. */
  override get keptBeside(): readonly string[] {
    return ['current'];
  }

  protected override current(x: Tensor): Tensor {
    const { weight, bias, b, g } = this.params as Record<string, Parameter>;
    return gate(weight ? linear(x, weight, bias, this.label) : super.current(x)!, b!, g!, this.label);
  }
}

/** Logits of values in (0, 1), one for each neuron. */
function logits(name: string, value: PerNeuron, N: number): number[] {
  const values = typeof value === 'number' ? new Array<number>(N).fill(value) : [...value];
  if (values.length !== N)
    throw new Error(`GLIF: ${name} must be one number or ${N} (one per neuron), got ${values.length}`);
  return values.map((x) => {
    const y = logit(x);
    if (!(x > 0 && x < 1 && Math.abs(y) <= LOGIT))
      throw new Error(`GLIF: ${name} must be above 0 and below 1, by 1.2e-7 at least, got ${x}`);
    return y;
  });
}

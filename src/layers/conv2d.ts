import { conv2d } from '../autograd/ops/conv2d.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Planes, Sliding } from '../kernels/conv.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type ConnectionOptions, connect, requireInputs } from './connections.ts';
import { type Initializer, initializer } from './initialize.ts';
import { Layer, type LayerConfig, positiveInteger, trueOrFalse } from './layer.ts';
import { savedOptions } from './neurons.ts';
import { planes, type Size2d, slide, widthOf } from './window.ts';

export interface Conv2dOptions {
  /** 1. */
  stride?: Size2d;
  /** Zeros around the input (0), or 'same' for an output of the input's size, which needs stride 1. */
  padding?: Size2d | 'same' | 'valid';
  /** Distance of the places that the kernel reads (1). */
  dilation?: Size2d;
  /** Channels are cut into so many groups that know nothing of each other (1). */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** How the weights begin (default 'normal', N(0, 1)/sqrt(fan-in)). */
  init?: Initializer;
  /** Factor on the initial weights (default 1). */
  weightGain?: number;
  /** Which connections there are (default all), and their signs by input channel, these without groups. */
  connections?: ConnectionOptions;
}

const OPTIONS = ['stride', 'padding', 'dilation', 'groups', 'bias', 'init', 'weightGain', 'connections'];

/**
 * Convolution over planes at every step: [T, B, C H W] spikes or dense, flattened channel by channel and row by row, to
 * [T, B, channels OH OW] dense: a current for `new LIF(conv.outputs)`. The next layer over planes takes
 * `conv.outputShape`. Weights [channels, C / groups, rows, columns], sizes and padding as in PyTorch's Conv2d.
 *
 * `new Conv2d([2, 34, 34], 12, 5, { stride: 2 })`: 2 channels of 34 x 34 to 12 of 15 x 15.
 */
export class Conv2d extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  readonly config: LayerConfig;
  readonly window: Sliding;
  readonly inputs: number;
  readonly outputs: number;

  /**
   * @param inputShape channels, height, width
   * @param channels of the output
   * @param kernel rows and columns of the window
   * @throws when groups do not divide both numbers of channels, or the kernel is larger than the padded input
   */
  constructor(inputShape: Planes, channels: number, kernel: Size2d, options: Conv2dOptions = {}) {
    super();
    this.label = 'Conv2d';
    const input = planes('Conv2d', inputShape);
    positiveInteger('Conv2d', 'channels', channels);
    onlyKnown('Conv2d', options, OPTIONS);
    const { stride, padding, dilation, groups, bias = true, connections } = options;
    trueOrFalse('Conv2d', 'bias', bias);
    this.window = slide('Conv2d', input, channels, { kernel, stride, padding, dilation, groups });
    for (const [what, n] of [
      ['input', input[0]],
      ['output', channels],
    ] as const) {
      if (n % this.window.groups !== 0)
        throw new Error(`Conv2d: groups must divide the ${n} ${what} channels, got ${this.window.groups}`);
    }
    if (this.window.groups > 1 && (connections?.signs ?? connections?.excitatory) !== undefined)
      throw new Error('Conv2d: connections: signs are by input channel, of which groups read different ones');
    this.inputs = widthOf(input);
    this.outputs = widthOf(this.window.output);
    const shape = [channels, input[0] / this.window.groups, ...this.window.kernel];
    const init = initializer('Conv2d', 'init', options.init, options.weightGain);
    const weights = connect('Conv2d', 'connections', 'weight', shape, connections, init);
    requireInputs('Conv2d', channels, [weights]);
    this.params = {
      ...weights.params,
      ...(bias ? { bias: new Parameter([channels], { fill: 0 }) } : {}),
    };
    this.config = { kind: 'Conv2d', inputShape: input, channels, kernel, options: savedOptions(options) };
  }

  get inputShape(): Planes {
    return this.window.input;
  }

  get outputShape(): Planes {
    return this.window.output;
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.params.weight!, this.params.bias, this.window, this.label);
  }
}

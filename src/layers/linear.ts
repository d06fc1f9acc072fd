import { linear } from '../autograd/ops/linear.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type ConnectionOptions, connect, requireInputs } from './connections.ts';
import { type Initializer, initializer } from './initialize.ts';
import { Layer, type LayerConfig, positiveInteger, trueOrFalse } from './layer.ts';
import { savedOptions } from './neurons.ts';

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** How the weights begin (default 'normal', N(0, 1)/sqrt(inputs)). */
  init?: Initializer;
  /** Factor on the initial weights (default 1). */
  weightGain?: number;
  /** Which connections there are, and their signs (default all). */
  connections?: ConnectionOptions;
}

/** y = x W^T + b at every step: [T, B, inputs] dense or spikes to [T, B, outputs] dense. */
export class Linear extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  readonly config: LayerConfig;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
    options: LinearOptions = {},
  ) {
    super();
    this.label = 'Linear';
    positiveInteger('Linear', 'inputs', inputs);
    positiveInteger('Linear', 'outputs', outputs);
    onlyKnown('Linear', options, ['bias', 'init', 'weightGain', 'connections']);
    const { bias = true, connections } = options;
    trueOrFalse('Linear', 'bias', bias);
    const init = initializer('Linear', 'init', options.init, options.weightGain);
    const weights = connect('Linear', 'connections', 'weight', [outputs, inputs], connections, init);
    requireInputs('Linear', outputs, [weights]);
    this.params = {
      ...weights.params,
      ...(bias ? { bias: new Parameter([outputs], { fill: 0 }) } : {}),
    };
    this.config = { kind: 'Linear', inputs, outputs, ...savedOptions({ ...options, bias }) };
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.params.weight!, this.params.bias, this.label);
  }
}

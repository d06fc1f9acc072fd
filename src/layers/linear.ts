import { linear } from '../autograd/ops/linear.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { Layer, type LayerConfig, positiveInteger } from './layer.ts';

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** Factor on the initial weights, N(0, 1)/sqrt(inputs) (default 1). */
  weightGain?: number;
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
    const { bias = true, weightGain = 1 } = options;
    this.params = {
      weight: new Parameter([outputs, inputs], { normal: weightGain / Math.sqrt(inputs) }),
      ...(bias ? { bias: new Parameter([outputs], { fill: 0 }) } : {}),
    };
    this.config = { kind: 'Linear', inputs, outputs, bias };
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.params.weight!, this.params.bias, this.label);
  }
}

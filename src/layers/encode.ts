import type { Tensor } from '../autograd/tensor.ts';
import { constantCurrent, encode } from '../encoders/device.ts';
import { type Encoding, encodingOf } from '../encoders/encoding.ts';
import { neuronsPerInput } from '../kernels/encode.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger } from './layer.ts';

/**
 * Values to spikes, as the first layer of a net: `new Encode(784, encode.rate({ steps: 25 }))` makes [1, B, 784] into spikes
 * [25, B, 784] on the device, others at every step of training.
 */
export class Encode extends Layer {
  readonly params = {};
  readonly config: LayerConfig;
  readonly outputs: number;

  constructor(
    readonly inputs: number,
    readonly encoding: Encoding,
  ) {
    super();
    this.label = 'Encode';
    positiveInteger('Encode', 'inputs', inputs);
    if (!encoding?.plan)
      throw new Error(`Encode: encoding must be made by encode.rate, latency, delta or levelCrossing, got ${encoding}`);
    this.outputs = inputs * neuronsPerInput(encoding.plan);
    const { name, options } = encoding;
    this.config = { kind: 'Encode', inputs, encoding: { name, options } };
  }

  /** As it was saved. @throws when the config names no known encoding */
  static fromConfig(config: LayerConfig): Encode {
    const { name, options } = config.encoding as Pick<Encoding, 'name' | 'options'>;
    return new Encode(config.inputs as number, encodingOf(name, options));
  }

  /** @throws when the state is carried and the encoding looks at the step before, which is not carried with it */
  forward(x: Tensor, { state }: ForwardContext = {}): Tensor {
    const { kind } = this.encoding.plan;
    if (state && (kind === 'delta' || kind === 'crossing'))
      throw new Error(
        `${this.label}: encode.${this.encoding.name} compares each step with its neighbour and needs whole sequences; encode them before they are cut (encode.onHost)`,
      );
    return encode(x, this.encoding, this.label);
  }
}

/** Values that stand still, at every step: [1, B, N] to [steps, B, N]. */
export class ConstantCurrent extends Layer {
  readonly params = {};
  readonly config: LayerConfig;
  readonly outputs: number;

  constructor(
    readonly inputs: number,
    readonly steps: number,
  ) {
    super();
    this.label = 'ConstantCurrent';
    positiveInteger('ConstantCurrent', 'inputs', inputs);
    positiveInteger('ConstantCurrent', 'steps', steps);
    this.outputs = inputs;
    this.config = { kind: 'ConstantCurrent', inputs, steps };
  }

  forward(x: Tensor): Tensor {
    return constantCurrent(x, { steps: this.steps });
  }
}

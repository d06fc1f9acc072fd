import { norm } from '../autograd/ops/norm.ts';
import { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { type ForwardContext, Layer, type LayerConfig, positiveInteger, trueOrFalse } from './layer.ts';

export interface BatchNormOptions {
  /** Channels of inputs [C, H, W] flattened: neuron n is of channel n / (H W). By default each neuron is one. */
  channels?: number;
  /** Share of a step's statistics in the running ones, as PyTorch counts it (0.1). */
  momentum?: number;
  /** Added to the variance (1e-5). */
  eps?: number;
  /** Trained weight and bias per channel (default true). */
  affine?: boolean;
  /**
   * Statistics, weight and bias for each of this many steps, the longest sequence there is: batch normalisation through time
   * (BNTT: Kim & Panda, Frontiers in Neuroscience 2021, which has no bias). By default all steps share them.
   */
  perStep?: number;
}

const KNOWN = ['channels', 'momentum', 'eps', 'affine', 'perStep'];

/**
 * Batch normalisation of a current: y = weight * (x - mean) / sqrt(variance + eps) + bias, with mean and variance of each
 * channel over time, batch and the channel's positions (Ioffe & Szegedy 2015). Steps past a sample's length do not count.
 *
 * In training the statistics are those of the step, the gradient goes through them, and `running_mean` and `running_var` (the
 * variance there divided by n - 1, as in PyTorch) follow on the device; in inference those two are used. They are parameters
 * that are not trained, so that they are saved, bound and pulled with the others.
 *
 * `new BatchNorm(240)`, or `new BatchNorm(16 * 14 * 14, { channels: 16 })`: [T, B, N] dense or spikes to [T, B, N] dense.
 */
export class BatchNorm extends Layer {
  readonly params: Readonly<Record<string, Parameter>>;
  readonly config: LayerConfig;
  readonly outputs: number;
  readonly channels: number;
  readonly #numbers: { momentum: number; eps: number; factor: number };
  readonly #perStep: number | undefined;

  /**
   * @param inputs neurons
   * @throws when an option is out of range or not known
   */
  constructor(
    readonly inputs: number,
    options: BatchNormOptions = {},
    kind = 'BatchNorm',
    scale: { factor: number; options: Record<string, number> } = { factor: 1, options: {} },
  ) {
    super();
    onlyKnown(kind, options, [...KNOWN, ...Object.keys(scale.options)]);
    const { channels = inputs, momentum = 0.1, eps = 1e-5, affine = true, perStep } = options;
    positiveInteger(kind, 'inputs', inputs);
    positiveInteger(kind, 'channels', channels);
    trueOrFalse(kind, 'affine', affine);
    if (perStep !== undefined) positiveInteger(kind, 'perStep', perStep);
    if (inputs % channels !== 0)
      throw new Error(`${kind}: channels must divide the inputs, got ${channels} for ${inputs}`);
    if (!(momentum >= 0 && momentum <= 1)) throw new Error(`${kind}: momentum must be in [0, 1], got ${momentum}`);
    if (!(eps > 0 && Number.isFinite(eps))) throw new Error(`${kind}: eps must be above 0, got ${eps}`);
    this.label = kind;
    this.outputs = inputs;
    this.channels = channels;
    this.#numbers = { momentum, eps, factor: scale.factor };
    this.#perStep = perStep;
    const each = (fill: number, trainable: boolean): Parameter =>
      new Parameter([(perStep ?? 1) * channels], { fill }, { trainable });
    this.params = {
      ...(affine ? { weight: each(1, true), bias: each(0, true) } : {}),
      running_mean: each(0, false),
      running_var: each(1, false),
    };
    const given = { channels, momentum, eps, affine, ...(perStep === undefined ? {} : { perStep }), ...scale.options };
    this.config = { kind, inputs, options: given };
  }

  forward(x: Tensor, { state }: ForwardContext = {}): Tensor {
    if (this.#perStep !== undefined && state)
      throw new Error(`${this.label}: perStep counts steps from the first one; with a carried state it is not known`);
    const { running_mean, running_var, weight = null, bias = null } = this.params;
    const attrs = { ...this.#numbers, channels: this.channels, perStep: this.#perStep !== undefined };
    return norm(x, { ...attrs, mean: running_mean!, variance: running_var!, weight, bias }, this.label);
  }
}

export interface ThresholdBatchNormOptions extends BatchNormOptions {
  /** Threshold of the neurons that get the result (1). */
  threshold?: number;
  /** Share of this input among those of the neurons: 1 (the default), or 1/sqrt(2) on either branch of a residual sum. */
  alpha?: number;
}

/**
 * Threshold-dependent batch normalisation (tdBN: Zheng, Wu, Deng, Hu & Li, AAAI 2021): `BatchNorm` with the normalised value
 * times alpha * threshold, so that the current of the neurons after it has the size of their threshold.
 */
export class ThresholdBatchNorm extends BatchNorm {
  /** @throws when an option is out of range or not known */
  constructor(inputs: number, options: ThresholdBatchNormOptions = {}) {
    const { threshold = 1, alpha = 1, ...others } = options;
    for (const [name, value] of Object.entries({ threshold, alpha })) {
      if (!(value > 0 && Number.isFinite(value)))
        throw new Error(`ThresholdBatchNorm: ${name} must be above 0, got ${value}`);
    }
    super(inputs, others, 'ThresholdBatchNorm', { factor: alpha * threshold, options: { threshold, alpha } });
  }
}

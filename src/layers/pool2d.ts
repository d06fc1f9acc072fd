import { pool2d } from '../autograd/ops/pool2d.ts';
import type { Tensor } from '../autograd/tensor.ts';
import type { Planes, Sliding } from '../kernels/conv.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { Layer, type LayerConfig } from './layer.ts';
import { planes, type Size2d, slide, widthOf } from './window.ts';

export interface Pool2dOptions {
  /** The size of the window by default: windows side by side. */
  stride?: Size2d;
  /** Zeros around the input, at most half the window (0). */
  padding?: Size2d;
}

/** Windows over each channel, added up and scaled. */
abstract class Pool2d extends Layer {
  readonly params = {};
  readonly config: LayerConfig;
  readonly window: Sliding;
  readonly inputs: number;
  readonly outputs: number;
  protected abstract readonly scale: number;

  constructor(kind: string, inputShape: Planes, size: Size2d, options: Pool2dOptions) {
    super();
    this.label = kind;
    const input = planes(kind, inputShape);
    onlyKnown(kind, options, ['stride', 'padding']);
    const { stride = size, padding } = options;
    this.window = slide(kind, input, input[0], { kernel: size, stride, padding });
    const { kernel, padding: zeros } = this.window;
    if (zeros.some((n, i) => 2 * n > kernel[i]!))
      throw new Error(
        `${kind}: padding must be at most half the window, got [${zeros.join(', ')}] for [${kernel.join(', ')}]`,
      );
    this.inputs = widthOf(input);
    this.outputs = widthOf(this.window.output);
    this.config = { kind, inputShape: input, size, options: { ...options } };
  }

  get inputShape(): Planes {
    return this.window.input;
  }

  get outputShape(): Planes {
    return this.window.output;
  }

  forward(x: Tensor): Tensor {
    return pool2d(x, this.window, this.scale, this.label);
  }
}

/**
 * The sum over each window, of spikes their number: [T, B, C H W] spikes or dense to [T, B, C OH OW] dense.
 *
 * `new SumPool2d(conv.outputShape, 2)`. Rows and columns that fill no window are left out.
 */
export class SumPool2d extends Pool2d {
  protected readonly scale = 1;

  constructor(inputShape: Planes, size: Size2d, options: Pool2dOptions = {}) {
    super('SumPool2d', inputShape, size, options);
  }
}

/** The mean over each window, zeros of the padding counted, as PyTorch does: the sum of `SumPool2d` over the window's size. */
export class AvgPool2d extends Pool2d {
  protected readonly scale: number;

  constructor(inputShape: Planes, size: Size2d, options: Pool2dOptions = {}) {
    super('AvgPool2d', inputShape, size, options);
    this.scale = 1 / (this.window.kernel[0] * this.window.kernel[1]);
  }
}

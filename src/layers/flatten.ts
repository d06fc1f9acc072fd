import type { Tensor } from '../autograd/tensor.ts';
import type { Planes } from '../kernels/conv.ts';
import { Layer, type LayerConfig } from './layer.ts';
import { planes, widthOf } from './window.ts';

/**
 * Where planes end and a plain vector begins. Activations are flat already, channel by channel and row by row as PyTorch
 * flattens them, so nothing is computed; it says so to whoever reads the net, and to formats that know shapes.
 */
export class Flatten extends Layer {
  readonly params = {};
  readonly config: LayerConfig;
  readonly inputShape: Planes;
  readonly inputs: number;
  readonly outputs: number;

  constructor(inputShape: Planes) {
    super();
    this.label = 'Flatten';
    this.inputShape = planes('Flatten', inputShape);
    this.inputs = widthOf(this.inputShape);
    this.outputs = this.inputs;
    this.config = { kind: 'Flatten', inputShape: this.inputShape };
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

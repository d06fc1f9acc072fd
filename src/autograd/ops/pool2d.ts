import { rows } from '../../device/storage.ts';
import * as kernels from '../../kernels/conv.ts';
import { fold, quads } from '../../kernels/sizes.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { slidingOutput } from './conv2d.ts';

interface Attrs {
  readonly window: kernels.Sliding;
  readonly scale: number;
}

const op: Op<Attrs> = {
  name: 'pool2d',
  key: (a) => JSON.stringify(a),
  forward(low, node) {
    const { window, scale } = node.attrs;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const M = rows(x.shape);
    const { groups, row } = fold(M * quads(y.shape[2]!), 64);
    low.call(kernels.pool2d, node.label, {
      variant: { constants: { ...kernels.constantsOf.pool(window), SPIKES: x.form === 'bits' } },
      dims: { M, scale, row },
      buffers: { x: low.of(x), y: low.give(y, low.make(y.name, 'f32', y.shape)) },
      groups,
      twin: window,
    });
  },
  backward(low, node) {
    const { window, scale } = node.attrs;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const dy = low.gradient(y);
    if (!dy || !low.needs(x)) return;
    const dx = low.make(`gradient of ${x.name}`, 'f32', x.shape);
    const M = rows(x.shape);
    const { groups, row } = fold(M * quads(x.shape[2]!), 64);
    low.call(kernels.pool2dInput, `${node.label} input gradient`, {
      variant: { constants: kernels.constantsOf.pool(window) },
      dims: { M, scale, row },
      buffers: { dy, dx },
      groups,
      twin: window,
    });
    low.addGradient(x, dx);
  },
};

/**
 * @param x [T, B, C H W] dense, or spikes
 * @param scale factor on the sum over each window
 * @returns [T, B, C OH OW] dense
 */
export function pool2d(x: Tensor, window: kernels.Sliding, scale: number, label: string): Tensor {
  return x.tape.record(op, [x], [], { window, scale }, [slidingOutput(x, window, label, false)], label)[0]!;
}

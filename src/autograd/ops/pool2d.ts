import { rows, type Storage } from '../../device/storage.ts';
import * as kernels from '../../kernels/conv.ts';
import type { Segment } from '../../kernels/segments.ts';
import { fold, quads } from '../../kernels/sizes.ts';
import type { Lowering, Rows } from '../lowering.ts';
import type { Node, Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { backwardByParts, forwardPart, shapeOf, takesParts } from './by_parts.ts';
import { slidingOutput } from './conv2d.ts';

interface Attrs {
  readonly window: kernels.Sliding;
  readonly scale: number;
}

const op: Op<Attrs> = {
  name: 'pool2d',
  key: (a) => JSON.stringify(a),
  forward(low, node) {
    const y = node.outputs[0]!;
    pool(low, node, low.rowsOf(node.inputs[0]!), low.give(y, low.make(y.name, 'f32', y.shape)));
  },
  forwardPart: forwardPart(pool),
  takes: takesParts,
  backward: (low, node) =>
    backwardByParts(low, node, (dy, part) => ({ make: () => inputGradient(low, node, dy, part) })),
};

/** y of these rows of x, put into the beginning of `to`. */
function pool(low: Lowering, node: Node<Attrs>, { storage: x, first, last }: Rows, to: Storage): Storage {
  const { window, scale } = node.attrs;
  const { groups, row } = fold((last - first) * quads(node.outputs[0]!.shape[2]!), 64);
  low.call(kernels.pool2d, node.label, {
    variant: { constants: { ...kernels.constantsOf.pool(window), SPIKES: x.form === 'bits' } },
    dims: { M: last - first, first, scale, row },
    buffers: { x, y: to },
    groups,
    twin: window,
  });
  return to;
}

function inputGradient(low: Lowering, node: Node<Attrs>, dy: Storage, part?: Segment): Storage {
  const { window, scale } = node.attrs;
  const x = node.inputs[0]!;
  const shape = shapeOf(x, part);
  const dx = low.make(`gradient of ${x.name}`, 'f32', shape);
  const M = rows(shape);
  const { groups, row } = fold(M * quads(x.shape[2]!), 64);
  low.call(kernels.pool2dInput, `${node.label} input gradient`, {
    variant: { constants: kernels.constantsOf.pool(window) },
    dims: { M, scale, row },
    buffers: { dy, dx },
    groups,
    twin: window,
  });
  return dx;
}

/**
 * @param x [T, B, C H W] dense, or spikes
 * @param scale factor on the sum over each window
 * @returns [T, B, C OH OW] dense
 */
export function pool2d(x: Tensor, window: kernels.Sliding, scale: number, label: string): Tensor {
  return x.tape.record(op, [x], [], { window, scale }, [slidingOutput(x, window, label, false)], label)[0]!;
}

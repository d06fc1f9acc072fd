import type { Sliding } from '../../kernels/conv.ts';
import type { Conv2d } from '../../layers/conv2d.ts';
import { AvgPool2d, type SumPool2d } from '../../layers/pool2d.ts';
import type { Flow, NetGraph } from './net_graph.ts';

/** Adds a convolution: planes [T B, C, H, W] in between. */
export function addConv(g: NetGraph, layer: Conv2d, x: Flow): Flow {
  const { window, params } = layer;
  const inputs = [asPlanes(g, x, window), g.parameter(layer, 'weight')];
  if (params.bias) inputs.push(g.parameter(layer, 'bias'));
  const { dilation, groups } = window;
  return asRows(g, x, window, g.scope.add('Conv', inputs, { ...windowOf(window), dilations: dilation, group: groups }));
}

/** Adds a pooling. A sum is a convolution with ones, channel by channel: of spikes it is a whole number, which a mean times the size might miss. */
export function addPool(g: NetGraph, layer: AvgPool2d | SumPool2d, x: Flow): Flow {
  const { window } = layer;
  const { input, kernel } = window;
  const planes = asPlanes(g, x, window);
  if (layer instanceof AvgPool2d)
    return asRows(g, x, window, g.scope.add('AveragePool', [planes], { ...windowOf(window), count_include_pad: 1 }));
  const shape = [input[0], 1, ...kernel];
  const ones = new Float64Array(input[0] * kernel[0] * kernel[1]).fill(1);
  const weight = g.constants.reals(`ones.[${shape.join(',')}]`, shape, ones);
  return asRows(g, x, window, g.scope.add('Conv', [planes, weight], { ...windowOf(window), group: input[0] }));
}

/** Zeros around the input: as many behind as before it, or of an odd number one more behind. */
function windowOf({ input, output, kernel, stride, padding, dilation }: Sliding) {
  const behind = padding.map((before, i) => {
    const span = dilation[i]! * (kernel[i]! - 1) + 1;
    const size = Math.floor((input[i + 1]! + 2 * before - span) / stride[i]!) + 1;
    return size === output[i + 1] ? before : before + 1;
  });
  return { kernel_shape: kernel, strides: stride, pads: [...padding, ...behind] };
}

function asPlanes(g: NetGraph, x: Flow, { input }: Sliding): string {
  return g.scope.add('Reshape', [x.name, g.constants.ints([-1, ...input])]);
}

function asRows(g: NetGraph, x: Flow, { output }: Sliding, planes: string): Flow {
  const width = output[0] * output[1] * output[2];
  if (g.stepping) return { ...x, width, name: g.scope.add('Reshape', [planes, g.constants.ints([-1, width])]) };
  const rows = g.scope.sizeOf(x.name, [0, 1]);
  const shape = g.scope.add('Concat', [rows, g.constants.ints([width])], { axis: 0 });
  return { ...x, width, name: g.scope.add('Reshape', [planes, shape]) };
}

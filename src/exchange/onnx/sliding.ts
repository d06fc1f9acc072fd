import type { Node } from './model.ts';
import { given, intAttribute, intsAttribute, type Operator } from './operator.ts';
import type { Arithmetic, Value } from './values.ts';

/** How a window goes over planes [M, C, H, W]. */
interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros before rows and columns. */
  readonly before: readonly number[];
  readonly output: readonly [number, number];
}

function windowOf(node: Node, x: Value, kernel: readonly number[]): Window {
  if (x.dims.length !== 4) throw new Error(`is run over planes [M, C, H, W], got [${x.dims.join(', ')}]`);
  const stride = intsAttribute(node, 'strides', [1, 1]);
  const dilation = intsAttribute(node, 'dilations', [1, 1]);
  const pads = intsAttribute(node, 'pads', [0, 0, 0, 0]);
  for (const name of ['auto_pad', 'ceil_mode'])
    if (node.attributes.some((a) => a.name === name)) throw new Error(`is run without attribute '${name}'`);
  const two = [kernel, stride, dilation].every((n) => n.length === 2 && n.every((k) => k >= 1 && k < 2 ** 20));
  if (!two || pads.length !== 4 || pads.some((p) => !(p >= 0 && p < 2 ** 20)))
    throw new Error(`has no window: kernel [${kernel}], strides [${stride}], dilations [${dilation}], pads [${pads}]`);
  const output = [0, 1].map((i) => {
    const room = x.dims[i + 2]! + pads[i]! + pads[i + 2]! - dilation[i]! * (kernel[i]! - 1) - 1;
    return Math.max(0, Math.floor(room / stride[i]!) + 1);
  });
  return {
    kernel: kernel as [number, number],
    stride,
    dilation,
    before: pads,
    output: output as [number, number],
  };
}

/** Calls `visit` with the place in the plane, and in the window, of everything that the window at (oy, ox) covers. */
function covered(
  w: Window,
  H: number,
  W: number,
  oy: number,
  ox: number,
  visit: (at: number, k: number) => void,
): void {
  for (let ky = 0; ky < w.kernel[0]; ky++) {
    const y = oy * w.stride[0]! + ky * w.dilation[0]! - w.before[0]!;
    if (y < 0 || y >= H) continue;
    for (let kx = 0; kx < w.kernel[1]; kx++) {
      const x = ox * w.stride[1]! + kx * w.dilation[1]! - w.before[1]!;
      if (x >= 0 && x < W) visit(y * W + x, ky * w.kernel[1] + kx);
    }
  }
}

/** Fills [M, O, OH, OW], one number at a time. */
function fill(y: Value, number: (m: number, o: number, oy: number, ox: number) => number): Value[] {
  const [, O, OH, OW] = y.dims as [number, number, number, number];
  for (let i = 0; i < y.data.length; i++) {
    const plane = Math.floor(i / (OH * OW));
    y.data[i] = number(Math.floor(plane / O), plane % O, Math.floor(i / OW) % OH, i % OW);
  }
  return [y];
}

/** Convolution over planes: [M, C, H, W] and weights [O, C / group, kH, kW]. */
export const conv: Operator = (inputs, node, make: Arithmetic) => {
  const [x, weight, bias] = [given(inputs, 0), given(inputs, 1), inputs[2]];
  const w = windowOf(node, x, weight.dims.slice(2));
  const group = intAttribute(node, 'group', 1);
  const [M, C, H, W] = x.dims as [number, number, number, number];
  const [O, inGroup] = weight.dims as [number, number];
  const size = w.kernel[0] * w.kernel[1];
  if (!(group >= 1) || inGroup * group !== C || O % group !== 0 || (bias && bias.data.length !== O))
    throw new Error(`weights [${weight.dims.join(', ')}] in ${group} groups do not go with [${x.dims.join(', ')}]`);
  const y = make.make([M, O, ...w.output], x.type, inGroup * size);
  return fill(y, (m, o, oy, ox) => {
    const first = Math.floor(o / (O / group)) * inGroup;
    let sum = bias?.data[o] ?? 0;
    covered(w, H, W, oy, ox, (at, k) => {
      for (let c = 0; c < inGroup; c++)
        sum += x.data[(m * C + first + c) * H * W + at]! * weight.data[(o * inGroup + c) * size + k]!;
    });
    return sum;
  });
};

/** The mean over windows, zeros of the padding counted. */
export const averagePool: Operator = (inputs, node, make: Arithmetic) => {
  const x = given(inputs, 0);
  const w = windowOf(node, x, intsAttribute(node, 'kernel_shape'));
  if (intAttribute(node, 'count_include_pad', 0) !== 1) throw new Error("is run with attribute 'count_include_pad' 1");
  const [M, C, H, W] = x.dims as [number, number, number, number];
  const size = w.kernel[0] * w.kernel[1];
  return fill(make.make([M, C, ...w.output], x.type, size), (m, c, oy, ox) => {
    let sum = 0;
    covered(w, H, W, oy, ox, (at) => {
      sum += x.data[(m * C + c) * H * W + at]!;
    });
    return sum / size;
  });
};

import type { Parameter } from '../autograd/parameter.ts';
import type { Sliding } from '../kernels/conv.ts';

/** The values of a parameter as they are on the device, where a net is bound. */
export type ValuesOf = (p: Parameter) => ArrayLike<number>;

/** The connections of a matrix of weights, or of a convolution. */
export interface Connections {
  /** Connections out of each presynaptic neuron; of a convolution there are fewer at the edges. */
  readonly fanOut: Float64Array;
  /** Their sum: multiply-accumulates of a step. */
  readonly all: number;
  /** Weights that there are. */
  readonly weights: number;
}

/** @param weight [post, pre] */
export function matrixConnections(weight: Parameter, valuesOf: ValuesOf): Connections {
  const [post, pre] = weight.shape as [number, number];
  const exists = existing(weight, valuesOf);
  const fanOut = new Float64Array(pre);
  for (let i = 0; i < post; i++) for (let k = 0; k < pre; k++) if (exists(i * pre + k)) fanOut[k]!++;
  const all = sum(fanOut);
  return { fanOut, all, weights: all };
}

/** @param weight [channels, input channels of a group, rows, columns] */
export function windowConnections(weight: Parameter, window: Sliding, valuesOf: ValuesOf): Connections {
  const { input, output, groups } = window;
  const [C, H, W] = input;
  const O = output[0];
  const [inGroup, outGroup] = [C / groups, O / groups];
  const taps = window.kernel[0] * window.kernel[1];
  const exists = existing(weight, valuesOf);
  // output channels that an input channel reaches through each place of the kernel
  const reached = new Float64Array(C * taps);
  let weights = 0;
  for (let o = 0; o < O; o++)
    for (let c = 0; c < inGroup; c++)
      for (let tap = 0; tap < taps; tap++) {
        if (!exists((o * inGroup + c) * taps + tap)) continue;
        weights++;
        reached[(Math.floor(o / outGroup) * inGroup + c) * taps + tap]!++;
      }
  const fanOut = new Float64Array(C * H * W);
  eachTap(window, (_, from, tap) => {
    for (let c = 0; c < C; c++) fanOut[c * H * W + from]! += reached[c * taps + tap]!;
  });
  return { fanOut, all: sum(fanOut), weights };
}

/** What arrives in each window of a pooling, of so many spikes of each input. */
export function pooled(counts: Float64Array, window: Sliding): Float64Array {
  const [C, H, W] = window.input;
  const [, OH, OW] = window.output;
  const result = new Float64Array(C * OH * OW);
  eachTap(window, (to, from) => {
    for (let c = 0; c < C; c++) result[c * OH * OW + to]! += counts[c * H * W + from]!;
  });
  return result;
}

/** Every place of the input that a window reads, by plane; padding is none. */
export function eachTap(window: Sliding, visit: (to: number, from: number, tap: number) => void): void {
  const { input, output, kernel, stride, padding, dilation } = window;
  const [, H, W] = input;
  const [, OH, OW] = output;
  for (let oy = 0; oy < OH; oy++)
    for (let ky = 0; ky < kernel[0]; ky++) {
      const y = oy * stride[0] - padding[0] + ky * dilation[0];
      if (y < 0 || y >= H) continue;
      for (let ox = 0; ox < OW; ox++)
        for (let kx = 0; kx < kernel[1]; kx++) {
          const x = ox * stride[1] - padding[1] + kx * dilation[1];
          if (x >= 0 && x < W) visit(oy * OW + ox, y * W + x, ky * kernel[1] + kx);
        }
    }
}

export const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
};

/** How many of a parameter's numbers there are: all, or the connections of a matrix. */
export function present(p: Parameter, valuesOf: ValuesOf): number {
  const exists = existing(p, valuesOf);
  let n = 0;
  for (let i = 0; i < p.data.length; i++) if (exists(i)) n++;
  return n;
}

function existing(p: Parameter, valuesOf: ValuesOf): (i: number) => boolean {
  const { mask, noDiagonal } = p.options;
  const pre = p.data.length / p.shape[0]!;
  const there = mask ? valuesOf(mask) : null;
  // without a mask all of them are there
  return (i) => there?.[i] !== 0 && !(noDiagonal && Math.floor(i / pre) === i % pre);
}

import type { Sliding } from '../kernels/conv.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Every product of one output row oy: channel o, its weight's number r, and the places in flattened y and x. */
function eachProduct(w: Sliding, oy: number, visit: (o: number, r: number, y: number, x: number) => void): void {
  const [[C, H, W], [O, OH, OW]] = [w.input, w.output];
  const [inGroup, outGroup] = [C / w.groups, O / w.groups];
  for (let o = 0; o < O; o++) {
    const g = Math.floor(o / outGroup);
    for (let ox = 0; ox < OW; ox++) {
      for (let c = 0; c < inGroup; c++) {
        for (let ky = 0; ky < w.kernel[0]; ky++) {
          for (let kx = 0; kx < w.kernel[1]; kx++) {
            const iy = oy * w.stride[0] + ky * w.dilation[0] - w.padding[0];
            const ix = ox * w.stride[1] + kx * w.dilation[1] - w.padding[1];
            if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
            const r = (c * w.kernel[0] + ky) * w.kernel[1] + kx;
            visit(o, r, (o * OH + oy) * OW + ox, ((g * inGroup + c) * H + iy) * W + ix);
          }
        }
      }
    }
  }
}

const size = (planes: readonly number[]): number => planes.reduce((a, b) => a * b, 1);
/** Numbers of a row, padded. */
const pitch = (n: number): number => 4 * quads(n);

/** Weight r of channel o, as the kernels read it. */
const weightAt = (c: TwinCall, w: Sliding, o: number, r: number): number =>
  c.of('effective')[4 * (c.dims.weights! + r * quads(w.output[0])) + o]!;

/** Twin of conv2d. */
export const conv2d: Twin = (c) => forward(c, c.of('x'));

/** Twin of conv2d_spikes: the same sum, spikes being numbers. */
export const conv2dSpikes: Twin = (c) => forward(c, c.of('bits'));

function forward(c: TwinCall, x: Float64Array): void {
  const w = c.call.twin as Sliding;
  const y = c.of('y');
  const [K, N, places] = [pitch(size(w.input)), pitch(size(w.output)), w.output[1] * w.output[2]];
  for (let m = c.dims.first!; m < c.dims.last!; m++) {
    const begin = (m - c.dims.row0!) * N;
    for (let n = 0; n < N; n++) {
      const o = Math.floor(n / places);
      y[begin + n] = c.flag('HAS_BIAS') && o < w.output[0] ? c.of('effective')[4 * c.dims.bias! + o]! : 0;
    }
    for (let oy = 0; oy < w.output[1]; oy++) {
      eachProduct(w, oy, (o, r, to, from) => {
        y[begin + to]! += weightAt(c, w, o, r) * x[m * K + from]!;
      });
    }
  }
}

/** Twin of conv2d_input: every product's derivative by its input. */
export const conv2dInput: Twin = (c) => {
  const w = c.call.twin as Sliding;
  const [dy, dx] = [c.of('dy'), c.of('dx')];
  const [K, N] = [pitch(size(w.input)), pitch(size(w.output))];
  for (let m = c.dims.first!; m < c.dims.last!; m++) {
    dx.fill(0, m * K, (m + 1) * K);
    for (let oy = 0; oy < w.output[1]; oy++) {
      eachProduct(w, oy, (o, r, to, from) => {
        dx[m * K + from]! += weightAt(c, w, o, r) * dy[m * N + to]!;
      });
    }
  }
};

/** Twin of conv2d_weight. */
export const conv2dWeight: Twin = (c) => weightGradient(c, c.of('x'));

/** Twin of conv2d_weight_spikes. */
export const conv2dWeightSpikes: Twin = (c) => weightGradient(c, c.of('bits'));

/** Every product's derivative by its weight, and the sum of dy for the bias, in the parts that sum_rows adds up. */
function weightGradient(c: TwinCall, x: Float64Array): void {
  const w = c.call.twin as Sliding;
  const { rows, rows_per_part, first, last, row0 } = c.dims as Record<string, number>;
  const [dy, parts] = [c.of('dy'), c.of('parts')];
  const [O, OH, OW] = w.output;
  const [K, N] = [pitch(size(w.input)), pitch(size(w.output))];
  const taps = (w.input[0] / w.groups) * w.kernel[0] * w.kernel[1];
  for (let part = first!; part < last!; part++) {
    const weights = part * pitch(O * taps);
    const biases = c.dims.parts! * pitch(O * taps) + part * pitch(O);
    parts.fill(0, weights, weights + pitch(O * taps));
    if (c.flag('HAS_BIAS')) parts.fill(0, biases, biases + pitch(O));
    for (let row = part * rows_per_part!; row < Math.min(rows!, (part + 1) * rows_per_part!); row++) {
      const [m, oy] = [Math.floor(row / OH), row % OH];
      eachProduct(w, oy, (o, r, to, from) => {
        parts[weights + o * taps + r]! += dy[m * N + to]! * x[(m + row0!) * K + from]!;
      });
      if (!c.flag('HAS_BIAS')) continue;
      for (let o = 0; o < O; o++)
        for (let ox = 0; ox < OW; ox++) parts[biases + o]! += dy[m * N + (o * OH + oy) * OW + ox]!;
    }
  }
}

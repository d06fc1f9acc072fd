import type { Sliding } from '../kernels/conv.ts';
import { quads } from '../kernels/sizes.ts';
import type { Twin } from './twin.ts';

/** Every pair of a window (its place in flattened y) and a place that lies in it (in flattened x). */
function eachPair({ input, output, kernel, stride, padding }: Sliding, visit: (y: number, x: number) => void): void {
  const [[C, H, W], [, OH, OW]] = [input, output];
  for (let c = 0; c < C; c++) {
    for (let oy = 0; oy < OH; oy++) {
      for (let ox = 0; ox < OW; ox++) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const [iy, ix] = [oy * stride[0] + ky - padding[0], ox * stride[1] + kx - padding[1]];
            if (iy >= 0 && iy < H && ix >= 0 && ix < W) visit((c * OH + oy) * OW + ox, (c * H + iy) * W + ix);
          }
        }
      }
    }
  }
}

const pitch = (planes: readonly number[]): number => 4 * quads(planes.reduce((a, b) => a * b, 1));

/** Twin of pool2d, spikes being numbers. */
export const pool2d: Twin = (c) => {
  const w = c.call.twin as Sliding;
  const [x, y, first] = [c.of('x'), c.of('y'), c.dims.first!];
  for (let m = 0; m < c.dims.M!; m++) {
    y.fill(0, m * pitch(w.output), (m + 1) * pitch(w.output));
    eachPair(w, (to, from) => {
      y[m * pitch(w.output) + to]! += c.dims.scale! * x[(first + m) * pitch(w.input) + from]!;
    });
  }
};

/** Twin of pool2d_input. */
export const pool2dInput: Twin = (c) => {
  const w = c.call.twin as Sliding;
  const [dy, dx] = [c.of('dy'), c.of('dx')];
  for (let m = 0; m < c.dims.M!; m++) {
    dx.fill(0, m * pitch(w.input), (m + 1) * pitch(w.input));
    eachPair(w, (to, from) => {
      dx[m * pitch(w.input) + from]! += c.dims.scale! * dy[m * pitch(w.output) + to]!;
    });
  }
};

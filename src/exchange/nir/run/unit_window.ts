import type { NirNode } from '../file/graph.ts';
import { axesOf } from '../file/primitives.ts';
import { numbersOf, sizeOf } from '../file/values.ts';
import { activation, type Setting, type Unit } from './unit.ts';

type Pair = readonly [number, number];

/** A window that slides over planes, in two directions; Conv1d's planes have one row. */
interface Window {
  readonly input: Pair;
  readonly output: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** [1, n] for a line. */
const both = (sizes: readonly number[], least: number): Pair =>
  sizes.length === 1 ? [least, sizes[0]!] : [sizes[0]!, sizes[1]!];

function windowOf(node: NirNode, { input, output }: Setting, kernelSizes: readonly number[]): Window {
  const n = kernelSizes.length;
  const kernel = both(kernelSizes, 1);
  const stride = both(axesOf(node, 'stride', n), 1);
  const dilation: Pair = node.fields.dilation === undefined ? [1, 1] : both(axesOf(node, 'dilation', n), 1);
  const word = node.fields.padding;
  // of an odd number of zeros the larger half goes behind
  const same = (i: 0 | 1): number => Math.floor((dilation[i] * (kernel[i] - 1)) / 2);
  const padding: Pair =
    word === 'same' ? [same(0), same(1)] : word === 'valid' ? [0, 0] : both(axesOf(node, 'padding', n), 0);
  return { input: both(input.slice(1), 1), output: both(output.slice(1), 1), kernel, stride, padding, dilation };
}

/** Calls back for every place of the window and every place of its kernel that lies within the input. */
function each(w: Window, visit: (out: number, inside: number, tap: number) => void): void {
  const [H, W] = w.input;
  for (let oy = 0; oy < w.output[0]; oy++)
    for (let ox = 0; ox < w.output[1]; ox++)
      for (let ky = 0; ky < w.kernel[0]; ky++)
        for (let kx = 0; kx < w.kernel[1]; kx++) {
          const iy = oy * w.stride[0] + ky * w.dilation[0] - w.padding[0];
          const ix = ox * w.stride[1] + kx * w.dilation[1] - w.padding[1];
          if (iy >= 0 && iy < H && ix >= 0 && ix < W) visit(oy * w.output[1] + ox, iy * W + ix, ky * w.kernel[1] + kx);
        }
}

/** Conv1d and Conv2d, as PyTorch counts. */
export function convUnit(place: string, node: NirNode, setting: Setting): Unit {
  const { B } = setting;
  const weight = numbersOf(place, node, 'weight');
  const [O, inGroup] = weight.shape as [number, number];
  const w = windowOf(node, setting, weight.shape.slice(2));
  const groups = numbersOf(place, node, 'groups').data[0]!;
  const bias = numbersOf(place, node, 'bias').data;
  const [places, pixels, taps] = [sizeOf(w.output), sizeOf(w.input), sizeOf(w.kernel)];
  const C = inGroup * groups;
  const out = activation(place, O * places, B);
  return {
    out,
    step(x) {
      for (let i = 0; i < out.length; i++) out[i] = bias[Math.floor(i / places) % O]!;
      for (let b = 0; b < B; b++)
        each(w, (to, at, tap) => {
          for (let o = 0; o < O; o++) {
            const first = Math.floor(o / (O / groups)) * inGroup;
            let sum = 0;
            for (let c = 0; c < inGroup; c++) {
              const value = x[(b * C + first + c) * pixels + at]!;
              if (value !== 0) sum += weight.data[(o * inGroup + c) * taps + tap]! * value;
            }
            out[(b * O + o) * places + to]! += sum;
          }
        });
    },
  };
}

/** SumPool2d and AvgPool2d; the mean counts the zeros of the padding. */
export function poolUnit(place: string, node: NirNode, setting: Setting): Unit {
  const { B, output } = setting;
  const w = windowOf(node, setting, axesOf(node, 'kernel_size', 2));
  const [places, pixels] = [sizeOf(w.output), sizeOf(w.input)];
  const share = node.type === 'AvgPool2d' ? 1 / sizeOf(w.kernel) : 1;
  const out = activation(place, sizeOf(output), B);
  return {
    out,
    step(x) {
      out.fill(0);
      each(w, (to, at) => {
        for (let c = 0; c < B * output[0]!; c++) out[c * places + to]! += share * x[c * pixels + at]!;
      });
    },
  };
}

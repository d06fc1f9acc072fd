import type { Pair, Planes, Sliding } from '../kernels/conv.ts';
import { suggest } from '../neurons/nearest.ts';
import { positiveInteger } from './layer.ts';

/** One number for both directions, or [along rows, along columns]. */
export type Size2d = number | Pair;

/** Numbers of an activation that holds these planes. */
export const widthOf = ([C, H, W]: Planes): number => C * H * W;

/** @throws unless `shape` is three whole numbers above 0 */
export function planes(owner: string, shape: Planes): Planes {
  if (!Array.isArray(shape) || shape.length !== 3 || shape.some((n) => !(Number.isInteger(n) && n > 0)))
    throw new Error(
      `${owner}: the input must be [channels, height, width], whole numbers above 0, got ${JSON.stringify(shape)}`,
    );
  const [C, H, W] = shape;
  return [C, H, W];
}

/** A size in both directions. @throws unless it is one or two whole numbers from `least` on */
function pair(owner: string, name: string, size: Size2d, least: 0 | 1): Pair {
  const both = typeof size === 'number' ? [size, size] : size;
  if (!Array.isArray(both) || both.length !== 2 || both.some((n) => !(Number.isInteger(n) && n >= least)))
    throw new Error(
      `${owner}: ${name} must be a whole number from ${least} on or a pair [y, x] of them, got ${JSON.stringify(size)}`,
    );
  const [y, x] = both as unknown as Pair;
  return [y, x];
}

/**
 * Where a window goes on its input, and how large the output is:
 * floor((size + padding - dilation (kernel - 1) - 1) / stride) + 1 in each direction.
 *
 * @throws when the window is larger than the padded input, or a number is none that it may be
 */
export function slide(
  owner: string,
  input: Planes,
  channels: number,
  options: {
    kernel: Size2d;
    stride?: Size2d | undefined;
    padding?: Size2d | 'same' | 'valid' | undefined;
    dilation?: Size2d | undefined;
    groups?: number | undefined;
  },
): Sliding {
  const { stride: s = 1, padding: p = 0, dilation: d = 1, groups = 1 } = options;
  const kernel = pair(owner, 'kernel', options.kernel, 1);
  const stride = pair(owner, 'stride', s, 1);
  const dilation = pair(owner, 'dilation', d, 1);
  positiveInteger(owner, 'groups', groups);
  const span = kernel.map((k, i) => dilation[i]! * (k - 1) + 1);
  if (typeof p === 'string' && p !== 'same' && p !== 'valid')
    throw new Error(`${owner}: unknown padding '${p}'${suggest(p, ['same', 'valid'])}`);
  if (p === 'same' && stride.some((n) => n !== 1))
    throw new Error(`${owner}: padding 'same' needs stride 1, got [${stride.join(', ')}]`);
  // of an odd number of zeros the larger half goes behind
  const padded =
    p === 'same' ? span.map((n) => n - 1) : pair(owner, 'padding', p === 'valid' ? 0 : p, 0).map((n) => 2 * n);
  const size = [0, 1].map((i) => {
    const room = input[i + 1]! + padded[i]!;
    if (span[i]! > room)
      throw new Error(
        `${owner}: the kernel spans ${span.join(' x ')}, the padded input has only ${input[1] + padded[0]!} x ${input[2] + padded[1]!}`,
      );
    return Math.floor((room - span[i]!) / stride[i]!) + 1;
  });
  return {
    input,
    output: [channels, size[0]!, size[1]!],
    kernel,
    stride,
    padding: [Math.floor(padded[0]! / 2), Math.floor(padded[1]! / 2)],
    dilation,
    groups,
  };
}
